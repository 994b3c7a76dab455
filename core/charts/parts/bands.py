"""The bands that charts share: their range on an axis, and the legend's text for each variant."""

from __future__ import annotations

from collections.abc import Sequence

from pandas import Categorical, CategoricalDtype, DataFrame, Series

from core.analysis.shown import over_seeds


def on_the_axis(spread: DataFrame, values: Series, *, log: bool = False) -> DataFrame:
    """Clips the intervals (low, high) to the range of the single seeds, because the interval of two seeds is so wide that it would set the
    axis.

    On a logarithmic axis (`log`), an interval also ends at the lowest seed at its place (column `lowest`): the interval of a mean may reach
    below 0, which a logarithmic axis cannot show, and the band would reach far below all seeds. The tooltip still has the whole interval.
    """
    reach = values.min(), values.max()
    low = spread["low"].clip(lower=spread["lowest"]) if log else spread["low"]
    spread = spread.drop(columns="lowest", errors="ignore")
    return spread.assign(low=low.clip(*reach), high=spread["high"].clip(*reach))


LOG_NOTE = "bands cut below the lowest seed"
"""Note above the curves of a logarithmic axis."""


def labels(history: DataFrame, variants: Sequence[str]) -> list[str]:
    """Returns the legend's text for each variant: "Adam (n=5)", or "SGD (n=5, 2 diverged)"."""
    return [f"{variant} ({count})" for variant, count in two_lines(history, variants)]


def two_lines(history: DataFrame, variants: Sequence[str]) -> list[tuple[str, str]]:
    """Returns each variant with its counts: "n=5", or "n=5, 2 diverged"."""
    table = over_seeds.counts(history, variants)
    return [(variant, _counted(n, diverged)) for variant, n, diverged in zip(variants, table["n"], table["diverged"], strict=True)]


def _counted(n: int, diverged: int) -> str:
    if n == 0:
        return "no data yet"
    return f"n={n}, {diverged} diverged" if diverged else f"n={n}"


def of_variants(frame: DataFrame, variants: Sequence[str]) -> DataFrame:
    """Returns the rows of these variants, with the names as categories, which are sent to a browser once and not in each row."""
    names, wanted = frame["variant"], list(variants)
    if isinstance(names.dtype, CategoricalDtype):
        chosen = names.cat.set_categories(wanted)
        return frame.assign(variant=chosen)[chosen.notna()]
    kept = frame[names.isin(wanted)]
    return kept.assign(variant=Categorical(kept["variant"], categories=wanted))
