"""Results of stopping rules: replayed on runs without a rule, and in runs that used one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from core.analysis import metrics

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
    epochs = groups["epoch"].agg(listed)
    return DataFrame({"stopped": stopped, "epochs": epochs, **groups[["value", "kept", *more]].mean()}).reset_index()


def ended(history: DataFrame, kept: DataFrame, runs: DataFrame, variants: Sequence[str]) -> DataFrame:
    """A row a variant (the index): `epochs`, at which its runs ended, and the means of what they gave, over those that did not diverge:
    `val_loss` of the weights that they ended with, and the test scores.

    Args:
        history: a row a run and evaluation, in order of step within a run.
        kept: the same up to the weights that each run ended with.
        runs: a row a run.
        variants: in their order.
    """
    at_hand = kept.drop_duplicates("run", keep="last").set_index("run")["val_loss"]
    finite = runs[runs["status"] != "diverged"]
    groups = finite.assign(val_loss=finite["run"].map(at_hand).astype(float)).groupby("variant", sort=False)
    epochs = history.drop_duplicates("run", keep="last").groupby("variant", observed=True)["epoch"].agg(listed)
    ordered = groups[["val_loss", *metrics.TESTS]].mean().reindex(list(variants))
    ordered.insert(0, "epochs", epochs.reindex(ordered.index))
    return ordered


def listed(epochs: Series) -> str:
    """The epochs of each seed, in order: `4, 6, 5`."""
    return ", ".join(f"{epoch:g}" for epoch in epochs)


def of_test(runs: DataFrame) -> DataFrame:
    """The test losses of the runs that have ended, as `charts.pairs` takes them."""
    rows = runs[["variant", "seed"]].assign(value=runs["test_loss"].astype(float), part="test")
    rows = rows.assign(ending=np.where(runs["status"] == "diverged", "diverged", ""))
    return rows[np.isfinite(rows["value"])]
