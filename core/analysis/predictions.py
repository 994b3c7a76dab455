"""Summaries of predictions: confusion matrices, ROC and precision-recall curves over seeds, predicted against true values.

Frames of predictions have one row for each run and example: variant, seed, run, part, size, example, target, predicted; for
classification also `probability_NAME` for each class.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DataFrame

from core.analysis.statistics import mean_interval, t_quantile

PROBABILITY = "probability_"
GRID = np.linspace(0, 1, 101)
"""The x values at which the curves of several seeds are averaged."""

Floats = NDArray[np.float64]
_Read = Callable[[Floats, Floats, Floats], Floats]
"""Computes the values at GRID from false positive rates, true positive rates and precisions."""


def classes(frame: DataFrame) -> list[str]:
    """The classes in the rows, in the order of the data."""
    names = [name for name in frame.columns if str(name).startswith(PROBABILITY) and frame[name].notna().any()]
    return [str(name).removeprefix(PROBABILITY) for name in names]


def confusion(frame: DataFrame) -> DataFrame:
    """One row for each variant, true and predicted class: `count` (mean over the seeds), `share` of the true class's examples, `seeds`.

    For a class without examples in the part, the shares are NaN.
    """
    known = classes(frame)
    rows = []
    for variant, group in frame.groupby("variant", sort=False, observed=True):
        seeds = group["seed"].nunique()
        counts: dict[object, int] = group.groupby(["target", "predicted"]).size().to_dict()
        for true in known:
            of_row = {predicted: counts.get((true, predicted), 0) for predicted in known}
            total = sum(of_row.values())
            rows += [(variant, true, name, count / seeds, count / total if total else np.nan, seeds) for name, count in of_row.items()]
    return DataFrame(rows, columns=["variant", "true", "predicted", "count", "share", "seeds"])


def roc(frame: DataFrame, positive: str) -> DataFrame:
    """One row for each variant and false positive rate `x`: mean true positive rate over the seeds, low, high (95 % t interval), n.

    Each seed's curve is read at the same rates, with straight lines between its points.
    """
    return _over_seeds(frame, positive, lambda false, true, _: np.interp(GRID, false, true))


def precision_recall(frame: DataFrame, positive: str) -> DataFrame:
    """One row for each variant and recall `x`: mean precision over the seeds, low, high (95 % t interval), n.

    At each recall the precision is that of the highest threshold that reaches it, as in scikit-learn's average precision.
    """
    return _over_seeds(frame, positive, lambda _, true, precision: precision[np.searchsorted(true[1:], GRID - 1e-12)])


def areas(frame: DataFrame, positive: str) -> DataFrame:
    """One row for each run: variant, seed, `roc_auc` and `average_precision` of one class against the rest; NaN if one side is missing."""
    rows = []
    for (variant, seed), group in frame.groupby(["variant", "seed"], sort=False, observed=True):
        found = _rates(group, positive)
        if found is None:
            rows.append((variant, seed, np.nan, np.nan))
        else:
            false, true, precision = found
            rows.append((variant, seed, float(np.trapezoid(true, false)), float(np.sum(np.diff(true) * precision))))
    return DataFrame(rows, columns=["variant", "seed", "roc_auc", "average_precision"])


def areas_by_variant(frame: DataFrame) -> DataFrame:
    """The means of `areas` over seeds, one row for each variant: n, and for both areas the mean and half its 95 % interval (`*_half`)."""
    rows = []
    for variant, group in frame.groupby("variant", sort=False, observed=True):
        told: dict[str, object] = {"variant": variant, "n": int(group["roc_auc"].notna().sum())}
        for name in ("roc_auc", "average_precision"):
            mean, low, high = mean_interval(group[name].dropna())
            told |= {name: mean, f"{name}_half": (high - low) / 2}
        rows.append(told)
    return DataFrame(rows, columns=["variant", "n", "roc_auc", "roc_auc_half", "average_precision", "average_precision_half"])


def share_of(frame: DataFrame, positive: str) -> float:
    """The share of a class among the examples, which is the precision of guessing."""
    return float((frame["target"] == positive).mean()) if len(frame) else np.nan


def against_true(frame: DataFrame) -> DataFrame:
    """For a regression, one row for each variant and example: target, mean, low and high (lowest and highest prediction of a seed), n."""
    groups = frame.astype({"target": float, "predicted": float}).groupby(["variant", "example"], sort=False, observed=True)
    table = groups.agg(
        target=("target", "first"), mean=("predicted", "mean"), low=("predicted", "min"), high=("predicted", "max"), n=("seed", "nunique")
    )
    return table.reset_index()


def _rates(group: DataFrame, positive: str) -> tuple[Floats, Floats, Floats] | None:
    """False and true positive rates from the highest threshold down, beginning with (0, 0), and the precision at each later point.

    The thresholds are the distinct scores, so that examples with equal scores are counted together. None if either class is missing.
    """
    scores = group[f"{PROBABILITY}{positive}"].to_numpy(dtype=float)
    hit = (group["target"] == positive).to_numpy()
    if hit.all() or not hit.any() or not np.isfinite(scores).all():
        return None
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)
    true, false = np.cumsum(hit[order])[last], np.cumsum(~hit[order])[last]
    return np.append(0.0, false / false[-1]), np.append(0.0, true / true[-1]), true / (true + false)


def _over_seeds(frame: DataFrame, positive: str, read: _Read) -> DataFrame:
    parts = [DataFrame(columns=["variant", "x", "mean", "low", "high", "n"])]
    for variant, group in frame.groupby("variant", sort=False, observed=True):
        found = [rates for _, run in group.groupby("seed", sort=False) if (rates := _rates(run, positive)) is not None]
        if found:
            parts.append(_band(np.stack([read(*rates) for rates in found])).assign(variant=str(variant)))
    return pd.concat(parts[1:] or parts, ignore_index=True)


def _band(values_SG: Floats) -> DataFrame:
    """Mean over S seeds at each point of GRID with its 95 % t interval, clipped to 0 and 1; NaN with one seed."""
    seeds = len(values_SG)
    mean_G = values_SG.mean(0)
    half_G = values_SG.std(0, ddof=1) / np.sqrt(seeds) * t_quantile(seeds - 1.0) if seeds > 1 else np.full_like(mean_G, np.nan)
    ends = {"low": np.clip(mean_G - half_G, 0, 1), "high": np.clip(mean_G + half_G, 0, 1)}
    return DataFrame({"x": GRID, "mean": mean_G, **ends, "n": seeds})
