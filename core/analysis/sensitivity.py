"""How what a run ends at depends on a number among its settings, such as its learning rate: curves over that number, and their best.

A *place* is a value of the number; a *curve* holds the variants that differ in nothing else. One variant may stand on several curves.
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
"""Where variants stand: what `values` takes."""

UNSTABLE = 0.5
"""From this share of diverged seeds on, a place is not the best: its mean is that of the lucky ones."""

BEYOND = 0.6
"""How far past the untrained network's value a picture reaches, as a share of the way from there to the best value."""


def values(history: DataFrame, runs: DataFrame, places: DataFrame, metric: str = "val_loss", at: At = "last") -> DataFrame:
    """One row a run and curve: curve, place, variant, seed, run, status, value (NaN for a run that diverged or has not been measured),
    start (the run's own value before its first update; NaN where that was not measured).

    Args:
        history: a row a run and evaluation.
        runs: a row a run: variant, seed, run, status.
        places: a row a variant and curve: variant, curve, place.
        metric: a column of `history`.
        at: the last value of each run, or the best that it ever reached.
    """
    measured = runs[runs["run"].isin(history["run"].unique())]
    frame = places.merge(seed_values(history, measured, metric, at), on="variant", how="inner")
    before = history[history["step"] == 0].drop_duplicates("run").set_index("run")[metric].astype(float)
    frame = frame.assign(start=frame["run"].map(before).astype(float))
    return frame[["curve", "place", "variant", "seed", "run", "status", "value", "start"]]


def points(values: DataFrame, metric: str = "val_loss") -> DataFrame:
    """One row a curve and place, curve by curve in order of place, over the seeds that did not diverge.

    Args:
        values: as `values` gives them.
        metric: says which direction is worse.

    Returns:
        curve, place, variant; n (seeds); diverged; worse (seeds that did not diverge and yet ended worse than they were before training);
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
    """The best place of each curve, a row a curve, with the columns of `points` and `edge`.

    `edge` is "lowest" or "highest" where the best is the first or the last of the places tried, so that a better one may lie outside; ""
    where it is not, or where a curve has fewer than three places. Places where half of the seeds or more diverged are not the best
    unless there are no others.
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
    """The metric before the first update: its median over the runs of a variant, of the variant where that is worst; NaN where unknown."""
    before = history.loc[history["step"] == 0, metric].astype(float)
    medians = before[np.isfinite(before)].groupby(history["variant"], observed=True).median()
    return float(medians.min() if higher_is_better(metric) else medians.max())


def starts(values: DataFrame) -> Series:
    """What the networks of each curve were before training, by curve: medians over runs, of those that have a finite value.

    Where all curves began with the same values at each seed it is one value, under an empty name.
    """
    known = values[np.isfinite(values["start"])]
    if known.groupby("seed")["start"].nunique().le(1).all():
        known = known.assign(curve="")
    return known.groupby("curve", sort=False)["start"].median()


def limit(points: DataFrame, start: float, metric: str = "val_loss") -> float | None:
    """The worst value to show, so that runs that exploded do not press the others flat; None where every value may be shown."""
    means = points["mean"].dropna()
    if means.empty or pd.isna(start):
        return None
    reached = means.max() if higher_is_better(metric) else means.min()
    worst = means.min() if higher_is_better(metric) else means.max()
    end = start + BEYOND * (start - reached)
    return float(end) if (worst > end) != higher_is_better(metric) and worst != end else None


def at_place(values: DataFrame, frame: DataFrame, chosen: DataFrame) -> DataFrame:
    """The rows of `frame` (with variant and run) that belong to the chosen (curve, place), the curve standing as their variant.

    So that statistics over variants compare curves, each at one place. A run on several curves counts for each.
    """
    wanted = values.merge(chosen[["curve", "place"]], on=["curve", "place"])[["run", "curve"]].drop_duplicates()
    return frame.merge(wanted, on="run").assign(variant=lambda rows: rows["curve"]).drop(columns="curve")
