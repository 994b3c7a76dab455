"""Claims on the runs of one comparison: the numbers that most of them take, by seed.

A run that diverged has the worst value there is, an infinite loss or a score of minus infinity; it is never left out.
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
    """On what the runs of one variant end at."""
    return Claim(words, kind, claimed, lambda evidence: last(evidence, metric, variant))


def each_ends(words: str, claimed: Claimed, metric: str, variants: Sequence[str], kind: Kind = "mean") -> Claim:
    """On what the runs of several variants end at, all of which must: by seed the one that is farthest from what is claimed."""
    return Claim(words, kind, claimed, lambda evidence: farthest(claimed, (last(evidence, metric, each) for each in variants)))


def farthest(claimed: Claimed, numbers: Iterable[Series]) -> Series:
    """By seed, the lowest of several numbers where all must be above something, else the highest."""
    table = pd.concat(list(numbers), axis=1)
    return table.min(axis=1) if isinstance(claimed, Above) else table.max(axis=1)


def ratio(words: str, claimed: Claimed, metric: str, first: str, second: str) -> Claim:
    """On what one variant ends at over what another does."""
    return Claim(words, "ratio", claimed, reading.sides(RUNS, metric, first, second))


def difference(words: str, claimed: Claimed, metric: str, first: str, second: str) -> Claim:
    """On what one variant ends at minus what another does."""
    return Claim(words, "difference", claimed, reading.sides(RUNS, metric, first, second))


def below_all_others(words: str, metric: str, variant: str, without: Sequence[str] = ()) -> Claim:
    """That a variant ends lower than every other one of the comparison, but for some."""

    def numbers(evidence: Evidence) -> Numbers:
        found = reading.last(evidence, RUNS, metric).unstack("variant")
        others = [name for name in found.columns if name not in (variant, *without)]
        return found[variant], found[others].min(axis=1)

    return Claim(words, "ratio", Below(1.0), numbers)


def diverged(words: str, claimed: Claimed, *variants: str) -> Claim:
    """On the share of the seeds that were run, of these variants together, that diverged. It says nothing of other seeds."""

    def numbers(evidence: Evidence) -> Numbers:
        runs = evidence[RUNS].runs
        mine = runs[runs["variant"].isin(variants)]
        return mine["status"].eq("diverged").astype(float).reset_index(drop=True)

    return Claim(words, "count", claimed, numbers)


def before_training(evidence: Evidence, column: str, variant: str) -> DataFrame:
    """A measure by layer before the first update: a row a seed and a column a layer, from the input on."""
    rows = evidence[RUNS].layers
    rows = rows[(rows["variant"] == variant) & (rows["step"] == 0)]
    names = list(dict.fromkeys(rows["layer"]))
    return rows.pivot(index="seed", columns="layer", values=column)[names].astype(float)


def fades(words: str, claimed: Claimed, variant: str, to: int = -1) -> Claim:
    """On the gradient's norm of the first layer over that of another (by default the output layer), before the first update."""

    def numbers(evidence: Evidence) -> Numbers:
        norms = before_training(evidence, "grad_norm", variant)
        return norms.iloc[:, 0], norms.iloc[:, to]

    return Claim(words, "ratio", claimed, numbers)


def steps_between_layers(evidence: Evidence, variants: Sequence[str]) -> Series:
    """By seed, the largest factor from the gradient's norm of one layer to that of the next, of all these variants, before training."""
    norms = [before_training(evidence, "grad_norm", each) for each in variants]
    logs = [each.map(np.log).diff(axis=1).abs().max(axis=1) for each in norms]
    return np.exp(pd.concat(logs, axis=1).max(axis=1))


def places(evidence: Evidence, metric: str, names: dict[str, dict[float, str]]) -> DataFrame:
    """What `claim_measures` takes of a sweep: curve, place, seed, value; from the variants' names by curve and place."""
    found = reading.last(evidence, RUNS, metric)
    parts = [
        DataFrame({"curve": curve, "place": place, "seed": numbers.index, "value": numbers.to_numpy()})
        for curve, at in names.items()
        for place, name in at.items()
        for numbers in [reading.of(found, name)]
    ]
    return pd.concat(parts, ignore_index=True)


def updates_to(evidence: Evidence, metric: str, target: float, variant: str) -> Series:
    """The updates until the metric first reaches the target, by seed; infinite where it never does."""
    return claim_measures.updates_to(evidence[RUNS].history, metric, target).loc[variant]
