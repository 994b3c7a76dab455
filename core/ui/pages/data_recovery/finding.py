"""The recovered data, in words."""

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
    """The error under a picture: `14 digits right`, `off 26 %`."""
    if error <= EXACT:
        return f"{digits(error)} digits"
    return f"off {100 * error:.1f}{UNBROKEN}%" if error < 0.1 else f"off {100 * min(error, 9.99):.0f}{UNBROKEN}%"


def of_division(pixels: DataFrame) -> str:
    """How many pictures of an update the division recovers."""
    error = analysis.errors(pixels)
    exact = int((error <= EXACT).sum())
    if len(error) == 1:
        right = f"The division recovers the picture, right to {digits(error.iloc[0])} digits."
        return right if exact else f"The division does not give an exact copy: its error is {percent(float(error.iloc[0]))}."
    if exact == len(error):
        return f"The division recovers all {len(error)} pictures of the update, right to at least {digits(error.max())} digits."
    nearest = f"the error of {'the nearest' if not exact else 'the nearest of the others'} is {percent(float(error[error > EXACT].min()))}"
    return f"The division recovers {exact or 'none'} of the {len(error)} pictures of the update; {nearest}."


def of_search(tries: Sequence[DataFrame], size: int) -> str:
    """The number of tries in which the search finds the whole batch."""
    shares = analysis.found_shares(tries, CLOSE)
    whole = sum(share == 1.0 for share in shares)
    what = "the picture" if size == 1 else f"all {size} pictures"
    said = f"In {whole} of {len(shares)} tries, the search finds {what} of an update with an error of at most {percent(CLOSE)}"
    return (
        f"{said}."
        if whole == len(shares) or size == 1
        else f"{said}; over all tries it finds {percent(sum(shares) / len(shares))} of them."
    )


def of_membership(rows: DataFrame) -> str:
    """How often the loss tells a member from another example, with and without regularization. `rows`: the result of `quality`."""
    mean = analysis.means(rows).set_index("variant")
    told, held = (percent(float(mean["auc"][name])) for name in (OVERFITTED, REGULARISED))
    before, after = (percent(float(mean["other_accuracy"][name])) for name in (OVERFITTED, REGULARISED))
    return (
        f"The loss tells a training example from another example in {told} of pairs (guessing: {percent(GUESSING)}), with regularization "
        "in "
        f"{held}. The accuracy on other data is {before} without regularization and {after} with it."
    )


def small_print(rows: DataFrame) -> str:
    """The difference of the two AUCs with its interval, and the overfitting of the networks."""
    gap, found = analysis.means(rows).set_index("variant")["gap"], analysis.auc_difference(rows, OVERFITTED, REGULARISED)
    return (
        f"AUC {OVERFITTED} minus {REGULARISED}: {found.value:.3f}, 95 % interval {found.low:.3f} to {found.high:.3f}, "
        f"paired over {found.n} seeds. On members the accuracy is higher than on others by "
        f"{100 * gap[OVERFITTED]:.0f} and {100 * gap[REGULARISED]:.0f} points."
    )
