"""What a simulated cluster comes to: when a server reaches a target, its loss over the clock, how stale its gradients are, who waits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from core.analysis.shown import layerwise

OTHERS, STRAGGLER = "the others'", "the straggler's"

GRID = 160
"""Moments of the simulated clock at which curves of several seeds are compared."""

MOST = 10
"""Times its first value: a loss above that has diverged, and would leave the others no room."""


class Reached(NamedTuple):
    """When a server reaches the target: by seed (infinite: not at all), and the mean over the seeds; infinite where one does not."""

    by_seed: Series
    mean: float


def part(frame: DataFrame, name: str) -> DataFrame:
    """The rows of a part of a watched cluster, without the columns of others."""
    return frame[frame["part"] == name].dropna(axis=1, how="all")


def reached(losses: DataFrame, target: float) -> Reached:
    """When the loss (seed, seconds, loss) was first measured at or below the target."""
    first = losses[losses["loss"] <= target].groupby("seed")["seconds"].min()
    found = first.reindex(sorted(losses["seed"].unique()), fill_value=math.inf)
    return Reached(found, float(found.mean()))


def over_clock(losses: DataFrame, seconds: float) -> DataFrame:
    """seconds, mean, low, high, n: the loss over the simulated time. Between two measurements, a seed has the value of the earlier one.

    It is the geometric mean with its interval, because the axis is logarithmic. There is no row if a seed's loss is no longer finite, or if
    the mean is `MOST` times its first value.
    """
    clock = np.linspace(0, seconds, GRID)
    seeds = {}
    for seed, rows in losses.groupby("seed"):
        place = np.searchsorted(rows["seconds"].to_numpy(), clock, side="right") - 1
        seeds[seed] = rows["loss"].to_numpy(dtype=float)[place]
    table = DataFrame(seeds, index=pd.Index(clock, name="seconds"))
    usable = table[np.isfinite(table).all(axis=1)].reset_index().melt("seconds", var_name="seed", value_name="loss")
    found = layerwise.means(usable, ["seconds"], "loss", log=True)
    return found[found["mean"] <= MOST * found["mean"].iloc[0]] if len(found) else found


def diverged(losses: DataFrame) -> bool:
    """Whether a seed's loss ends above where it began, or is no longer finite."""
    ends = losses.groupby("seed")["loss"].agg(lambda values: values.iloc[-1] <= values.iloc[0])
    return not bool(ends.all())


def stale_shares(updates: DataFrame, workers: int, *, straggler: bool) -> DataFrame:
    """whose, staleness, share (of all gradients that were used), count.

    Args:
        updates: worker, staleness, count.
        workers: number of workers; the last one is the straggler, if there is one.
        straggler: whether there is one.
    """
    whose = np.where((updates["worker"] == workers - 1) & straggler, STRAGGLER, OTHERS)
    counts = updates.assign(whose=whose).groupby(["whose", "staleness"], as_index=False)["count"].sum()
    return counts.assign(share=counts["count"] / counts["count"].sum())


def median_staleness(shares: DataFrame) -> dict[str, float]:
    """The median staleness of the gradients of each group of workers (`whose`)."""
    groups = shares.groupby("whose")[["staleness", "count"]]
    return {str(whose): float(np.median(np.repeat(rows["staleness"], rows["count"].astype(int)))) for whose, rows in groups}


def waiting_share(work: DataFrame) -> float:
    """The share of the living workers' time in which they wait for others. `work`: state, begin, end."""
    spent = work.assign(time=work["end"] - work["begin"]).groupby("state")["time"].sum()
    alive = spent.drop("dead", errors="ignore").sum()
    return float(spent.get("waits", 0.0) / alive) if alive else 0.0


def summed(losses: Mapping[str, DataFrame], target: float) -> DataFrame:
    """One row for each server: updates and gradients, final loss and accuracy, seconds to the target. Means over seeds."""
    rows = []
    for name, frame in losses.items():
        last = frame.groupby("seed").tail(1)
        end = {column: float(last[column].mean(skipna=False)) for column in ("update", "gradients", "loss", "accuracy") if column in last}
        to_target = reached(frame, target).mean
        rows.append({"server": name, **end, "seconds_to_target": to_target if math.isfinite(to_target) else math.nan})
    return DataFrame(rows)
