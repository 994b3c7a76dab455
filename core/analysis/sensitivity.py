"""How the results of runs depend on a numeric setting, such as the learning rate: curves over that number, and their best places.

A *place* is a value of the number. A *curve* holds the variants that differ only in it. A variant may belong to several curves.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from core.analysis.frames import Types, of_rows
from core.analysis.metrics import higher_is_better
from core.analysis.statistics import At as At
from core.analysis.statistics import mean_interval, seed_values

POINTS: Types = {
    "curve": "str",
    "place": "float64",
    "variant": "str",
    **dict.fromkeys(("n", "diverged", "worse"), "int64"),
} | dict.fromkeys(("mean", "low", "high"), "float64")
PLACES: Types = {"variant": "str", "curve": "str", "place": "float64"}
"""The curve and place of each variant, as `values` takes them."""

UNSTABLE = 0.5
"""From this share of diverged seeds on, a place cannot be the best, because its mean would be over the lucky seeds only."""

BEYOND = 0.6
"""How far a chart extends beyond the untrained network's value, as a share of the distance from there to the best value."""


def values(history: DataFrame, runs: DataFrame, places: DataFrame, metric: str = "val_loss", at: At = "last") -> DataFrame:
    """One row for each run and curve: curve, place, variant, seed, run, status, value (NaN for a diverged or not yet measured run), start
    (the run's own value before its first update; NaN if it was not measured).

    Args:
        history: one row for each run and evaluation.
        runs: one row for each run: variant, seed, run, status.
        places: one row for each variant and curve: variant, curve, place.
        metric: a column of `history`.
        at: the last value of each run, or the best that it ever reached.
    """
    measured = runs[runs["run"].isin(history["run"].unique())]
    frame = places.merge(seed_values(history, measured, metric, at), on="variant", how="inner")
    before = history[history["step"] == 0].drop_duplicates("run").set_index("run")[metric].astype(float)
    frame = frame.assign(start=frame["run"].map(before).astype(float))
    return frame[["curve", "place", "variant", "seed", "run", "status", "value", "start"]]


def points(values: DataFrame, metric: str = "val_loss") -> DataFrame:
    """One row for each curve and place, ordered by curve and place, over the seeds that did not diverge.

    Args:
        values: as `values` returns them.
        metric: determines which direction is worse.

    Returns:
        curve, place, variant; n (seeds); diverged; worse (seeds that did not diverge but ended worse than before training);
        mean, low and high (95 % t interval).
    """
    sign = -1 if higher_is_better(metric) else 1
    frame = values.assign(worse=sign * values["value"] > sign * values["start"])
    rows = [
        {"curve": curve, "place": place, "variant": group["variant"].iloc[0], **_point(group)}
        for curve in frame["curve"].unique()
        for place, group in frame[frame["curve"] == curve].groupby("place", sort=True)
    ]
    return of_rows(rows, POINTS)


def _point(group: DataFrame) -> dict[str, float]:
    mean, low, high = mean_interval(group["value"])
    diverged, worse = int(group["status"].eq("diverged").sum()), int(group["worse"].sum())
    return {"n": len(group), "diverged": diverged, "worse": worse, "mean": mean, "low": low, "high": high}


def lowest(seeds: DataFrame) -> DataFrame:
    """The lowest value of a seed at each place of a curve: curve, place, lowest. `seeds`: curve, place, value."""
    return seeds.groupby(["curve", "place"], sort=False)["value"].min().rename("lowest").reset_index()


def failed(points: DataFrame) -> Series:
    """The share of the seeds of each point that diverged, or ended worse than they were before training."""
    share: Series[float] = (points["diverged"] + points["worse"]) / points["n"]
    return share


def best(points: DataFrame, metric: str = "val_loss") -> DataFrame:
    """The best place of each curve, one row for each curve, with the columns of `points` and `edge`.

    `edge` is "lowest" or "highest" if the best place is the first or the last one tried, so that a better one may lie outside; else it is
    "", as for a curve with fewer than three places. A place where at least half of the seeds diverged is the best only if all places are
    so.
    """
    usable = points.dropna(subset=["mean"])
    stable = usable[usable["diverged"] < UNSTABLE * usable["n"]]
    rows = []
    for curve in points["curve"].unique():
        group = stable[stable["curve"] == curve]
        group = group if len(group) else usable[usable["curve"] == curve]
        if len(group):
            row = group.loc[group["mean"].idxmax() if higher_is_better(metric) else group["mean"].idxmin()]
            rows.append({**row.to_dict(), "edge": _edge(row["place"], points.loc[points["curve"] == curve, "place"])})
    return of_rows(rows, {**POINTS, "edge": "str"})


def _edge(place: float, tried: Series) -> str:
    if len(tried) < 3:
        return ""
    return "lowest" if place == tried.min() else "highest" if place == tried.max() else ""


def untrained(history: DataFrame, metric: str = "val_loss") -> float:
    """The metric before the first update: its median over the runs of a variant, for the variant where it is worst; NaN if unknown."""
    before = history.loc[history["step"] == 0, metric].astype(float)
    medians = before[np.isfinite(before)].groupby(history["variant"], observed=True).median()
    return float(medians.min() if higher_is_better(metric) else medians.max())


def starts(values: DataFrame) -> Series:
    """The values of each curve's networks before training: the median over runs with a finite value.

    If all curves begin with the same values at each seed, the result is one value with an empty name.
    """
    known = values[np.isfinite(values["start"])]
    if known.groupby("seed")["start"].nunique().le(1).all():
        known = known.assign(curve="")
    return known.groupby("curve", sort=False)["start"].median()


def limit(points: DataFrame, start: float, metric: str = "val_loss") -> float | None:
    """The worst value that a chart should show, so that exploded runs do not flatten the other curves; None if all values can be shown."""
    means = points["mean"].dropna()
    if means.empty or pd.isna(start):
        return None
    reached = means.max() if higher_is_better(metric) else means.min()
    worst = means.min() if higher_is_better(metric) else means.max()
    end = start + BEYOND * (start - reached)
    return float(end) if (worst > end) != higher_is_better(metric) and worst != end else None


def at_place(values: DataFrame, frame: DataFrame, chosen: DataFrame) -> DataFrame:
    """The rows of `frame` (with variant and run) that belong to the chosen (curve, place), with the curve as their variant.

    Statistics over variants then compare curves, each at one place. A run on several curves counts for each of them.
    """
    wanted = values.merge(chosen[["curve", "place"]], on=["curve", "place"])[["run", "curve"]].drop_duplicates()
    return frame.merge(wanted, on="run").assign(variant=lambda rows: rows["curve"]).drop(columns="curve")
