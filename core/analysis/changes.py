"""How much a curve loses between two places, for each seed: for example, a normalization from batch size 64 to 2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pandas import DataFrame

from core.analysis import metrics
from core.analysis.frames import Types, of_rows
from core.analysis.metrics import higher_is_better
from core.analysis.statistics import figures, paired_difference

CHANGES: Types = (
    {"curve": "str"} | dict.fromkeys(("before", "after", "mean", "low", "high"), "float64") | {"n": "int64", "diverged": "int64"}
)


def changes(values: DataFrame, before: float, after: float) -> DataFrame:
    """One row for each curve with a value at both places: the change of its metric from one place to the other, paired by seed.

    Args:
        values: curve, place, seed, status, value (NaN if a run diverged), as `sensitivity.values` returns them.
        before: the first place.
        after: the second place.

    Returns:
        curve; before and after (means over the seeds that have both); mean, low and high (the change, after minus before, with its 95 % t
        interval, NaN below two seeds); n (the number of these seeds); diverged (seeds that diverged at either place).
    """
    rows = []
    for curve in values["curve"].unique():
        own = values[values["curve"] == curve]
        first, second = (own[own["place"] == place].set_index("seed")["value"] for place in (before, after))
        difference = paired_difference(second, first)
        if difference.n:
            both = first.index[first.notna()].intersection(second.index[second.notna()])
            means = {"before": first[both].mean(), "after": second[both].mean()}
            change = {"mean": difference.mean, "low": difference.low, "high": difference.high, "n": difference.n}
            rows.append({"curve": curve, **means, **change, "diverged": _diverged(own, (before, after))})
    return of_rows(rows, CHANGES)


def in_words(table: DataFrame, before: float, after: float, *, place: str, metric: str) -> str:
    """`From batch size 64 to 2 validation accuracy gets worse for “batch” (by 0.22, 0.10 to 0.34) (3 seeds)`."""
    if table.empty:
        return f"No seed has a value at {place} {before:g} and at {after:g} yet"
    sign = 1 if higher_is_better(metric) else -1
    told: dict[str, list[str]] = {"gets worse for": [], "gets better for": [], "no change can be told for": []}
    for row in table.to_dict("records"):
        apart, better = row["low"] > 0 or row["high"] < 0, sign * row["mean"] > 0
        said = f"“{row['curve']}” ({_figures(row)})" if apart else f"“{row['curve']}”"
        told[("gets better for" if better else "gets worse for") if apart else "no change can be told for"].append(said)
    parts = [f"{verb} {_listed(names)}" for verb, names in told.items() if names]
    seeds = sorted(set(table["n"]))
    count = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    name = metrics.name(metric)
    parts = [f"in {name}: {parts[0]}"] if parts[0].startswith("no change") else [f"{name} {parts[0]}", *parts[1:]]
    return f"From {place} {before:g} to {after:g} {'; '.join(parts)} ({count} {'seed' if seeds == [1] else 'seeds'})"


def _diverged(own: DataFrame, places: tuple[float, float]) -> int:
    return int(own.loc[own["place"].isin(places) & own["status"].eq("diverged"), "seed"].nunique())


def _listed(names: list[str]) -> str:
    return ", ".join(names[:-1]) + " and " * (len(names) > 1) + names[-1]


def _figures(row: Mapping[Any, Any]) -> str:
    size, low, high = figures(abs(row["mean"]), *sorted((abs(row["low"]), abs(row["high"]))))
    return f"by {size}, {low} to {high}"
