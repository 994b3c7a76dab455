"""Claims about the runs of one comparison: the numbers that most of them use, by seed.

A run that diverged has the worst possible value, an infinite loss or a score of minus infinity; it is never left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from core.analysis import claim_measures
from core.analysis.claims import Above, Below, Claimed, Kind
from core.experiments.claims import reading
from core.experiments.claims.claim import Claim, Evidence, Numbers
from core.experiments.experiment import RUNS


def last(evidence: Evidence, metric: str, variant: str) -> Series:
    """The metric at the last evaluation of a variant's runs, by seed."""
    return reading.of(reading.last(evidence, RUNS, metric), variant)


def ends(words: str, claimed: Claimed, metric: str, variant: str, kind: Kind = "mean") -> Claim:
    """A claim about the final value of one variant."""
    return Claim(words, kind, claimed, lambda evidence: last(evidence, metric, variant))


def each_ends(words: str, claimed: Claimed, metric: str, variants: Sequence[str], kind: Kind = "mean") -> Claim:
    """A claim about the final values of several variants that must hold for all: for each seed, the value farthest from the claim."""
    return Claim(words, kind, claimed, lambda evidence: farthest(claimed, (last(evidence, metric, each) for each in variants)))


def farthest(claimed: Claimed, numbers: Iterable[Series]) -> Series:
    """For each seed, the lowest of several numbers if all must be above a threshold, otherwise the highest."""
    table = pd.concat(list(numbers), axis=1)
    return table.min(axis=1) if isinstance(claimed, Above) else table.max(axis=1)


def ratio(words: str, claimed: Claimed, metric: str, first: str, second: str) -> Claim:
    """A claim about the final value of one variant divided by that of another."""
    return Claim(words, "ratio", claimed, reading.sides(RUNS, metric, first, second))


def difference(words: str, claimed: Claimed, metric: str, first: str, second: str) -> Claim:
    """A claim about the final value of one variant minus that of another."""
    return Claim(words, "difference", claimed, reading.sides(RUNS, metric, first, second))


def below_all_others(words: str, metric: str, variant: str, without: Sequence[str] = ()) -> Claim:
    """A claim that a variant ends lower than every other variant of the comparison, except those in `without`."""

    def numbers(evidence: Evidence) -> Numbers:
        found = reading.last(evidence, RUNS, metric).unstack("variant")
        others = [name for name in found.columns if name not in (variant, *without)]
        return found[variant], found[others].min(axis=1)

    return Claim(words, "ratio", Below(1.0), numbers)


def diverged(words: str, claimed: Claimed, *variants: str) -> Claim:
    """A claim about the share of the seeds of these variants that diverged. It makes no statement about other seeds."""

    def numbers(evidence: Evidence) -> Numbers:
        runs = evidence[RUNS].runs
        mine = runs[runs["variant"].isin(variants)]
        return mine["status"].eq("diverged").astype(float).reset_index(drop=True)

    return Claim(words, "count", claimed, numbers)


def before_training(evidence: Evidence, column: str, variant: str) -> DataFrame:
    """A measure by layer before the first update: one row for each seed, one column for each layer, from the input to the output."""
    rows = evidence[RUNS].layers
    rows = rows[(rows["variant"] == variant) & (rows["step"] == 0)]
    names = list(dict.fromkeys(rows["layer"]))
    return rows.pivot(index="seed", columns="layer", values=column)[names].astype(float)


def fades(words: str, claimed: Claimed, variant: str, to: int = -1) -> Claim:
    """A claim about the gradient norm of the first layer divided by that of another (by default the output layer), before the first
    update.
    """

    def numbers(evidence: Evidence) -> Numbers:
        norms = before_training(evidence, "grad_norm", variant)
        return norms.iloc[:, 0], norms.iloc[:, to]

    return Claim(words, "ratio", claimed, numbers)


def steps_between_layers(evidence: Evidence, variants: Sequence[str]) -> Series:
    """For each seed, the largest factor between the gradient norms of two adjacent layers, over all these variants, before training."""
    norms = [before_training(evidence, "grad_norm", each) for each in variants]
    logs = [each.map(np.log).diff(axis=1).abs().max(axis=1) for each in norms]
    return np.exp(pd.concat(logs, axis=1).max(axis=1))


def places(evidence: Evidence, metric: str, names: dict[str, dict[float, str]]) -> DataFrame:
    """The input of `claim_measures` for a sweep: curve, place, seed, value; from the variants' names by curve and place."""
    found = reading.last(evidence, RUNS, metric)
    parts = [
        DataFrame({"curve": curve, "place": place, "seed": numbers.index, "value": numbers.to_numpy()})
        for curve, at in names.items()
        for place, name in at.items()
        for numbers in [reading.of(found, name)]
    ]
    return pd.concat(parts, ignore_index=True)


def updates_to(evidence: Evidence, metric: str, target: float, variant: str) -> Series:
    """The number of updates until the metric first reaches the target, by seed; infinite if it never does."""
    return claim_measures.updates_to(evidence[RUNS].history, metric, target).loc[variant]
