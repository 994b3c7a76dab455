"""One value for each run: their distribution by variant, their training times, and the small curves of a table."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
from pandas import DataFrame, Series

from core.analysis import metrics
from core.analysis.shown import over_seeds
from core.charts.parts import bands, marks, palette, thin, titles
from core.charts.parts.titles import Axis

_ROW = 34
SPARKLINE = 60
"""Largest number of points of a sparkline; with longer ones, the browser needs over half a second for a table."""


def seconds(history: DataFrame, *, variants: Sequence[str], width: int = 360) -> alt.LayerChart:
    """Draws the training time of each run: a dot for each run, and a bar at their median, by variant.

    There is no interval: the runs of a stack have equal shares of its time, so the seeds are not independent measurements.
    """
    history = bands.of_variants(history, variants)
    values, title = over_seeds.final_values(history, "seconds"), metrics.title("seconds", metrics.NO_LOSS)
    ended, medians = values[values["ending"] == ""], over_seeds.medians(values)
    y, colour = _rows(variants, bands.two_lines(history, variants), width), palette.colour(variants)
    run = [alt.Tooltip("variant:N"), alt.Tooltip("seed:O"), marks.number("value", title)]
    median = [alt.Tooltip("variant:N"), marks.number("median", f"median {title}"), alt.Tooltip("n:Q", title="seeds")]
    layers = [
        alt.Chart(medians).mark_tick(thickness=3, size=20).encode(_x("median", title), y, colour, tooltip=median),
        alt.Chart(ended).mark_point(filled=True, size=45, opacity=0.6).encode(_x("value", title), y, colour, tooltip=run),
        _crosses(values, y, colour, title),
    ]
    note = ["dot: run", "bar: median", "runs of one stack share its time", *_lost(values)]
    described = f"{title} of each run by variant, with medians, for {titles.listed(list(variants))}."
    return _put_together(layers, note, described, variants, width)


def _rows(variants: Sequence[str], labels: Sequence[Sequence[str]], width: int) -> alt.Y:
    """One row for each variant, with its labels in lines."""
    axis = alt.Axis(labelExpr=palette.lookup(variants, labels), labelLimit=int(width * 0.5), labelPadding=6, labelOffset=-6, title=None)
    return alt.Y("variant:N", scale=alt.Scale(domain=list(variants)), axis=axis)


def _crosses(values: DataFrame, y: alt.Y, colour: alt.Color, title: str) -> alt.Chart:
    """The runs that diverged, no further out than the others."""
    crosses = values[values["ending"] != ""]
    crosses = crosses.assign(place=_within(crosses["value"], values.loc[values["ending"] == "", "value"]))
    tooltip = [alt.Tooltip("variant:N"), alt.Tooltip("seed:O"), marks.number("value", title)]
    return alt.Chart(crosses).mark_point(shape=marks.CROSS, size=60, strokeWidth=2).encode(_x("place", title), y, colour, tooltip=tooltip)


def _lost(values: DataFrame) -> list[str]:
    """Returns the meaning of the crosses, if there are any."""
    return ["×: diverged, last finite value"] if (values["ending"] != "").any() else []


def _put_together(layers: list[alt.Chart], note: list[str], described: str, variants: Sequence[str], width: int) -> alt.LayerChart:
    height, title = _ROW * max(len(variants), 1), marks.note(note, width)
    return alt.LayerChart(layer=layers, title=title, width=width, height=height, autosize=marks.FIT, description=described)


def _x(field: str, title: str) -> alt.X:
    return alt.X(f"{field}:Q", title=title, scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=5))


def _within(values: Series, others: Series) -> Series:
    return values.clip(others.min(), others.max()) if len(others) else values


def sparklines(history: DataFrame, metric: str = "val_loss", x: Axis = "epoch") -> dict[str, list[float]]:
    """Returns the mean curve of each variant over its seeds as at most 60 numbers."""
    means = thin.thinned(over_seeds.band(history, metric, x), "variant", SPARKLINE, value="mean")
    return {str(variant): values.tolist() for variant, values in means.groupby("variant", sort=False, observed=True)["mean"]}
