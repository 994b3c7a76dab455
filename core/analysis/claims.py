"""The verdict on a claim: it holds, fails, or is unclear, judged from one number for each seed.

A claim names a kind of effect and the range in which it must lie. Statistical kinds are judged by their 95 % interval: the claim *holds*
if the whole interval lies in the range, *fails* if no part of it does, and is *unclear* otherwise. `Inside` claims equivalence within a
margin.

    kind               effect                                             interval
    mean               mean of one number for each seed                   t
    difference         mean of first minus second, paired by seed         t
    ratio              geometric mean of first over second, paired        t of the logarithms
    share              share of seeds for which something is true         Clopper & Pearson
    share_difference   first share minus second                           Newcombe
    spread             standard deviation over seeds                      chi-squared
    spread_ratio       first standard deviation over second               F
    count              share of the seeds that were run, no estimate      none: compared directly
    exact              the seed that is farthest from the claim           none: compared directly

`exact` is for identities (the largest error is at most 1e-12) and for lower bounds (the smallest distance is at least 0.05). `count`
makes a statement about these seeds only. A statement about other seeds needs `share`, and enough seeds.

If a seed has no number, the claim is unclear; a seed is never left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from pandas import Series

from core.analysis import intervals
from core.analysis.intervals import Estimate
from core.analysis.statistics import at_most_three_digits, figures

Kind = Literal["mean", "difference", "ratio", "share", "share_difference", "spread", "spread_ratio", "count", "exact"]
Verdict = Literal["holds", "fails", "unclear"]

SINGLE: dict[str, Callable[[Series], Estimate]] = {"mean": intervals.mean, "share": intervals.share, "spread": intervals.spread}
"""Kinds with an interval that take one number for each seed."""

PAIRED: dict[str, Callable[[Series, Series], Estimate]] = {
    "difference": intervals.difference,
    "ratio": intervals.ratio,
    "share_difference": intervals.share_difference,
    "spread_ratio": intervals.spread_ratio,
}
"""Kinds that compare two sides."""

EXACT = ("count", "exact")
"""Kinds without an interval, compared directly; a value equal to the threshold meets it."""


@dataclass(frozen=True)
class Above:
    """The effect must be above a threshold; for an exact kind, at least the threshold."""

    threshold: float


@dataclass(frozen=True)
class Below:
    """The effect must be below a threshold; for an exact kind, at most the threshold."""

    threshold: float


@dataclass(frozen=True)
class Inside:
    """The effect must lie between two thresholds, inclusive: equivalence within a margin."""

    low: float
    high: float


Claimed = Above | Below | Inside


@dataclass(frozen=True)
class Judgement:
    """The result of a claim. The interval is NaN if the kind has none, or if there are too few seeds for one."""

    verdict: Verdict
    effect: float
    ci_low: float
    ci_high: float
    n: int
    """Seeds with a number; for two independent samples, the number of the smaller one."""
    threshold: float | tuple[float, float]
    sentence: str


def judge(kind: Kind, claimed: Claimed, first: Series, second: Series | None = None, words: str = "effect") -> Judgement:
    """The verdict on one claim.

    Args:
        kind: the kind of effect, from the table above.
        claimed: the range in which the effect must lie.
        first: one number for each seed, indexed by seed; 0 or 1 for shares and counts.
        second: the numbers of the other side, for kinds that compare two sides.
        words: a description of the effect, with which the sentence begins.

    Raises ValueError if a second side is given to a kind of one side, or missing for a kind of two.
    """
    if (kind in PAIRED) != (second is not None):
        raise ValueError(f"kind {kind!r} takes {'two sides' if kind in PAIRED else 'one side'}")
    found = _estimate(kind, claimed, first, second)
    verdict, why = _verdict(kind, claimed, found)
    said = f"{words}: {_figures(kind, found)}, claimed {in_words(kind, claimed)}: {verdict}{why}"
    return Judgement(verdict, found.value, found.low, found.high, found.n, _threshold(claimed), said)


def together(judgements: Sequence[Judgement]) -> Judgement:
    """One claim of several parts: it fails if a part fails, and holds if all parts hold.

    Its figures are those of the first part that decides; its sentence joins the sentences of all parts. Raises ValueError without a part.
    """
    if not judgements:
        raise ValueError("a claim needs at least one part")
    order: tuple[Verdict, ...] = ("fails", "unclear", "holds")
    deciding = min(judgements, key=lambda judgement: order.index(judgement.verdict))
    return replace(deciding, sentence="; ".join(judgement.sentence for judgement in judgements))


def in_words(kind: Kind, claimed: Claimed) -> str:
    """Where the effect must lie: "above 0.4", "at most 1e-12", "between 0.95 and 1.05"."""
    match claimed:
        case Above(threshold):
            return f"{'at least' if kind in EXACT else 'above'} {at_most_three_digits(threshold)}"
        case Below(threshold):
            return f"{'at most' if kind in EXACT else 'below'} {at_most_three_digits(threshold)}"
        case Inside(low, high):
            return f"between {at_most_three_digits(low)} and {at_most_three_digits(high)}"


def _threshold(claimed: Claimed) -> float | tuple[float, float]:
    return (claimed.low, claimed.high) if isinstance(claimed, Inside) else claimed.threshold


def _estimate(kind: Kind, claimed: Claimed, first: Series, second: Series | None) -> Estimate:
    if second is not None:
        return PAIRED[kind](first, second)
    if kind in SINGLE:
        return SINGLE[kind](first)
    if kind == "count":
        return intervals.share(first)._replace(low=math.nan, high=math.nan)
    return _farthest(claimed, first.astype(float))


def _farthest(claimed: Claimed, values: Series) -> Estimate:
    """The value that is farthest from the claim."""
    known = values.dropna()
    match claimed:
        case Above():
            badness = -known
        case Below():
            badness = known
        case Inside(low, high):
            badness = (known - (low + high) / 2).abs()
    worst = float(known.iloc[int(np.argmax(badness))]) if len(known) else math.nan
    return Estimate(worst, math.nan, math.nan, len(known), len(values) - len(known))


def _verdict(kind: Kind, claimed: Claimed, found: Estimate) -> tuple[Verdict, str]:
    """The verdict, and the reason if it is unclear."""
    if not found.n or math.isnan(found.value):
        return "unclear", ", there is no number"
    if found.missing:
        return "unclear", f", {_seeds(found.missing)} without a number"
    if kind in EXACT:
        return ("holds" if _met(claimed, found.value) else "fails"), ""
    if math.isnan(found.low) or math.isnan(found.high):
        return "unclear", f", {_seeds(found.n)} give no interval" if found.n > 1 else ", a single seed gives no interval"
    verdict = _of_interval(claimed, found.low, found.high)
    return verdict, ", the interval reaches to both sides" * (verdict == "unclear")


def _met(claimed: Claimed, value: float) -> bool:
    match claimed:
        case Above(threshold):
            return value >= threshold
        case Below(threshold):
            return value <= threshold
        case Inside(low, high):
            return low <= value <= high


def _of_interval(claimed: Claimed, low: float, high: float) -> Verdict:
    match claimed:
        case Above(threshold):
            holds, fails = low > threshold, high <= threshold
        case Below(threshold):
            holds, fails = high < threshold, low >= threshold
        case Inside(least, most):
            holds, fails = least <= low and high <= most, high < least or low > most
    return "holds" if holds else "fails" if fails else "unclear"


def _figures(kind: Kind, found: Estimate) -> str:
    if kind in ("share", "count") and found.n:
        counted = f"{round(found.value * found.n)} of {_seeds(found.n)}"
        return counted if math.isnan(found.low) else f"{counted} ({found.low:.2f} to {found.high:.2f})"
    if math.isnan(found.low) or math.isnan(found.high):
        return f"{at_most_three_digits(found.value)} ({_seeds(found.n)})"
    size, low, high = figures(*found[:3]) if np.isfinite(found[:3]).all() else map(at_most_three_digits, found[:3])
    return f"{size} ({low} to {high}, {_seeds(found.n)})"


def _seeds(n: int) -> str:
    return "1 seed" if n == 1 else f"{n} seeds"
