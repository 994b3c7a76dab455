"""Weights by layer: norms and sparsity as curves, and the distribution of the weights over time and at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
from pandas import DataFrame

from core.analysis import metrics
from core.analysis.shown import binning, layerwise
from core.charts.parts import bands, bins, marks, palette, thin, titles
from core.charts.parts.titles import Axis
from core.charts.results.layers import heatmap

MOST_LAYERS = 6
"""Largest number of layers with one panel each; a deeper network is drawn as one heat map instead."""
LayerCharts = alt.FacetChart | alt.ConcatChart

CELLS = 8_000
"""Largest number of cells of the histograms over time."""


def norms(frame: DataFrame, *, variants: Sequence[str], x: Axis = "epoch", width: int = 360, columns: int = 2) -> LayerCharts:
    """Draws the norm of each layer's weights over time: mean per variant with its 95 % band over seeds. The arguments are those of
    `by_layer`.
    """
    return by_layer(frame, variants=variants, column="weight_norm", x=x, width=width, columns=columns)


def by_layer(
    frame: DataFrame,
    *,
    variants: Sequence[str],
    column: str,
    x: Axis = "epoch",
    width: int = 360,
    columns: int = 2,
) -> LayerCharts:
    """Draws a measure of the layers over time, one panel for each layer; networks of more than 6 layers as one heat map.

    Args:
        frame: one row for each run, evaluation and layer, layers in order from input to output; with variant, seed and the x axis.
        variants: all variants of the comparison in its order, which decides their colours.
        column: a measure of `frame`.
        x: the quantity on the x axis.
        width: width of the whole chart in pixels.
        columns: number of panels side by side.
    """
    if frame["layer"].nunique() > MOST_LAYERS:
        return heatmap(frame, variants=variants, column=column, x=x, width=width, columns=1)
    means = layerwise.layer_means(bands.of_variants(frame, variants), column, x)
    charts = [_layer_panels(bands.of_variants(means, group), group, column, x, width, columns) for group in palette.groups(variants)]
    described = (
        f"Line charts of {metrics.name(column)} against {titles.AXES[x]}, one panel for each layer, for {titles.listed(list(variants))}."
    )
    return _one_or_several(charts, described)


def _layer_panels(means: DataFrame, group: list[str], column: str, x: Axis, width: int, columns: int) -> alt.FacetChart:
    names = list(means["layer"].unique())
    panel_width = marks.panel_width(width, columns)
    shown = thin.thinned(means, ["variant", "layer"], min(2 * thin.POINTS // max(len(names), 1), thin.fitting(panel_width)))
    fraction = metrics.is_fraction(column)
    scale = alt.Scale(domain=[0, 1]) if fraction else alt.Scale(zero=False)
    at = alt.X(f"{x}:Q", title=titles.AXES[x], scale=alt.Scale(nice=False), axis=marks.close(tickCount=5, **marks.integers(x)))
    colour = palette.colour(group, group, width=width)
    base = alt.Chart()
    title = metrics.title(column, metrics.NO_LOSS)
    axis = marks.close(tickCount=4)
    spread = base.mark_area(opacity=0.2, clip=True, **marks.MANY)
    spread = spread.encode(at, alt.Y("low:Q", title=title, scale=scale, axis=axis), alt.Y2("high:Q"), colour)
    tooltip = [alt.Tooltip("variant:N"), alt.Tooltip("layer:N"), marks.exactly(x), *marks.mean_and_interval(metrics.name(column))]
    mean = base.mark_line(strokeWidth=2, clip=True, point=alt.OverlayMarkDef(opacity=0, size=70, **marks.MANY), **marks.MANY)
    mean = mean.encode(at, alt.Y("mean:Q", title=title, scale=scale, axis=axis), colour, tooltip=tooltip)
    panel = alt.LayerChart(layer=[spread, mean], width=panel_width, height=150)
    facet = alt.Facet("layer:N", title=None, sort=names, header=marks.header(names, width // columns))
    own: dict[str, Any] = {} if fraction else {"scale": {"y": "independent"}}
    resolve = alt.Resolve(**own, **marks.under_each(len(names), columns))
    return panel.facet(facet, data=shown, columns=columns, resolve=resolve, spacing=marks.NEAR if own else alt.Undefined)


def histograms(
    frame: DataFrame,
    *,
    variants: Sequence[str],
    layers: Sequence[str] | None = None,
    seed: int | None = None,
    x: Axis = "epoch",
    width: int = 360,
    columns: int = 2,
) -> alt.FacetChart:
    """Draws the distribution of a layer's weights over time, one panel for each layer and variant; the more weights, the stronger the
    colour.

    Args:
        frame: one row for each run, evaluation and layer: variant, seed, the x axis, layer, low, high, counts.
        variants: all variants of the comparison, in its order.
        layers: the layers to draw; all by default.
        seed: the seed to draw; the first by default. A histogram shows one network: seeds are not mixed.
        x: the quantity on the x axis.
        width: width of the whole chart in pixels.
        columns: number of panels side by side.
    """
    frame = _of_one_seed(bands.of_variants(frame, variants), seed)
    frame = frame if layers is None else frame[frame["layer"].isin(list(layers))]
    names, shown = list(frame["layer"].unique()), [variant for variant in variants if variant in set(frame["variant"].unique())]
    table = bins.cells(frame, x, CELLS // max(len(names) * len(shown), 1) // binning.BINS)
    chart = alt.Chart(table, width=marks.panel_width(width, columns, 70), height=120).mark_rect(clip=True, **marks.MANY)
    chart = chart.encode(
        alt.X("left:Q", title=titles.AXES[x], scale=alt.Scale(nice=False, zero=False), axis=marks.close(tickCount=5, **marks.integers(x))),
        alt.X2("right:Q"),
        alt.Y("low:Q", title="weight", scale=alt.Scale(nice=False, zero=False), axis=marks.close(tickCount=5)),
        alt.Y2("high:Q"),
        palette.colour(variants),
        _share(),
        tooltip=[alt.Tooltip("panel:N", title="of"), marks.exactly(x), *(marks.number(name, name) for name in ("low", "high", "share"))],
    )
    panels = [f"{variant}, {layer}" for layer in names for variant in shown]
    facet = alt.Facet("panel:N", title=None, sort=panels, header=marks.header(panels, max(width // columns, 60)))
    said = f"seed {frame['seed'].iloc[0]}; stronger colour: more of the layer's weights" if len(frame) else "nothing measured yet"
    described = f"Histograms of the weights by {titles.AXES[x]} as heat maps, one panel each for {titles.listed(panels)}."
    resolve = alt.Resolve(scale={"y": "independent"}, **marks.under_each(len(panels), columns))
    return chart.facet(facet, columns=columns, title=marks.note([said], width), description=described, resolve=resolve, spacing=marks.NEAR)


def _share() -> alt.Opacity:
    """Opacity for a share of the weights. It grows with the root of the share; otherwise pruned weights at zero would make all others
    invisible.

    It is an opacity and not a colour scale, because its empty end is the page's own background, light or dark.
    """
    return alt.Opacity("share:Q", scale=alt.Scale(type="sqrt", domain=[0, 0.3], range=[0, 1], clamp=True), legend=None)


def _of_one_seed(frame: DataFrame, seed: int | None) -> DataFrame:
    return frame[frame["seed"] == (frame["seed"].min() if seed is None else seed)]


def last_histograms(
    frame: DataFrame,
    *,
    variants: Sequence[str],
    seed: int | None = None,
    width: int = 360,
    columns: int = 2,
) -> LayerCharts:
    """Draws the distribution of each layer's weights at the last measurement, the variants over each other. The arguments are those of
    `histograms`.
    """
    frame = _of_one_seed(bands.of_variants(frame, variants), seed)
    frame = frame[frame["step"] == frame.groupby("run", observed=True)["step"].transform("max")]
    table = bins.cells(frame)
    names = list(frame["layer"].unique())
    charts = [_overlaid(bands.of_variants(table, group), group, names, width, columns) for group in palette.groups(variants)]
    described = f"Histograms of the weights at the last measurement, one panel for each layer, for {titles.listed(list(variants))}."
    return _one_or_several(charts, described)


def _overlaid(table: DataFrame, group: list[str], names: list[str], width: int, columns: int) -> alt.FacetChart:
    chart = alt.Chart(table[["variant", "layer", "low", "high", "share"]], width=marks.panel_width(width, columns, 58), height=150)
    answers = alt.OverlayMarkDef(opacity=0, size=50)
    chart = chart.mark_line(interpolate="step-after", strokeWidth=1.5, point=answers).encode(
        alt.X("low:Q", title="weight", scale=alt.Scale(nice=False, zero=False), axis=marks.close(tickCount=4)),
        alt.Y("share:Q", title="share of weights", axis=marks.close(format="%", tickCount=4)),
        palette.colour(group, group, width=width),
        tooltip=[alt.Tooltip("variant:N"), alt.Tooltip("layer:N"), *(marks.number(name, name) for name in ("low", "high", "share"))],
    )
    facet = alt.Facet("layer:N", title=None, sort=names, header=marks.header(names, max(width // columns, 60)))
    resolve = alt.Resolve(scale={"x": "independent", "y": "independent"})
    return chart.facet(facet, columns=columns, resolve=resolve, spacing=marks.NEAR)


def _one_or_several(charts: list[alt.FacetChart], described: str) -> LayerCharts:
    """One chart, or several below each other if there are more variants than colours."""
    if len(charts) == 1:
        charts[0].description = described
        return charts[0]
    return alt.ConcatChart(
        concat=charts, columns=1, resolve=alt.Resolve(scale={"color": "independent"}), autosize=marks.PAD, description=described
    )
