"""Measures that claims are about: a number for each seed of each variant, from histories and from values at places.

A *history* has one row for each run and evaluation (variant, seed, step, epoch, lr, status and metrics). *Values* have one row for each
curve, place and seed, as `sensitivity.values` returns them; a place is, for example, a learning rate. Results by run are Series indexed
by variant and seed; results by curve are indexed by curve and seed. `series[name]` are the numbers that `claims.judge` takes.

A run that never reaches a target has the value infinity, and a run that does not train has False. No run is left out.
"""

from __future__ import annotations

from typing import cast

import numpy as np
from pandas import DataFrame, MultiIndex, Series

from core.analysis.metrics import higher_is_better
from core.analysis.statistics import standing

RUN = ["variant", "seed"]
CURVE = ["curve", "seed"]
NEGATIVE_INFINITY, INFINITY = -np.inf, np.inf


def updates_to(history: DataFrame, metric: str, target: float, count: str = "step") -> Series:
    """The updates (or the column `count`: epoch, seconds) at the first evaluation that reaches the target; infinite if none does."""
    good = history[metric] >= target if higher_is_better(metric) else history[metric] <= target
    reached = history[good].groupby(RUN)[count].min().astype(float)
    return reached.reindex(_runs(history), fill_value=INFINITY).rename(count)


def last_values(history: DataFrame, metric: str, blown_up: float = INFINITY) -> Series:
    """The metric at the last evaluation. A run that diverged, or whose loss ends above `blown_up`, gets the worst possible value: an
    infinite loss, or a score of minus infinity.
    """
    last = _last(history)
    value = last[metric].astype(float)
    worst = NEGATIVE_INFINITY if higher_is_better(metric) else INFINITY
    bad = ~np.isfinite(value) | (last["status"] == "diverged")
    if not higher_is_better(metric):
        bad |= value > blown_up
    return value.where(~bad, worst)


def trains(history: DataFrame, threshold: float = 0.9, metric: str = "train_accuracy") -> Series:
    """Whether the final metric reaches the threshold; ending without divergence is not enough."""
    value = last_values(history, metric)
    return value >= threshold if higher_is_better(metric) else value <= threshold


def late_mean(history: DataFrame, metric: str = "val_loss", epochs: float = 10) -> Series:
    """The mean of the metric over the evaluations of the last `epochs` epochs; infinite if the run diverged or a value is not finite."""
    return _late(history, metric, epochs).groupby(RUN)[metric].mean()


def late_spread(history: DataFrame, metric: str = "val_loss", epochs: float = 10) -> Series:
    """The standard deviation of the metric over the evaluations of `late_mean`, infinite in the same cases; NaN for a single evaluation."""
    groups = _late(history, metric, epochs).groupby(RUN)[metric]
    return groups.std().where(np.isfinite(groups.max()), INFINITY)


def gap(history: DataFrame, first: str = "val_loss", second: str = "train_loss", epoch: float | None = None) -> Series:
    """One column minus another of the same run, at the last evaluation or at that of `epoch`; NaN if there is no such evaluation."""
    present = standing(history)
    rows = _last(history) if epoch is None else present[present["epoch"] == epoch].set_index(RUN)
    return (rows[first] - rows[second]).reindex(_runs(history))


def curve_distance(history: DataFrame, variant: str, reference: str, metric: str = "train_loss_eval") -> Series:
    """The distance between two variants' curves: the mean of |ln loss - ln loss of the reference| over the epochs after the first update.

    Indexed by seed. Infinite if a run diverged; epochs at which one of the two was not evaluated are left out.
    """
    present = standing(history)
    later = present[present["step"] > 0]
    losses = later.pivot_table(index=["seed", "epoch"], columns="variant", values=metric, dropna=False)[[variant, reference]]
    logs = np.log(losses.astype(float))
    apart = (logs[variant] - logs[reference]).abs().groupby("seed").mean()
    diverged = _last(history)["status"].eq("diverged").unstack("variant")[[variant, reference]]
    return apart.where(~diverged.any(axis=1), INFINITY)


