"""The cost and the savings of compression: every variant against its counterpart, paired by seed, and the work of the remaining weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from pandas import DataFrame, Series

from core.analysis.frames import Types, of_rows
from core.analysis.metrics import higher_is_better
from core.analysis.statistics import half_of, mean_interval, paired_difference, seed_values, sentence

OUTCOMES: Types = {"variant": "str", "counterpart": "str", "n": "int64", "diverged": "int64"} | dict.fromkeys(
    ("mean", "low", "high", "difference", "difference_low", "difference_high"), "float64"
)


def outcomes(history: DataFrame, runs: DataFrame, metric: str, counterparts: Mapping[str, str] = {}) -> DataFrame:
    """One row for each variant: n (seeds), diverged, and the mean of the last value with its 95 % t interval (low, high) over the seeds
    that ended finite; `counterpart`, and `difference` to it, paired by seed, with its interval; NaN for a variant without a counterpart.

    The last value is used and not the best, because the best value of a pruned run may be from before the pruning.
    """
    values = seed_values(history, runs, metric)
    by_variant = {str(name): group.set_index("seed") for name, group in values.groupby("variant", sort=False, observed=True)}
    return of_rows([_outcome(name, by_variant, counterparts.get(name, "")) for name in by_variant], OUTCOMES)


def _outcome(name: str, by_variant: Mapping[str, DataFrame], counterpart: str) -> tuple[object, ...]:
    seeds = by_variant[name]
    mean, low, high = mean_interval(seeds["value"]) if seeds["value"].notna().any() else (np.nan,) * 3
    other = by_variant[counterpart]["value"] if counterpart in by_variant else seeds["value"] * np.nan
    change = paired_difference(seeds["value"], other)
    ended = len(seeds), int((seeds["status"] == "diverged").sum()), mean, low, high
    return name, counterpart, *ended, change.mean, change.low, change.high


def verdicts(history: DataFrame, runs: DataFrame, treated: DataFrame, metric: str) -> list[str]:
    """For each counterpart the best of those that are held against it, in a sentence; the best of all first.

    `treated`: name, counterpart, mean.
    """
    by_seed = {
        name: group.set_index("seed")["value"] for name, group in seed_values(history, runs, metric).groupby("variant", observed=True)
    }
    ranked = treated.sort_values("mean", ascending=not higher_is_better(metric), kind="stable").drop_duplicates("counterpart")
    pairs = zip(ranked["name"], ranked["counterpart"], strict=True)
    return [sentence(name, other, paired_difference(by_seed[name], by_seed[other]), metric) for name, other in pairs]


def target_spreads(runs: DataFrame) -> Series:
    """The spread of the target in each variant's own data: the median over its seeds."""
    return runs.groupby("variant", observed=True)["target_std"].median().astype(float)


def at_ends(runs: DataFrame, columns: Sequence[str]) -> DataFrame:
    """Means over the runs of each variant of what is measured once, at a run's end: variant and the columns."""
    return runs.groupby("variant", sort=False, observed=True)[list(columns)].mean().reset_index()


def last_layers(layers: DataFrame) -> DataFrame:
    """The rows of `layers` at each run's last evaluation."""
    return layers[layers["step"] == layers.groupby("run", observed=True)["step"].transform("max")]


def densities(layers: DataFrame) -> DataFrame:
    """Share of nonzero weights at the end, by variant and layer, averaged over seeds: variant, layer, density."""
    last = last_layers(layers)
    table = 1 - last.groupby(["variant", "layer"], sort=False, observed=True)["sparsity"].mean()
    return table.rename("density").reset_index()


def work(layers: DataFrame, multiply_adds: Mapping[str, Mapping[str, int]]) -> DataFrame:
    """The work for one example: variant, multiply_adds (of the whole network), remaining (with nonzero weights only), speed_up.

    Args:
        layers: one row for each run, evaluation and layer.
        multiply_adds: the multiply-adds of each variant by layer, without pruning.

    remaining = sum over the layers of multiply_adds * density. speed_up = multiply_adds / remaining is an upper bound, which hardware would
    reach that skips every zero at no cost; it is not a measurement.
    """
    table = densities(layers)
    counts = [multiply_adds.get(str(name), {}).get(str(layer), 0) for name, layer in zip(table["variant"], table["layer"], strict=True)]
    table = table.assign(multiply_adds=counts, remaining=table["density"] * counts)
    sums = table.groupby("variant", sort=False, observed=True)[["multiply_adds", "remaining"]].sum()
    return sums.assign(speed_up=sums["multiply_adds"] / sums["remaining"].where(sums["remaining"] > 0)).reset_index()


def weights_left(history: DataFrame) -> Series:
    """Share of nonzero weights at each run's end, averaged over seeds, by variant."""
    last = history[history["step"] == history.groupby("run", observed=True)["step"].transform("max")]
    return (1 - last.groupby("variant", sort=False, observed=True)["sparsity"].mean()).rename("left")


def tickets(course: DataFrame, metric: str) -> DataFrame:
    """The scores of networks right before their pruning rewound them: variant, epoch, left (share of nonzero weights), n (seeds with a
    finite value), mean, low, high (95 % t interval), half (half the interval's width).

    course: a history with the rows from before rewinds.
    """
    marked = course[course["moment"] != ""]
    groups = marked.groupby(["variant", "epoch"], sort=False, observed=True)
    rows = [
        (variant, epoch, 1 - float(group["sparsity"].mean()), int(group[metric].notna().sum()), *mean_interval(group[metric]))
        for (variant, epoch), group in groups
    ]
    table = DataFrame(rows, columns=["variant", "epoch", "left", "n", "mean", "low", "high"])
    return table.assign(half=half_of(table))


def furthest(points: DataFrame, tolerance: float | Series, *, higher_is_better: bool) -> DataFrame:
    """For each family, the variant with the fewest remaining weights whose loss is at most `tolerance` above its counterpart's: family,
    name, left, difference. A Series gives the tolerance of each row. Families without such a variant are left out. `points` has the same
    columns.
    """
    loss = -points["difference"] if higher_is_better else points["difference"]
    good = points[loss <= tolerance].sort_values("left", kind="stable")
    return good.drop_duplicates("family")[["family", "name", "left", "difference"]].reset_index(drop=True)


def with_halves(points: DataFrame) -> DataFrame:
    """`points` with half the width of each interval: `half` for the value, `difference_half` for the difference."""
    return points.assign(half=half_of(points), difference_half=half_of(points, "difference_low", "difference_high"))


def with_ratio(table: DataFrame) -> DataFrame:
    """`table` with `compression`: parameters / nonzero; NaN where none is left."""
    return table.assign(compression=table["parameters"] / table["nonzero"].where(table["nonzero"] > 0))


def joined(*frames: DataFrame | Series) -> DataFrame:
    """Tables with one row for each variant, joined side by side, in the order of the first."""
    first, *rest = frames
    table = DataFrame(first).set_index("variant") if "variant" in DataFrame(first) else DataFrame(first)
    for frame in rest:
        other = frame.to_frame() if isinstance(frame, Series) else frame.set_index("variant")
        table = table.join(other)
    return table.rename_axis("variant").reset_index()
