"""Results of stopping rules: replayed on runs without a rule, and in runs that used one."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas import DataFrame

AT_STOP, KEPT = "last weights", "best weights"


def as_parts(every: DataFrame) -> DataFrame:
    """The rows of a replay (rule, seed, stopped, epoch, value, kept) as `charts.pairs` takes them."""
    parts = {AT_STOP: "value", KEPT: "kept"}
    frames = [
        DataFrame({"variant": every["rule"], "seed": every["seed"], "part": part, "value": every[name]}) for part, name in parts.items()
    ]
    return pd.concat(frames, ignore_index=True).dropna(subset="value").assign(ending="")


def summed(every: DataFrame, *more: str) -> DataFrame:
    """One row for each rule, over the seeds: in how many it stops, at which epochs, and the means of `value`, `kept` and the columns
    `more`.
    """
    groups = every.groupby("rule", sort=False)
    stopped = groups["stopped"].agg(lambda told: f"{int(told.sum())} of {len(told)}")
    epochs = groups["epoch"].agg(lambda places: ", ".join(f"{place:g}" for place in places))
    return DataFrame({"stopped": stopped, "epochs": epochs, **groups[["value", "kept", *more]].mean()}).reset_index()


def of_test(runs: DataFrame) -> DataFrame:
    """The test losses of the runs that have ended, as `charts.pairs` takes them."""
    rows = runs[["variant", "seed"]].assign(value=runs["test_loss"].astype(float), part="test")
    rows = rows.assign(ending=np.where(runs["status"] == "diverged", "diverged", ""))
    return rows[np.isfinite(rows["value"])]
