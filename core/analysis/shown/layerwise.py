"""Measures by layer, over seeds: at one moment, over training, and from the first layer to the last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pandas import DataFrame

from core.analysis.metrics import Axis
from core.analysis.shown import over_seeds
from core.analysis.statistics import half_width

if TYPE_CHECKING:
    from pandas.api.typing import DataFrameGroupBy

OUTPUT = "output"
"""The layer after the last hidden layer."""


def seeds(layers: DataFrame, column: str, x: Axis) -> DataFrameGroupBy:
    """The seeds of each (variant, layer, step): `value`, the column with NaN for values that are not finite, and `place` on the axis."""
    values = layers[column].where(np.isfinite(layers[column].astype(float)))
    keys = [layers["variant"], layers["layer"].astype("category"), layers["step"]]
    return DataFrame({"value": values, "place": layers[x]}).groupby(keys, sort=False, observed=True)


def at_moment(layers: DataFrame, epoch: float) -> DataFrame:
    """The rows of each run's last evaluation at or before `epoch`, with `place`: 1 for the layer at the input, 2 for the next, ...

    layers: one row for each run, evaluation and layer, with the layers in order from input to output; variant, seed and epoch joined.
    """
    until = layers[layers["epoch"] <= epoch + 1e-9]
    last = until[until["step"] == until.groupby("run", observed=True)["step"].transform("max")]
    return last.assign(place=last.groupby("run", observed=True).cumcount() + 1)


def means(frame: DataFrame, by: Sequence[str], column: str, *, log: bool) -> DataFrame:
    """Mean over seeds with its 95 % t interval, one row for each group: the columns of `by`, mean, low, high, n.

    With `log` it is the geometric mean with the interval of the logarithms, for values that differ by factors. Values that are not finite
    are left out, and with `log` also those that are not above 0.
    """
    values = frame[column].astype(float)
    fit = np.isfinite(values) & ((values > 0) if log else True)
    groups = frame[fit].assign(value=np.log(values[fit]) if log else values[fit]).groupby(list(by), sort=False, observed=True)["value"]
    table = groups.agg(mean="mean", std="std", n="count")
    half = half_width(table["std"], table["n"])
    table = table.assign(low=table["mean"] - half, high=table["mean"] + half).drop(columns="std")
    ends = ["mean", "low", "high"]
    return (table.assign(**{name: np.exp(table[name]) for name in ends}) if log else table).reset_index()


def by_depth(layers: DataFrame, column: str, *, first: bool = False) -> DataFrame:
    """A measure of each hidden layer at its last (or first) evaluation: variant, layer, place (from 1 on), n, mean, low and high (95 % t),
    min and max of the seeds.

    Args:
        layers: one row for each run, evaluation and layer, in order from input to output: variant, seed, run, step, epoch, layer, the
        column.
        column: a measure of `layers`.
        first: use the first evaluation, which is before training.
    """
    hidden = layers[layers["layer"] != "output"]
    steps = hidden.groupby("run", observed=True)["step"]
    rows = hidden[hidden["step"] == (steps.transform("min") if first else steps.transform("max"))]
    places = {name: index for index, name in enumerate(dict.fromkeys(hidden["layer"]), 1)}
    values = rows[column].where(np.isfinite(rows[column].astype(float)))
    groups = values.groupby([rows["variant"], rows["layer"]], sort=False, observed=True).agg(["mean", "std", "count", "min", "max"])
    groups = groups.rename(columns={"count": "n"}).reset_index()
    half = half_width(groups["std"], groups["n"])
    table = groups.assign(low=groups["mean"] - half, high=groups["mean"] + half, place=groups["layer"].astype(object).map(places))
    return table.loc[table["n"] > 0, ["variant", "layer", "place", "n", "mean", "low", "high", "min", "max"]]


def layer_means(frame: DataFrame, column: str, x: Axis = "epoch") -> DataFrame:
    """Mean over seeds with its 95 % t interval: variant, layer, step, the x axis, mean, low, high, n."""
    groups = seeds(frame, column, x)
    table = groups["value"].agg(["mean", "std", "count"]).rename(columns={"count": "n"})
    half = half_width(table["std"], table["n"])
    table = table.assign(low=table["mean"] - half, high=table["mean"] + half).drop(columns="std")
    return over_seeds.with_axis(table[table["n"] > 0], groups["place"].mean(), x)


def medians(layers: DataFrame, column: str, x: Axis = "epoch") -> DataFrame:
    """Median over seeds: variant, layer, step, the x axis, value (NaN if no seed is finite).

    If a measure has no values yet at step 0, as the update size before the first update, that step is left out.
    """
    groups = seeds(layers, column, x)
    table = over_seeds.with_axis(groups["value"].median().to_frame(), groups["place"].mean(), x)
    measured = table["value"].notna().groupby(table["step"]).transform("any")
    return table[measured | (table["step"] > 0)]


def first_and_last(frame: DataFrame, variants: list[str]) -> DataFrame:
    """One row for each variant: seeds, first and last (gradient norm of the first and last hidden layer), ratio, the same for spread, dead.

    frame: from `at_moment`; values that are not finite count as not measured. All are medians over seeds; `ratio` and `dead` (the mean over
    hidden layers) are computed for each seed first.
    """
    measures = ["grad_norm", "activation_std", "dead_fraction"]
    finite = frame.assign(**{name: frame[name].where(np.isfinite(frame[name].astype(float))) for name in measures})
    hidden = finite[finite["layer"] != OUTPUT].groupby(["variant", "seed"], sort=False, observed=True)
    first, last = hidden.first(skipna=False), hidden.last(skipna=False)  # a layer without a value must not take another layer's value
    by_seed = DataFrame({"first": first["grad_norm"], "last": last["grad_norm"], "ratio": first["grad_norm"] / last["grad_norm"]})
    by_seed = by_seed.assign(spread_first=first["activation_std"], spread_last=last["activation_std"], dead=hidden["dead_fraction"].mean())
    groups = by_seed.groupby(level="variant", observed=True)
    medians = groups.median()
    medians.insert(0, "seeds", groups.size())
    ordered = medians.reindex(pd.Index(variants, name="variant"))
    return ordered.assign(seeds=ordered["seeds"].fillna(0).astype(int)).reset_index()


def factors(ends: DataFrame, column: str, low: int, high: int) -> dict[str, float]:
    """For each variant, the factor by which one more layer changes a column, from networks of two depths: the geometric mean over seeds.

    ends: variant, seed, depth, the column. Variants without one of the two depths are left out.
    """
    table = means(ends, ["variant", "depth"], column, log=True).set_index(["variant", "depth"])["mean"].unstack("depth")
    if low not in table or high not in table:
        return {}
    found = ((table[high] / table[low]) ** (1 / (high - low))).dropna()
    return {str(name): float(factor) for name, factor in found.items()}
