"""Layers over time in one chart: a row for each layer, a column for each moment, colour for the size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
from pandas import DataFrame, Series

from core.analysis import metrics
from core.analysis.shown import layerwise
from core.charts.parts import bands, marks, palette, thin, titles
from core.charts.parts.titles import Axis

TALL = 780
"""Total height in pixels of a chart's panels with their headers, if each of them stays legible."""

_LEAST, _HEADER = 48, 30
"""Smallest height of a panel in pixels, and the height of the header above it."""

CELLS = 6_000
"""Largest number of cells of a chart; if there are more, every second, fourth ... moment is kept."""

LINEAR = frozenset({"sparsity", "near_zero", "dead_fraction", "activation_mean"})
"""Columns that may be zero or negative and have a linear colour scale; the others have a logarithmic one."""


def heatmap(
    layers: DataFrame,
    *,
    variants: Sequence[str],
    column: str = "grad_norm",
    x: Axis = "epoch",
    log: bool | None = None,
    width: int = 360,
    columns: int = 1,
    row: int = 26,
    span: tuple[float, float] | None = None,
) -> alt.FacetChart:
    """Draws a measure by layer and time, one panel for each variant: the median over seeds, which one exploding seed does not change.

    Cells without a finite value in any seed are grey.

    Args:
        layers: one row for each run, evaluation and layer, layers in order from input to output; with variant, seed and the x axis.
        variants: all variants of the comparison, in its order.
        column: a measure of `layers`.
        x: the quantity on the x axis.
        log: logarithmic colour scale; by default it is used for norms and ratios, and not for fractions.
        width: width of the whole chart in pixels.
        columns: number of panels side by side.
        row: height of a layer in pixels, less if many panels have many layers.
        span: the ends of the colour scale, for several charts that share it; see `span_of`.
    """
    log = column not in LINEAR if log is None else log
    names = list(layers["layer"].unique())
    beside = 48 + 6 * max(map(len, names), default=0)
    panel = marks.panel_width(width, columns, beside)
    frame = _fewer(layerwise.medians(bands.of_variants(layers, variants), column, x), x, panel)
    ends = _ends(frame["value"], column, log) if span is None else span
    # A logarithmic scale cannot show zero: it takes the lowest colour. Cells without a value need a number too, or Vega-Lite drops them.
    frame = frame.assign(shown=frame["value"].clip(*ends).fillna(ends[0]), known=frame["value"].notna())
    chart = alt.Chart(frame, width=panel, height=_height(row * len(names), -(-len(variants) // columns))).mark_rect(**marks.MANY)
    chart = chart.encode(
        alt.X("left:Q", title=titles.AXES[x], scale=alt.Scale(nice=False, zero=False), axis=marks.close(tickCount=6, **marks.integers(x))),
        alt.X2("right:Q"),
        alt.Y(
            "layer:N", title="layer", sort=names, scale=alt.Scale(paddingInner=0.06), axis=marks.close(labelFlush=False, labelOverlap=True)
        ),
        color=_size(column, ends, log, width),
        tooltip=[alt.Tooltip("variant:N"), alt.Tooltip("layer:N"), marks.exactly(x), marks.number("value", metrics.name(column))],
    )
    grey = ["grey: no finite value"] if frame["value"].isna().any() else []
    facet = alt.Facet("variant:N", title=None, sort=list(variants), header=marks.header(variants, panel))
    title = marks.note(["median of the seeds", *grey], width)
    more: dict[str, Any] = {"title": title, "description": _described(column, x, variants), "spacing": {"row": 8}}
    resolve = alt.Resolve(**marks.under_each(frame["variant"].nunique(), columns))
    return chart.facet(facet, columns=columns, resolve=resolve, **more)


def _height(wanted: int, rows: int) -> int:
    """Returns the height in pixels of each of this many panels below each other."""
    room = TALL // max(rows, 1) - _HEADER
    return max(min(max(wanted, 60), 420, room), _LEAST)


def span_of(layers: DataFrame, column: str, x: Axis = "epoch") -> tuple[float, float]:
    """Returns the ends of the colour scale that `heatmap` uses for these rows."""
    return _ends(layerwise.medians(layers, column, x)["value"], column, column not in LINEAR)


def _fewer(frame: DataFrame, x: Axis, width: int) -> DataFrame:
    """Returns cells around the moments that are kept, for a plot of this width in pixels."""
    rows = len(frame[["variant", "layer"]].drop_duplicates())
    frame = thin.thinned(frame, ["variant", "layer"], min(CELLS // max(rows, 1), thin.fitting(width, pixels=2)))
    cells = marks.cells(frame, ["variant", "layer"], x)
    return cells[list(dict.fromkeys(["variant", "layer", x, "left", "right", "value"]))]


def _size(column: str, ends: Sequence[float], log: bool, width: int) -> Any:
    """Colour by size, grey for no value."""
    title = metrics.title(column, metrics.NO_LOSS)
    legend = alt.Legend(title=title, orient="bottom", direction="horizontal", gradientLength=max(width - 140, 120), titleLimit=width)
    scale = alt.Scale(type="log" if log else "linear", scheme=palette.SEQUENTIAL, domain=ends, clamp=True)
    return alt.when("datum.known").then(alt.Color("shown:Q", scale=scale, legend=legend)).otherwise(alt.value(palette.MISSING))


def _ends(values: Series, column: str, log: bool) -> tuple[float, float]:
    """Returns the ends of the colour scale: 0 and 1 for a fraction; on the logarithmic scale, powers of ten around the middle 96 % of the
    values.
    """
    values = values[values > 0] if log else values.dropna()
    if metrics.is_fraction(column) or values.empty:
        return (0.01, 1.0) if log else (0.0, 1.0)
    low, high = float(values.quantile(0.02)), float(values.quantile(0.98))
    if log:
        low, high = 10.0 ** np.floor(np.log10(low)), 10.0 ** np.ceil(np.log10(high))
        return low, high if high > low else 10 * low
    return low, high if high > low else low + 1


def _described(column: str, x: Axis, variants: Sequence[str]) -> str:
    return (
        f"Heat map of {metrics.name(column)} by layer against {titles.AXES[x]}, one panel each for {titles.listed(list(variants))}; "
        "medians over seeds, grey where no value is finite."
    )
