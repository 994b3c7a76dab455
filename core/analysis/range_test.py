"""Readings of a learning-rate range test: where the loss falls fastest, where it is lowest, and where it diverges.

In a range test one run trains with every rate, each for some updates, from too small to too large.

Sources: Smith 2017 (arXiv:1506.01186); the two rules of thumb are those of the fastai library's lr_find.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas import DataFrame

from core.analysis.frames import Types, of_rows

WINDOW = 5
"""Number of evaluations over which a slope is computed, because a single one is mostly noise."""

BLOWN_UP = 1.5
"""The loss has blown up if, after its lowest value, it exceeds this multiple of the first loss."""

READINGS: Types = {"variant": "str", "n": "int64"} | dict.fromkeys(("steepest", "steepest_loss", "lowest", "tenth", "blown_up"), "float64")


def curve(history: DataFrame, metric: str = "train_loss_eval") -> DataFrame:
    """The mean loss of each variant over its seeds against the rate: variant, step, lr, loss, n.

    A seed counts up to its last finite value; the mean ends where half of the seeds no longer have one.
    """
    measured = history[(history["step"] > 0) & np.isfinite(history[metric].astype(float))]
    groups = measured.groupby(["variant", "step"], sort=False, observed=True)
    frame = groups.agg(lr=("lr", "mean"), loss=(metric, "mean"), n=(metric, "size")).reset_index()
    seeds = history.groupby("variant", observed=True)["seed"].nunique()
    enough = frame[frame["n"] * 2 > frame["variant"].map(seeds).astype(float)]
    parts = [enough[enough["variant"] == name].sort_values("step") for name in enough["variant"].unique()]
    return pd.concat(parts, ignore_index=True) if parts else enough


def measured_loss(history: DataFrame) -> str:
    """The training loss for reading a range test: the evaluated one, or the logged one if no training examples are evaluated."""
    return "train_loss" if len(history) and history["train_loss_eval"].isna().all() else "train_loss_eval"


def readings(curve: DataFrame) -> DataFrame:
    """The readings of each variant's curve, one row for each variant.

    Returns:
        variant; n (seeds); steepest, the rate at which the loss falls fastest per decade, and steepest_loss, the loss there; lowest, the
        rate of the lowest loss; tenth, a tenth of that rate; blown_up, the first later rate at which the loss is above 1.5 times the first
        loss (NaN if there is none).
    """
    return of_rows((_reading(str(name), group) for name, group in curve.groupby("variant", sort=False, observed=True)), READINGS)


def _reading(variant: str, group: DataFrame) -> dict[str, object]:
    lr, loss = group["lr"].to_numpy(dtype=float), group["loss"].to_numpy(dtype=float)
    lowest = int(np.argmin(loss))
    steepest = _steepest(np.log10(lr[: lowest + 1]), loss[: lowest + 1])
    after = np.flatnonzero(loss[lowest:] > BLOWN_UP * loss[0])
    return {
        "variant": variant,
        "n": int(group["n"].max()),
        "steepest": lr[steepest] if steepest is not None else np.nan,
        "steepest_loss": loss[steepest] if steepest is not None else np.nan,
        "lowest": lr[lowest],
        "tenth": lr[lowest] / 10,
        "blown_up": lr[lowest + after[0]] if len(after) else np.nan,
    }


def _steepest(x: np.ndarray, loss: np.ndarray) -> int | None:
    """The middle of the window in which the fitted line falls most steeply; None if it falls in no window."""
    if len(x) < WINDOW:
        return None
    slopes = [np.polyfit(x[start : start + WINDOW], loss[start : start + WINDOW], 1)[0] for start in range(len(x) - WINDOW + 1)]
    place = int(np.argmin(slopes))
    return place + WINDOW // 2 if slopes[place] < 0 else None


def top(curve: DataFrame) -> float | None:
    """The upper end of the loss axis: a little above the highest first loss, so that diverging losses do not flatten the other curves."""
    return None if curve.empty else float(1.6 * curve.groupby("variant", observed=True)["loss"].first().max())
