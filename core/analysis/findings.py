"""What a page found, in one sentence about the page's subject, with numbers that are easy to judge: accuracies, updates, zeros.

Each function takes frames of a comparison that has ended. It returns None if the frames do not hold what its sentence is about. Only
variants whose seeds all ended well are named, so that no mean is that of the lucky seeds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from pandas import DataFrame, Series

from core.analysis import metrics
from core.analysis.metrics import SHARE, higher_is_better
from core.analysis.statistics import divergences, paired_difference, quoted, seed_values

POINT = 0.01
"""Difference of accuracy, F1 or R2 below which a difference does not matter, even if it is certain."""

SHARE_OF_LOSS = 0.05
"""Fraction of the smaller of two losses below which their difference does not matter."""


class Finding(NamedTuple):
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
    """Returns a ratio as a text: `1/640`, `71 %`, `12`."""
    if 0 < ratio < POINT:
        return f"1/{float(f'{1 / ratio:.2g}'):,.0f}" if ratio > 1e-6 else f"{ratio:.0e}"
    return f"{100 * ratio:.0f} %" if ratio < 1.5 else f"{float(f'{ratio:.2g}'):,g}"


def margin(metric: str, first: float, second: float) -> float:
    """Returns the largest difference between two values that does not matter."""
    return POINT if metrics.METRICS[metric].form == SHARE else SHARE_OF_LOSS * min(abs(first), abs(second))


def by_seed(history: DataFrame, runs: DataFrame, metric: str) -> dict[str, Series]:
    """Returns the last value of each seed, by variant, of the variants of which no seed diverged."""
    values = seed_values(history, runs, metric)
    return complete({str(name): group.set_index("seed")["value"] for name, group in values.groupby("variant", sort=False, observed=True)})


def complete(values: Mapping[str, Series]) -> dict[str, Series]:
    """Returns the variants that have a finite value for each seed."""
    return {name: seeds for name, seeds in values.items() if len(seeds) and seeds.notna().all()}


def lost(history: DataFrame, runs: DataFrame, metric: str) -> str:
    """Returns which variants had seeds that diverged, as a sentence; empty if none had."""
    said = divergences(seed_values(history, runs, metric))
    return f"{said.removeprefix('; ')}." if said else ""


def certainty(first: str, second: str, values: Mapping[str, Series], metric: str) -> str:
    """Returns a sentence that tells how certain the difference of two variants is, and whether it matters."""
    found = paired_difference(values[first], values[second])
    if found.n < 2:
        return "With one common seed there is no interval."
    points = " points" if metrics.METRICS[metric].form == SHARE else ""
    size, low, high = (_signed(metric, value) for value in (found.mean, found.low, found.high))
    said = f"{quoted(first)} minus {quoted(second)}: {size}{points}, 95 % interval {low} to {high}, paired over {found.n} seeds"
    if not found.told_apart:
        needed = f"; about {found.needed:,} seeds would be needed" if found.needed else ""
        return f"{said}: they cannot be told apart{needed}."
    small = max(abs(found.low), abs(found.high)) < margin(metric, float(values[first].mean()), float(values[second].mean()))
    return f"{said}: certain, but too small to matter." if small else f"{said}."


def _signed(metric: str, value: float) -> str:
    """Returns a signed difference, such as `+3.1` points of a share or `−0.25` of a loss."""
    text = f"{100 * value:+.1f}" if metrics.METRICS[metric].form == SHARE else f"{value:+.3g}"
    return text.replace("-", "−")


def _best(names: Sequence[str], values: Mapping[str, Series], metric: str) -> str:
    return (max if higher_is_better(metric) else min)(names, key=lambda name: float(values[name].mean()))


def _picked(names: Sequence[str]) -> str:
    """Returns a warning that the best of several was picked on the same data."""
    return f" It is the best of {len(names)}, picked on the same data, which flatters it a little." if len(names) > 1 else ""


def through_depth(ends: DataFrame, values: Mapping[str, Series], metric: str) -> Finding | None:
    """The first hidden layer's gradient over that of the last one, where it is least and where it is largest, and both final values.

    Args:
        ends: variant and `ratio`, the norm of the first hidden layer's gradient over that of the last before the first update. NaN for a
            network without hidden layers and for a gradient of 0 or infinity: such variants are left out.
        values: the final metric by variant, indexed by seed.
        metric: the metric in `values`.
    """
    ratios = ends.set_index("variant")["ratio"].astype(float).dropna()
    ratios = ratios[[str(name) in values for name in ratios.index]]
    if len(ratios) < 2 or ratios.max() - ratios.min() < POINT:
        return None
    worst, best = str(ratios.idxmin()), str(ratios.idxmax())
    low, high = amounts(metric, float(values[worst].mean()), float(values[best].mean()))
    said = (
        f"Before training, the first hidden layer's gradient over the last one's is {portion(ratios.min())} with {quoted(worst)} and "
        f"{portion(ratios.max())} with {quoted(best)}. They end at a {metrics.name(metric)} of {low} and {high}."
    )
    return Finding(said, certainty(worst, best, values, metric))


def in_equal_epochs(
    values: Mapping[str, Series], metric: str, batches: Mapping[str, int], updates: Mapping[str, int], epochs: int
) -> Finding | None:
    """The values of the smallest and the largest batch size after the same number of epochs, and their numbers of updates."""
    known = {name: size for name, size in batches.items() if name in values}
    if len(set(known.values())) < 2:
        return None
    small, large = min(known, key=known.__getitem__), max(known, key=known.__getitem__)
    first, second = amounts(metric, float(values[small].mean()), float(values[large].mean()))
    said = (
        f"After {epochs:,} epochs, batches of {known[small]:,} reach a {metrics.name(metric)} of {first} with {updates[small]:,} updates, "
        f"and batches of {known[large]:,} reach {second} with {updates[large]:,}."
    )
    return Finding(said, certainty(small, large, values, metric))


def stopped_in_time(values: Mapping[str, Series], metric: str, epochs: Mapping[str, float], to_the_end: str, rule: str) -> Finding | None:
    """The result of a rule against training to the end.

    Args:
        values: the metric of the kept weights, by variant, indexed by seed.
        metric: the metric in `values`: of data that no rule has seen, and by which the rule was not picked.
        epochs: the mean epoch of the kept weights, by variant.
        to_the_end: the variant that no rule stopped.
        rule: the variant that a rule may stop.
    """
    if rule not in values or to_the_end not in values:
        return None
    kept, last = amounts(metric, float(values[rule].mean()), float(values[to_the_end].mean()))
    said = (
        f"{quoted(rule)} keeps the weights of epoch {epochs[rule]:.0f} instead of those of epoch {epochs[to_the_end]:.0f}: "
        f"{metrics.name(metric)} {kept} instead of {last}."
    )
    return Finding(said, certainty(rule, to_the_end, values, metric))


def cut_to(values: Mapping[str, Series], metric: str, sparsity: float, cut: Sequence[str], dense: Mapping[str, str]) -> Finding | None:
    """The result at a sparsity: the best and the worst way to prune, and the same network without pruning.

    Args:
        values: the final metric by variant, indexed by seed.
        metric: the metric in `values`.
        sparsity: the share of the weights that is cut.
        cut: the variants with this sparsity.
        dense: by variant, the same network without pruning. Variants of several networks need a sentence each, so the result is None.
    """
    known = [name for name in cut if name in values]
    if not known or len({dense.get(name, "") for name in known}) > 1:
        return None
    ranked = sorted(known, key=lambda name: float(values[name].mean()), reverse=higher_is_better(metric))
    best, worst, whole = ranked[0], ranked[-1], dense.get(ranked[0], "")
    means = [float(values[name].mean()) for name in (best, worst, whole) if name in values]
    texts = amounts(metric, *means)
    said = f"With {100 * sparsity:.3g} % of the weights cut, {quoted(best)} reaches a {metrics.name(metric)} of {texts[0]}"
    said += f", {quoted(worst)} {texts[1]}" if best != worst else ""
    said += f"; without pruning it is {texts[2]}." if whole in values else "."
    other = worst if best != worst else whole
    return Finding(said, certainty(best, other, values, metric) + _picked(known) if other in values else "")


def gap_closed(values: Mapping[str, Series], metric: str, taught: str, alone: str, teacher: str) -> Finding | None:
    """How far a taught student comes from its result alone to the result of its teacher."""
    if not {taught, alone, teacher} <= set(values):
        return None
    means = [float(values[name].mean()) for name in (taught, alone, teacher)]
    gap = means[2] - means[1]
    at_taught, at_alone, at_teacher = amounts(metric, *means)
    said = f"A taught student reaches a {metrics.name(metric)} of {at_taught}, alone {at_alone}; its teacher reaches {at_teacher}"
    better = gap > 0 if higher_is_better(metric) else gap < 0
    closed = (means[0] - means[1]) / gap if better else math.nan
    wide = abs(gap) >= margin(metric, means[1], means[2])
    said += f": {100 * closed:.0f} % of the gap is closed." if 0 <= closed <= 1 and wide else "."
    return Finding(said, certainty(taught, alone, values, metric))


def one_place_decides(values: DataFrame, metric: str, name: str) -> Finding | None:
    """Two curves and two places: at one place the first curve is better, at the other the second; of the largest such reversal.

    Args:
        values: one row for each curve, place and seed: curve, place, seed, value.
        metric: the metric in `value`.
        name: the name of the place, such as "learning rate".
    """
    table = values.pivot_table(index=["place", "seed"], columns="curve", values="value", observed=True)
    reversals = [_reversal(table, metric, pair) for pair in combinations(map(str, table.columns), 2)]
    found = max((each for each in reversals if each is not None), key=lambda each: each.size, default=None)
    if found is None:
        return None
    told = "; ".join(_at_one_place(table, metric, place, order) for place, order in sorted(zip(found.places, found.orders, strict=True)))
    small = (
        f"Found by a search over all pairs and values. Each of the two differences by itself has a 95 % interval, paired by seed, without "
        f"zero. It is fair to compare each at its own best {name}."
    )
    return Finding(f"A single {name} for all decides which one wins: {told}.", small)


class _Reversal(NamedTuple):
    """Two places at which two curves win in turn: (winner, loser) at each. size: the smaller of the two differences."""

    size: float
    places: tuple[float, float]
    orders: tuple[tuple[str, str], tuple[str, str]]


def _reversal(table: DataFrame, metric: str, pair: tuple[str, str]) -> _Reversal | None:
    """The places at which each of the two is furthest ahead for certain. `table`: one row for each place and seed, one column a curve."""
    first, second = pair
    sign = 1.0 if higher_is_better(metric) else -1.0
    ahead: dict[float, float] = {}
    for place, rows in table.groupby(level="place"):
        seeds = rows.droplevel("place")
        found = paired_difference(sign * seeds[first], sign * seeds[second])
        complete_here = seeds[[first, second]].notna().to_numpy().all()
        least = margin(metric, float(seeds[first].mean()), float(seeds[second].mean()))
        if complete_here and found.n > 1 and found.told_apart and abs(found.mean) >= least:
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


def zeros_and_score(values: Mapping[str, Series], metric: str, zeros: Mapping[str, float], against: Mapping[str, str]) -> Finding | None:
    """The gain of the best regularization over the same network without it, and the variants that set weights to exactly 0.

    Args:
        values: the final metric by variant, indexed by seed.
        metric: the metric in `values`.
        zeros: the final share of weights that are exactly 0, by variant.
        against: for each regularized variant, the same network without regularization.
    """
    treated = [name for name in values if against.get(name) in values]
    if not treated:
        return None
    best = _best(treated, values, metric)
    plain = against[best]
    reached, without = amounts(metric, float(values[best].mean()), float(values[plain].mean()))
    said = f"With {quoted(best)}, the {metrics.name(metric)} is {reached}; with {quoted(plain)}, it is {without}."
    gained = {name: zeros.get(name, 0.0) - zeros.get(against[name], 0.0) for name in treated}
    most = max(treated, key=gained.__getitem__)
    if gained[most] >= POINT / 2:
        said += f" {quoted(most)} sets {100 * gained[most]:.0f} of 100 weights to exactly 0"
        said += "; the others set none." if sum(share > 0 for share in gained.values()) == 1 < len(treated) else "."
    return Finding(said, certainty(best, plain, values, metric) + _picked(treated))
