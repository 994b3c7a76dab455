"""One sentence about a page's results in the page's own terms, with numbers that are easy to judge: accuracies, updates, zeros.

Each function takes frames of a finished comparison, and returns None if they do not contain what its sentence needs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from pandas import DataFrame, Series

from core.analysis import metrics
from core.analysis.metrics import SHARE, higher_is_better
from core.analysis.statistics import paired_difference, quoted, seed_values

POINT = 0.01
"""Difference of accuracy, F1 or R2 below which a difference does not matter, even if it is certain."""

SHARE_OF_LOSS = 0.05
"""Fraction of the smaller of two losses below which their difference does not matter."""


class Lesson(NamedTuple):
    """A sentence, and a note in small type about its certainty: the difference, its 95 % interval and the number of paired seeds."""

    said: str
    small: str


def amounts(metric: str, *values: float) -> list[str]:
    """Returns values of a metric as texts: shares in whole percent, with a decimal if two would look the same; others with 3 digits."""
    if metrics.METRICS[metric].form != SHARE:
        return [f"{value:.3g}" for value in values]
    whole = [f"{100 * value:.0f} %" for value in values]
    alike = len(set(whole)) < len(set(values))
    return [f"{100 * value:.1f} %" for value in values] if alike else whole


def portion(ratio: float) -> str:
    """Returns a ratio in words: `nothing`, `1/640`, `71 %`, `12 times`."""
    if not ratio > 0:
        return "nothing"
    if ratio < POINT:
        return f"1/{float(f'{1 / ratio:.2g}'):,.0f}" if ratio > 1e-6 else f"{ratio:.0e}"
    return f"{100 * ratio:.0f} %" if ratio < 1.5 else f"{ratio:,.2g} times" if ratio < 100 else f"{ratio:,.0f} times"


def matters(metric: str, first: float, second: float) -> bool:
    """Returns whether the difference of two values is large enough to matter."""
    least = POINT if metrics.METRICS[metric].form == SHARE else SHARE_OF_LOSS * min(abs(first), abs(second))
    return abs(first - second) >= least


def by_seed(history: DataFrame, runs: DataFrame, metric: str) -> dict[str, Series]:
    """Returns the last value of each seed, by variant; NaN for a seed that diverged."""
    values = seed_values(history, runs, metric)
    return {str(name): group.set_index("seed")["value"] for name, group in values.groupby("variant", sort=False, observed=True)}


def certainty(first: Series, second: Series, metric: str) -> str:
    """Returns a sentence that tells how certain the difference of two variants is, and whether it matters."""
    found = paired_difference(first, second)
    if found.n < 2:
        return "With one seed there is no interval."
    points = " points" if metrics.METRICS[metric].form == SHARE else ""
    ends = f"{_signed(metric, found.low)} to {_signed(metric, found.high)}"
    said = f"Difference {_signed(metric, found.mean)}{points}, 95 % interval {ends}, paired over {found.n} seeds"
    if not found.told_apart:
        return f"{said}: they cannot be told apart."
    return f"{said}." if matters(metric, float(first.mean()), float(second.mean())) else f"{said}: certain, but too small to matter."


def _signed(metric: str, value: float) -> str:
    """Returns a signed difference, such as `+3.1` points of a share or `−0.25` of a loss."""
    text = f"{100 * value:+.1f}" if metrics.METRICS[metric].form == SHARE else f"{value:+.3g}"
    return text.replace("-", "−")


def through_depth(ends: DataFrame, values: Mapping[str, Series], metric: str) -> Lesson | None:
    """How much of the last hidden layer's gradient reaches the first, for the least and the largest share, and both final values.

    Args:
        ends: variant and `ratio`, the norm of the first hidden layer's gradient over that of the last.
        values: the final metric by variant, indexed by seed.
        metric: the metric in `values`.
    """
    ratios = ends.set_index("variant")["ratio"].fillna(0.0).astype(float)
    ratios = ratios[[str(name) in values and bool(values[str(name)].notna().any()) for name in ratios.index]]
    if len(ratios) < 2 or not matters("val_accuracy", ratios.min(), ratios.max()):
        return None
    worst, best = str(ratios.idxmin()), str(ratios.idxmax())
    low, high = amounts(metric, float(values[worst].mean()), float(values[best].mean()))
    said = (
        f"With {quoted(worst)}, {portion(ratios.min())} of the last layer's gradient reaches the first layer; with {quoted(best)}, "
        f"{portion(ratios.max())}. They reach a final {metrics.name(metric)} of {low} and {high}."
    )
    return Lesson(said, certainty(values[worst], values[best], metric))


def in_equal_epochs(
    values: Mapping[str, Series], metric: str, batches: Mapping[str, int], updates: Mapping[str, int], epochs: int
) -> Lesson | None:
    """The values of the smallest and the largest batch size after the same number of epochs, and their numbers of updates."""
    known = {name: size for name, size in batches.items() if name in values and values[name].notna().any()}
    if len(set(known.values())) < 2:
        return None
    small, large = min(known, key=known.__getitem__), max(known, key=known.__getitem__)
    first, second = amounts(metric, float(values[small].mean()), float(values[large].mean()))
    said = (
        f"After {epochs:,} epochs, batches of {known[small]:,} reach a {metrics.name(metric)} of {first} with {updates[small]:,} updates, "
        f"and batches of {known[large]:,} reach {second} with {updates[large]:,}."
    )
    return Lesson(said, certainty(values[small], values[large], metric))


def stopped_in_time(
    values: Mapping[str, Series], metric: str, epochs: Mapping[str, float], to_the_end: str, rules: Sequence[str]
) -> Lesson | None:
    """The result of the best rule compared with training to the end.

    Args:
        values: the metric of the final weights, by variant, indexed by seed.
        metric: the metric in `values`, on data that no rule has used.
        epochs: the mean epoch of the final weights, by variant.
        to_the_end: the variant without a rule.
        rules: the variants with a rule.
    """
    known = [name for name in rules if name in values and values[name].notna().any()]
    if not known or to_the_end not in values or not values[to_the_end].notna().any():
        return None
    best = (max if higher_is_better(metric) else min)(known, key=lambda name: float(values[name].mean()))
    kept, last = amounts(metric, float(values[best].mean()), float(values[to_the_end].mean()))
    said = (
        f"{quoted(best)} keeps the weights of epoch {epochs[best]:.0f} instead of epoch {epochs[to_the_end]:.0f}: "
        f"the {metrics.name(metric)} is {kept} instead of {last}."
    )
    return Lesson(said, certainty(values[best], values[to_the_end], metric))


def cut_to(values: Mapping[str, Series], metric: str, sparsity: float, cut: Sequence[str], dense: Mapping[str, str]) -> Lesson | None:
    """The results at one sparsity: the best and the worst pruning method, and the network without pruning.

    Args:
        values: the final metric by variant, indexed by seed.
        metric: the metric in `values`.
        sparsity: the share of pruned weights.
        cut: the variants with this sparsity.
        dense: by variant, the same network without pruning.
    """
    known = [name for name in cut if name in values and values[name].notna().any()]
    if not known:
        return None
    ranked = sorted(known, key=lambda name: float(values[name].mean()), reverse=higher_is_better(metric))
    best, worst = ranked[0], ranked[-1]
    whole = dense.get(best, "")
    whole = whole if whole in values and values[whole].notna().any() else ""
    means = [float(values[name].mean()) for name in (best, worst, whole) if name]
    texts = amounts(metric, *means)
    said = f"With {100 * sparsity:.3g} % of the weights pruned, {quoted(best)} reaches a {metrics.name(metric)} of {texts[0]}"
    said += f" and {quoted(worst)} {texts[1]}" if best != worst else ""
    said += f"; without pruning it is {texts[2]}." if whole else "."
    if best != worst:
        return Lesson(said, f"{quoted(best)} against {quoted(worst)}: {_begun(certainty(values[best], values[worst], metric))}")
    return Lesson(said, certainty(values[best], values[whole], metric) if whole else "")


def _begun(text: str) -> str:
    return text[0].lower() + text[1:]


def gap_closed(values: Mapping[str, Series], metric: str, taught: str, alone: str, teacher: str) -> Lesson | None:
    """The value of a taught student between that of the same student alone and that of its teacher."""
    if not all(name in values and values[name].notna().any() for name in (taught, alone, teacher)):
        return None
    means = [float(values[name].mean()) for name in (taught, alone, teacher)]
    gap = means[2] - means[1]
    at_taught, at_alone, at_teacher = amounts(metric, *means)
    said = (
        f"With a teacher, the small network reaches a {metrics.name(metric)} of {at_taught}, alone {at_alone}; the teacher has {at_teacher}"
    )
    better = gap > 0 if higher_is_better(metric) else gap < 0
    closed = (means[0] - means[1]) / gap if better else math.nan
    said += f". The student closes {100 * closed:.0f} % of the gap." if 0 <= closed <= 1 and matters(metric, means[1], means[2]) else "."
    return Lesson(said, f"{quoted(taught)} against {quoted(alone)}: {_begun(certainty(values[taught], values[alone], metric))}")


def one_place_decides(values: DataFrame, metric: str, name: str) -> Lesson | None:
    """The largest reversal of two curves: each of them is certainly better than the other at one of two places.

    Args:
        values: one row for each curve, place and seed: curve, place, seed, value.
        metric: the metric in `value`.
        name: the setting of the places, such as "learning rate".
    """
    table = values.pivot_table(index=["place", "seed"], columns="curve", values="value", observed=True)
    reversals = [_reversal(table, metric, pair) for pair in combinations(map(str, table.columns), 2)]
    found = max((each for each in reversals if each is not None), key=lambda each: each.size, default=None)
    if found is None:
        return None
    told = "; ".join(_at_one_place(table, metric, place, order) for place, order in sorted(zip(found.places, found.orders, strict=True)))
    small = "Both differences are certain at 95 %, paired by seed. The fair comparison uses each one's own best value."
    return Lesson(f"The same {name} for all decides which is better: {told}.", small)


class _Reversal(NamedTuple):
    """Two places at which different curves win: (winner, loser) at each. size: the smaller of the two differences."""

    size: float
    places: tuple[float, float]
    orders: tuple[tuple[str, str], tuple[str, str]]


def _reversal(table: DataFrame, metric: str, pair: tuple[str, str]) -> _Reversal | None:
    """The places where each of two curves leads most and certainly, if both lead somewhere.

    `table`: one row for each place and seed, one column for each curve.
    """
    first, second = pair
    sign = 1.0 if higher_is_better(metric) else -1.0
    ahead: dict[float, float] = {}
    for place, rows in table.groupby(level="place"):
        seeds = rows.droplevel("place")
        found = paired_difference(sign * seeds[first], sign * seeds[second])
        if found.n > 1 and found.told_apart and matters(metric, float(seeds[first].mean()), float(seeds[second].mean())):
            ahead[float(place)] = found.mean  # type: ignore[arg-type]
    if not ahead:
        return None
    places = max(ahead, key=ahead.__getitem__), min(ahead, key=ahead.__getitem__)
    size = min(ahead[places[0]], -ahead[places[1]])
    return _Reversal(size, places, ((first, second), (second, first))) if size > 0 else None


def _at_one_place(table: DataFrame, metric: str, place: float, order: tuple[str, str]) -> str:
    winner, loser = order
    means = DataFrame(table.xs(place, level="place")).mean()
    better, worse = amounts(metric, float(means[winner]), float(means[loser]))
    return f"at {place:g}, {quoted(winner)} beats {quoted(loser)}, {better} to {worse}"


def zeros_and_score(values: Mapping[str, Series], metric: str, zeros: Mapping[str, float], against: Mapping[str, str]) -> Lesson | None:
    """The gain of the best regularization over the same network without it, and the variants that set weights to exactly 0.

    Args:
        values: the final metric by variant, indexed by seed.
        metric: the metric in `values`.
        zeros: the final share of weights that are exactly 0, by variant.
        against: for each regularized variant, the same network without regularization.
    """
    known = {name for name in values if values[name].notna().any()}
    treated = [name for name in values if name in known and against.get(name) in known]
    if not treated:
        return None
    best = (max if higher_is_better(metric) else min)(treated, key=lambda name: float(values[name].mean()))
    plain = against[best]
    reached, without = amounts(metric, float(values[best].mean()), float(values[plain].mean()))
    said = f"With {quoted(best)}, the {metrics.name(metric)} is {reached}; with {quoted(plain)}, it is {without}."
    sparse = sorted((name for name in treated if zeros.get(name, 0.0) >= POINT / 2), key=lambda name: -zeros[name])
    if sparse:
        most = sparse[0]
        rest = ("the others set none", "one more sets some")[len(sparse) - 1] if len(sparse) < 3 else f"{len(sparse) - 1} more set some"
        said += f" {quoted(most)} sets {100 * zeros[most]:.0f} of 100 weights to exactly 0; {rest}."
    return Lesson(said, certainty(values[best], values[plain], metric))
