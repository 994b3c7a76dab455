"""What the bands of charts share: how far they reach on an axis, and what a legend says of each variant."""

from __future__ import annotations

from collections.abc import Sequence

from pandas import Categorical, CategoricalDtype, DataFrame, Series

from core.analysis.shown import over_seeds


def on_the_axis(spread: DataFrame, values: Series, *, log: bool = False) -> DataFrame:
    """Cuts the intervals (low, high) at the range of the single seeds. With two seeds the interval is so wide that it would set the axis.

    On a logarithmic axis (`log`) an interval ends no lower than the lowest seed at its place (column `lowest`): an interval of a mean
    may reach below 0, which has no place there, and the band would fall through the chart where no seed ever was. What is cut off is
    still in the tooltip, which has the whole interval.
    """
    reach = values.min(), values.max()
    low = spread["low"].clip(lower=spread["lowest"]) if log else spread["low"]
    spread = spread.drop(columns="lowest", errors="ignore")
    return spread.assign(low=low.clip(*reach), high=spread["high"].clip(*reach))


LOG_NOTE = "bands cut below the lowest seed"
"""Said above the curves of a logarithmic axis."""


def labels(history: DataFrame, variants: Sequence[str]) -> list[str]:
    """What a legend writes for each variant: "Adam (n=5)", or "SGD (n=5, 2 diverged)"."""
    return [f"{variant} ({count})" for variant, count in two_lines(history, variants)]


def two_lines(history: DataFrame, variants: Sequence[str]) -> list[tuple[str, str]]:
    """Each variant and what is to be said with it: "n=5", or "n=5, 2 diverged"."""
    table = over_seeds.counts(history, variants)
    return [(variant, _counted(n, diverged)) for variant, n, diverged in zip(variants, table["n"], table["diverged"], strict=True)]


def _counted(n: int, diverged: int) -> str:
    if n == 0:
        return "no data yet"
    return f"n={n}, {diverged} diverged" if diverged else f"n={n}"


def of_variants(frame: DataFrame, variants: Sequence[str]) -> DataFrame:
    """The rows of the variants that are named; the names as categories, which are sent to a browser once and not in each row."""
    names, wanted = frame["variant"], list(variants)
    if isinstance(names.dtype, CategoricalDtype):
        chosen = names.cat.set_categories(wanted)
        return frame.assign(variant=chosen)[chosen.notna()]
    kept = frame[names.isin(wanted)]
    return kept.assign(variant=Categorical(kept["variant"], categories=wanted))