def share_of_places(trained: DataFrame, column: str = "trained") -> Series:
    """The share of a curve's places at which a seed trains, by curve and seed; `trained` has curve, place, seed and a column of truth."""
    return trained.groupby(CURVE)[column].mean()


def range_width(values: DataFrame, factor: float = 2.0) -> DataFrame:
    """How wide the range of places is in which the loss is within a factor of the curve's best loss, for each seed.

    Returns one row for each curve and seed, indexed by both: places (their number), lowest and highest (of the connected range of places
    around the best), decades (log10 of highest over lowest). Missing and infinite losses are outside; without a finite loss all values are
    NaN, and places is 0.
    """
    rows = {key: _width(group, factor) for key, group in values.groupby(CURVE, sort=False)}
    index = MultiIndex.from_tuples(rows, names=CURVE)
    return DataFrame(rows.values(), index=index, columns=["places", "lowest", "highest", "decades"])


def best_places(values: DataFrame, metric: str = "val_loss") -> Series:
    """For each curve, the place with the fewest missing or infinite values; among equal ones, the place with the best mean."""
    sign = -1 if higher_is_better(metric) else 1
    finite = sign * values["value"].where(np.isfinite(values["value"]))
    table = DataFrame({"curve": values["curve"], "place": values["place"], "missed": finite.isna(), "value": finite})
    means = table.groupby(["curve", "place"]).agg(missed=("missed", "sum"), value=("value", "mean")).reset_index()
    ranked = means.sort_values(["missed", "value", "place"], kind="stable")
    return ranked.groupby("curve", sort=False)["place"].first()


def at_best(values: DataFrame, metric: str = "val_loss") -> Series:
    """The value of each curve and seed at the curve's best place; a missing value becomes the worst possible value."""
    best = best_places(values, metric)
    chosen = values[values["place"] == values["curve"].map(best)]
    worst = NEGATIVE_INFINITY if higher_is_better(metric) else INFINITY
    return chosen.set_index(CURVE)["value"].fillna(worst)


def difference_of_differences(first: tuple[Series, Series], second: tuple[Series, Series]) -> Series:
    """(a - b) - (c - d) by seed: for example, what one norm loses from one batch size to another, minus what another norm loses."""
    (a, b), (c, d) = first, second
    return a.sub(b).sub(c.sub(d))


def different_values(values: Series) -> int:
    """How many different numbers there are, compared exactly: 1 if nothing varied, the number of seeds if all differ."""
    return int(values.nunique(dropna=False))


def _runs(history: DataFrame) -> MultiIndex:
    return cast(MultiIndex, history.set_index(RUN).index.unique())


def _last(history: DataFrame) -> DataFrame:
    """Each run's last evaluation, indexed by variant and seed."""
    return standing(history).sort_values("step", kind="stable").groupby(RUN, sort=False).tail(1).set_index(RUN).sort_index()


def _late(history: DataFrame, metric: str, epochs: float) -> DataFrame:
    """The evaluations of each run's last epochs; values that are not finite, and all values of diverged runs, are infinite."""
    runs = history.groupby(RUN)
    late = history["epoch"] > runs["epoch"].transform("max") - epochs
    diverged = history["status"].eq("diverged").groupby([history[name] for name in RUN]).transform("any")
    return history.assign(**{metric: history[metric].where(np.isfinite(history[metric]) & ~diverged, INFINITY)})[late]


def _width(group: DataFrame, factor: float) -> tuple[float, float, float, float]:
    ordered = group.sort_values("place")
    place, loss = ordered["place"].to_numpy(float), ordered["value"].to_numpy(float)
    loss = np.where(np.isfinite(loss), loss, INFINITY)
    inside = loss <= factor * loss.min()
    if not np.isfinite(loss.min()):
        return 0, np.nan, np.nan, np.nan
    first = last = int(np.argmin(loss))
    while first > 0 and inside[first - 1]:
        first -= 1
    while last + 1 < len(place) and inside[last + 1]:
        last += 1
    return int(inside.sum()), place[first], place[last], float(np.log10(place[last] / place[first]))
