"""Gradients and activations by layer, and against depth: one line for each variant, with its band over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import altair as alt
import numpy as np
from pandas import DataFrame, Series

from core.analysis import metrics
from core.analysis.shown import layerwise
from core.charts.parts import bands, marks, palette, titles

"""Name of the layer after the hidden ones."""


class _Look(NamedTuple):
    """The properties that all layers of a chart share: `where` is the name of the position in tooltips."""

    across: alt.X
    title: str
    log: bool
    where: list[alt.Tooltip]


def by_layer(
    frame: DataFrame,
    *,
    variants: Sequence[str],
    column: str = "grad_norm",
    title: str | None = None,
    along: str = "layer, from the input to the output",
    log: bool = True,
    width: int = 300,
    height: int = 280,
) -> alt.LayerChart | alt.ConcatChart:
    """Draws a measure of the layers from input to output, one line for each variant, with its band over seeds.

    Args:
        frame: variant, seed, layer (its name), place (1 for the layer at the input) and the column; see `at_moment`.
        variants: all variants of the comparison in its order, which decides their colours.
        column: a measure of `frame`.
        title: title of the y axis; by default the column's name.
        along: title of the x axis.
        log: logarithmic y axis, for quantities that layers multiply.
        width: width of the chart in pixels; the page may stretch it.
        height: height of the plot in pixels.
    """
    frame = bands.of_variants(frame, variants)
    table = layerwise.means(frame, ["variant", "place", "layer"], column, log=log)
    if metrics.is_fraction(column):
        table = table.assign(**{name: table[name].clip(0, 1) for name in ("low", "high")})
    axis = alt.Axis(tickMinStep=1, tickCount=10, format="d", grid=False)
    x = alt.X("place:Q", title=along, axis=axis, scale=alt.Scale(nice=False, zero=False))
    look = _Look(x, title or metrics.title(column, metrics.NO_LOSS), log, [alt.Tooltip("layer:N")])
    look = look if len(table) else look._replace(log=False)  # Vega cannot draw a logarithmic axis without data
    described = f"Line chart of {look.title} by layer from input to output for {titles.listed(list(variants))}: means with 95 % bands."
    return _grouped(table, _note(frame, column, variants, look), variants, look, described, width, height)


def by_depth(
    frame: DataFrame,
    *,
    variants: Sequence[str],
    column: str,
    title: str,
    level: float | None = None,
    width: int = 300,
    height: int = 280,
) -> alt.LayerChart | alt.ConcatChart:
    """Draws a measure of networks of several depths at their initial weights; on the logarithmic y axis, a constant factor per layer is a
    straight line.

    Args:
        frame: variant, seed, depth and the column: `core.labs.networks.gradient_flow.ends` with variants.
        variants: all lines in order, which decides their colours.
        column: a measure of `frame`.
        title: title of the y axis.
        level: height of a dotted line: the value of the measure if depth changed nothing.
        width: width of the chart in pixels; the page may stretch it.
        height: height of the plot in pixels.
    """
    frame = bands.of_variants(frame, variants)
    table = layerwise.means(frame, ["variant", "depth"], column, log=True)
    places = sorted(int(depth) for depth in frame["depth"].unique())
    axis = alt.Axis(values=places, format="d", grid=False, labelOverlap="greedy")
    x = alt.X("depth:Q", title="depth (hidden layers)", scale=alt.Scale(nice=False, zero=False, padding=8 if len(table) else 0), axis=axis)
    look = _Look(x, title, True, [alt.Tooltip("depth:Q", title="hidden layers")])
    look = look if len(table) else look._replace(log=False)
    described = f"Line chart of {title} against depth, y logarithmic, for {titles.listed(list(variants))}: means with 95 % bands."
    return _grouped(table, _note(frame, column, variants, look), variants, look, described, width, height, level)


def _grouped(
    table: DataFrame,
    note: list[str],
    variants: Sequence[str],
    look: _Look,
    described: str,
    width: int,
    height: int,
    level: float | None = None,
) -> alt.LayerChart | alt.ConcatChart:
    """One panel, or several panels of at most 8 variants below each other."""
    size: dict[str, Any] = {"width": width, "height": height}
    panels = [_panel(bands.of_variants(table, group), group, look, level, width) for group in palette.groups(variants)]
    small = marks.note(note, width)
    if len(panels) == 1:
        return alt.LayerChart(layer=panels[0], title=small, autosize=marks.FIT, description=described, **size)
    size["width"] = marks.panel_width(width, 1, marks.BESIDE)  # the page cannot stretch several panels
    charts = [alt.LayerChart(layer=layers, **size) for layers in panels]
    shared = {"x": "shared", "y": "shared", "color": "independent"}
    return alt.ConcatChart(
        concat=charts, columns=1, resolve=alt.Resolve(scale=shared), title=small, autosize=marks.PAD, description=described
    )


def _panel(table: DataFrame, group: list[str], look: _Look, level: float | None, width: int) -> list[alt.Chart]:
    colour = palette.colour(group, group, width=width)
    exact = [alt.Tooltip("variant:N"), *look.where, *marks.mean_and_interval(look.title)]
    spread = table.dropna(subset=["low"]).assign(**_within(table, log=look.log))
    layers = [] if level is None else [_level(level, look)]
    layers.append(alt.Chart(spread).mark_area(opacity=0.18, clip=True).encode(look.across, _y("low", look), alt.Y2("high:Q"), colour))
    layers.append(alt.Chart(table).mark_line(strokeWidth=2, clip=True, point={"size": 20}).encode(look.across, _y("mean", look), colour))
    hover = alt.Chart(table).mark_point(opacity=0, size=90, clip=True, filled=True)
    layers.append(hover.encode(look.across, _y("mean", look), colour, tooltip=exact))
    return layers


def _within(table: DataFrame, *, log: bool) -> dict[str, Series]:
    """Clips the ends of the bands near the range of the means, because the bands of two seeds would set the axis. The tooltip has the
    whole band.
    """
    least, most = table["mean"].min(), table["mean"].max()
    reach = (least / 10, most * 10) if log else (least - abs(most), most + abs(most))
    return {name: table[name].clip(*reach) for name in ("low", "high")}


def _level(level: float, look: _Look) -> alt.Chart:
    chart = alt.Chart(DataFrame({"level": [level]})).mark_rule(strokeDash=[2, 4], stroke=palette.MISSING, strokeWidth=1.5)
    return chart.encode(_y("level", look), tooltip=[marks.number("level", look.title)])


def _y(field: str, look: _Look) -> alt.Y:
    scale = alt.Scale(type="log" if look.log else "linear", zero=not look.log, nice=False, padding=6)
    axis = marks.logarithmic("y") if look.log else alt.Axis(tickCount=6)
    return alt.Y(f"{field}:Q", title=look.title, scale=scale, axis=axis)


def _note(frame: DataFrame, column: str, variants: Sequence[str], look: _Look) -> list[str]:
    """Small print: the kind of mean, the number of seeds, and the variants with values that cannot be drawn."""
    if frame.empty:
        return []
    seeds = int(frame.groupby("variant", observed=True)["seed"].nunique().max())
    mean = "geometric mean" if look.log else "mean"
    said = [f"{mean} of {seeds} seeds, 95 % band" if seeds > 1 else f"{seeds} seed"]
    values = frame[column].astype(float)
    for what, lost in (("not finite", ~np.isfinite(values)), ("exactly 0", (values == 0) & look.log)):
        names = [name for name in variants if name in set(frame.loc[lost, "variant"])]
        said += [f"{what}, not drawn: {titles.listed(names, 4)}"] if names else []
    return said
