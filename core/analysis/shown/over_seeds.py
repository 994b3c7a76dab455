"""Means and 95 % t bands over seeds, the curves of single seeds, and where and at which values runs ended.

A history is ordered by step within each run. All results are plain frames with the column `variant`, and with the chosen x axis under its
own name.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from pandas import DataFrame, Series

from core.analysis import metrics
from core.analysis.metrics import Axis
from core.analysis.statistics import half_width

DIVERGED = "diverged"
STOPPED = "stopped early"


def band(history: DataFrame, metric: str = "val_loss", x: Axis = "epoch") -> DataFrame:
    """Mean of the metric over seeds with its 95 % t interval, one row for each variant and evaluation.

    Columns: variant, stretch (if pruning rewinds: see `with_stretches`), step, the x axis, mean, low, high (NaN for a single value), n
    (seeds in the mean), carried (how many of these had stopped early before, and count with their last value) and lowest (the lowest
    seed's value).

    A diverged seed is part of the mean until the evaluation before the one that found the divergence. Seeds are aligned by update; on the
    seconds axis, a point stands at the mean time of its seeds.
    """
    history = with_stretches(history)
    table, carried = _by_seed(history, metric)
    n = table.count(axis=1)
    mean = table.mean(axis=1)
    half = half_width(table.std(axis=1), n)
    frame = DataFrame({"mean": mean, "low": mean - half, "high": mean + half, "n": n, "carried": carried, "lowest": table.min(axis=1)})
    return with_axis(frame[n > 0], _positions(history, x), x)


def _by_seed(history: DataFrame, metric: str) -> tuple[DataFrame, Series]:
    """The metric as (variant, stretch, step) x seed, with early stopped runs carried forward, and the number of
    carried runs in each row.
    """
    values = history.assign(value=history[metric].astype(float).where(np.isfinite(history[metric]) & (history["status"] != "diverged")))
    table = values.pivot(index=[*apart(values), "step"], columns="seed", values="value")
    last = ends(history)
    stops = last[last["status"] == "stopped"].pivot(index="variant", columns="seed", values="step")
    stop = stops.reindex(index=table.index.get_level_values("variant"), columns=table.columns).to_numpy(dtype=float)
    later = table.index.get_level_values("step").to_numpy()[:, None] > stop
    if later.any():
        table = table.where(~later, table.groupby(level="variant", observed=True).ffill())
    return table, Series(later.sum(axis=1), index=table.index)


def _positions(history: DataFrame, x: Axis) -> Series:
    """The position of each (variant, stretch, step) on the axis.

    When a slow seed has stopped, the mean time of the others may be lower than before; the running maximum keeps the curve from going back.
    """
    where = history[x].groupby([history[name] for name in (*apart(history), "step")], observed=True).mean()
    return where.groupby(level="variant", observed=True).cummax()


def with_stretches(history: DataFrame) -> DataFrame:
    """The history with `stretch` if pruning rewinds: the number of rewinds of the run before, so that no line crosses a rewind."""
    if "stretch" in history or "moment" not in history or not (marked := history["moment"] != "").any():
        return history
    return history.assign(stretch=marked.astype(int).groupby(history["run"]).cumsum() - marked.astype(int))


def apart(frame: DataFrame, line: str = "variant") -> list[str]:
    """The columns that distinguish one unbroken line from another."""
    return [line, "stretch"] if "stretch" in frame else [line]


def with_axis(frame: DataFrame, positions: Series, x: Axis) -> DataFrame:
    """The index as columns, then the x axis under its own name, then the other columns; the step is already in the index."""
    if x != "step":
        frame = frame.copy()
        frame.insert(0, x, positions.reindex(frame.index))
    return frame.reset_index()


def ends(history: DataFrame) -> DataFrame:
    """The last row of each run; its status says how the run ended, or that it still trains."""
    return history.drop_duplicates("run", keep="last")


def seed_lines(history: DataFrame, metric: str = "val_loss", x: Axis = "epoch") -> DataFrame:
    """Each run's own curve: variant, seed, run, the x axis, value; values that are not finite are left out."""
    frame = history[["variant", "seed", *apart(history, "run"), x]].assign(value=history[metric].astype(float))
    return frame[np.isfinite(frame["value"])]


def endings(history: DataFrame, metric: str = "val_loss", x: Axis = "epoch") -> DataFrame:
    """Where runs ended early: variant, seed, the x axis, value and `ending` (diverged or stopped early).

    The position is that of the run's last finite value; a run without one has no row.
    """
    how = ends(history).set_index("run")["status"].map({"diverged": DIVERGED, "stopped": STOPPED}).dropna()
    lines = seed_lines(history[history["run"].isin(how.index)], metric, x)
    last = lines.drop_duplicates("run", keep="last")
    return last.assign(ending=last["run"].map(how)).drop(columns=apart(last, "run"))


def counts(history: DataFrame, variants: Sequence[str]) -> DataFrame:
    """For each variant: n, the seeds that have been measured, and diverged, how many of them diverged."""
    last = ends(history)
    table = last["status"].eq("diverged").groupby(last["variant"], observed=True).agg(["size", "sum"])
    return table.reindex(list(variants), fill_value=0).rename(columns={"size": "n", "sum": "diverged"})


def final_values(history: DataFrame, metric: str) -> DataFrame:
    """One row for each run with a finite value: variant, seed, value and ending ("" or "diverged").

    This is its last value; a run that diverged has its last finite value.
    """
    lines = seed_lines(history, metric)
    last = lines.drop_duplicates("run", keep="last").set_index("run")
    diverged = ends(history).set_index("run")["status"].eq("diverged").reindex(last.index)
    table = last.assign(ending=np.where(diverged, DIVERGED, ""))
    return table[["variant", "seed", "value", "ending"]].reset_index(drop=True)


def intervals(values: DataFrame) -> DataFrame:
    """Mean and 95 % t interval over the seeds that did not diverge: variant, mean, low, high, n."""
    groups = values[values["ending"] == ""].groupby("variant", sort=False, observed=True)["value"]
    table = groups.agg(mean="mean", std="std", n="count")
    half = half_width(table["std"], table["n"])
    return table.assign(low=table["mean"] - half, high=table["mean"] + half).drop(columns="std").reset_index()


def last_steps(history: DataFrame) -> dict[str, int]:
    """How many updates the run of each variant that has made most has made."""
    return {str(name): int(step) for name, step in history.groupby("variant", observed=True)["step"].max().items()}


def medians(values: DataFrame) -> DataFrame:
    """Median over the runs that did not diverge: variant, median, n. `values`: as `final_values` gives them."""
    ended = values[values["ending"] == ""]
    return ended.groupby("variant", sort=False, observed=True)["value"].agg(median="median", n="count").reset_index()


def seed_medians(frame: DataFrame, keys: Sequence[str]) -> DataFrame:
    """Median over seeds of every other column: a row for each combination of the keys."""
    return frame.drop(columns="seed").groupby(list(keys), sort=False).median().reset_index()


def training_twin(history: DataFrame, metric: str) -> str | None:
    """The same metric on the training data; None if there is none, or if it was not measured."""
    twin = metrics.twin(metric)
    return None if twin is None or (len(history) and history[twin].isna().all()) else twin


def level(history: DataFrame, layers: DataFrame) -> tuple[DataFrame, DataFrame]:
    """History and layers, in which each variant that still trains is cut at the step that all its runs have reached.

    Seeds train in several stacks: a mean over the few that are ahead would jump when the others arrive.
    """
    last = history.drop_duplicates("run", keep="last")
    under_way = last[last["status"] == "running"]
    if under_way["step"].eq(under_way.groupby("variant")["step"].transform("min")).all():
        return history, layers
    reached = under_way.groupby("variant")["step"].transform("min").set_axis(under_way["run"])
    ahead = [frame["step"] > frame["run"].map(reached).fillna(math.inf) for frame in (history, layers)]
    return history[~ahead[0]], layers[~ahead[1]]
