"""What was recovered, in words."""

from __future__ import annotations

from collections.abc import Sequence

from pandas import DataFrame

from core.analysis.labs import privacy as analysis
from core.experiments.claims.reading import UNBROKEN, digits, percent
from core.labs.privacy.data_recovery import EXACT
from core.labs.privacy.gradient_inversion import CLOSE
from core.labs.privacy.membership import OVERFITTED, REGULARISED

GUESSING = 0.5
"""The AUC of an attack that guesses."""


def in_words(error: float) -> str:
    """An error as it stands under a picture: `14 digits right`, `off by 26 %`."""
    if error <= EXACT:
        return f"{digits(error)} digits"
    return f"off {100 * error:.1f}{UNBROKEN}%" if error < 0.1 else f"off {100 * min(error, 9.99):.0f}{UNBROKEN}%"


def of_division(pixels: DataFrame) -> str:
    """How many of the pictures of an update a division gives back."""
    error = analysis.errors(pixels)
    exact = int((error <= EXACT).sum())
    if len(error) == 1:
        right = f"A division gives the picture back, right to {digits(error.iloc[0])} digits."
        return right if exact else f"What the division gives is no exact copy: it is off by {percent(float(error.iloc[0]))}."
    if exact == len(error):
        return f"A division gives all {len(error)} pictures of the update back, right to {digits(error.max())} digits or more."
    nearest = f"{'the nearest' if not exact else 'the nearest of the others'} is off by {percent(float(error[error > EXACT].min()))}"
    return f"A division gives {exact or 'none'} of the {len(error)} pictures of the update back; {nearest}."


def of_search(tries: Sequence[DataFrame], size: int) -> str:
    """In how many tries the search finds the whole batch."""
    shares = analysis.found_shares(tries, CLOSE)
    whole = sum(share == 1.0 for share in shares)
    what = "the picture" if size == 1 else f"all {size} pictures"
    said = f"In {whole} of {len(shares)} tries the search finds {what} of an update to within {percent(CLOSE)}"
    return (
        f"{said}."
        if whole == len(shares) or size == 1
        else f"{said}; over all tries it finds {percent(sum(shares) / len(shares))} of them."
    )


def of_membership(rows: DataFrame) -> str:
    """How often a member is told from another by its loss, and what regularisation leaves of that. `rows`: as `quality` gives them."""
    mean = analysis.means(rows).set_index("variant")
    told, held = (percent(float(mean["auc"][name])) for name in (OVERFITTED, REGULARISED))
    before, after = (percent(float(mean["other_accuracy"][name])) for name in (OVERFITTED, REGULARISED))
    return (
        f"By its loss a training example is told from another in {told} of pairs (guessing: {percent(GUESSING)}), after regularisation in "
        f"{held}. Accuracy on other data is {before} without it and {after} with it."
    )


def small_print(rows: DataFrame) -> str:
    """The difference of the two AUCs with its interval, and how overfitted the networks are."""
    gap, found = analysis.means(rows).set_index("variant")["gap"], analysis.auc_difference(rows, OVERFITTED, REGULARISED)
    return (
        f"AUC {OVERFITTED} minus {REGULARISED}: {found.value:.3f}, 95 % interval {found.low:.3f} to {found.high:.3f}, "
        f"paired over {found.n} seeds. On members the accuracy is higher than on others by "
        f"{100 * gap[OVERFITTED]:.0f} and {100 * gap[REGULARISED]:.0f} points."
    )
