"""Analysis of recurrent networks: the gradient against the lag, summarised over seeds, and which runs are better than a baseline."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pandas import DataFrame, Series

from core.analysis.frames import Types, of_rows
from core.analysis.shown import layerwise
from core.analysis.statistics import mean_interval

SLOPES: Types = {"variant": "str", "n": "int64"} | dict.fromkeys(("slope", "low", "high", "factor", "straight", "gone"), "float64")

FAR = 0.01
"""A gradient has vanished when its norm falls below this share of the first step's."""


def curves(norms: DataFrame) -> DataFrame:
    """Geometric mean over seeds with the 95 % t interval of the logarithms: variant, lag, mean, low, high, n.

    Args:
        norms: variant, seed, lag, norm; values that are zero or not finite are left out.
    """
    return layerwise.means(norms, ["variant", "lag"], "norm", log=True)[["variant", "lag", "mean", "low", "high", "n"]]


def slopes(norms: DataFrame) -> DataFrame:
    """A straight line fitted to log norm against lag, one row for each variant.

    variant, n (seeds), slope (per step, the mean of the seeds' least-squares slopes), low, high (95 % t interval), factor (e^slope),
    straight (mean R2 of the lines: 1 is a perfect line; NaN if a curve is constant), gone (first lag at which the geometric mean is below
    1 % of its first value; NaN if there is none).
    """
    frame, means = _logarithms(norms), curves(norms)
    rows = []
    for variant, group in frame.groupby("variant", sort=False):
        lines = [_line(seed) for _, seed in group.groupby("seed")]
        slope, low, high = mean_interval([line[0] for line in lines])
        straight = mean_interval([line[1] for line in lines])[0]
        mean = means[means["variant"] == variant]
        rows.append((variant, len(lines), slope, low, high, np.exp(slope), straight, _gone(mean)))
    return of_rows(rows, SLOPES)


def _logarithms(norms: DataFrame) -> DataFrame:
    usable = norms[(norms["norm"] > 0) & np.isfinite(norms["norm"])]
    return usable.assign(log=np.log(usable["norm"]))


def _line(seed: DataFrame) -> tuple[float, float]:
    """Slope and R2 of one seed."""
    lag, log = seed["lag"].to_numpy(dtype=float), seed["log"].to_numpy()
    if len(lag) < 2:
        return np.nan, np.nan
    slope, intercept = np.polyfit(lag, log, 1)
    total = float(((log - log.mean()) ** 2).sum())
    left = float(((log - intercept - slope * lag) ** 2).sum())
    return float(slope), 1 - left / total if total > 1e-12 * len(log) else np.nan


def _gone(mean: DataFrame) -> float:
    below = mean["lag"][mean["mean"] < FAR * mean["mean"].iloc[0]]
    return float(below.iloc[0]) if len(below) else np.nan


def solved(history: DataFrame, baselines: Mapping[str, float], metric: str = "val_loss") -> DataFrame:
    """The runs that ended below half of their variant's baseline loss: variant, n, solved (their number), diverged, epoch (median of the
    first time; NaN if none). One row for each variant of `baselines`.
    """
    history = history[history["variant"].isin(list(baselines))]
    history = history.assign(under=history[metric] < history["variant"].map(baselines).astype(float) / 2)
    last = history.drop_duplicates("run", keep="last")
    ended = last["status"] != "diverged"
    below = history[history["under"]].drop_duplicates("run").set_index("run")["epoch"]
    done = ended & last["under"]
    frame = DataFrame(
        {"variant": last["variant"], "solved": done, "diverged": ~ended, "epoch": last["run"].map(below).astype(float).where(done)}
    )
    groups = frame.groupby("variant", observed=True)
    table = DataFrame({"n": groups.size(), "solved": groups["solved"].sum(), "diverged": groups["diverged"].sum()})
    table = table.assign(epoch=groups["epoch"].median()).reindex(list(baselines))
    return (
        table.fillna({"n": 0, "solved": 0, "diverged": 0}).astype({"n": int, "solved": int, "diverged": int}).reset_index(names="variant")
    )


def diverged_shares(history: DataFrame, variants: list[str]) -> DataFrame:
    """variant, n, diverged, share (of the runs that have been measured; NaN before)."""
    last = history.drop_duplicates("run", keep="last")
    groups = last["status"].eq("diverged").groupby(last["variant"], observed=True)
    table = DataFrame({"n": groups.size(), "diverged": groups.sum()}).reindex(variants).fillna(0).astype(int)
    share: Series[float] = table["diverged"] / table["n"].where(table["n"] > 0)
    return table.assign(share=share).reset_index(names="variant")
