"""Line charts of answers: a quantity against updates, units or widths, with a band over seeds if there are seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import altair as alt
from pandas import DataFrame

from core.charts.parts import bands, marks, palette, titles

Scale = Literal["linear", "log"]


def lines(
    points: DataFrame,
    *,
    variants: Sequence[str],
    x: str,
    x_title: str,
    y_title: str,
    x_scale: Scale = "linear",
    y_scale: Scale = "linear",
    level: tuple[float, str] | None = None,
    width: int = 800,
    height: int = 320,
) -> alt.LayerChart:
    """Draws one line for each variant, with its band if it has one.

    Args:
        points: variant, the x column, mean; low, high and n may be missing if nothing is random.
        variants: at most 8, in order, which decides the colours.
        x: column of `points`.
        x_title: title of the x axis, with the unit.
        y_title: title of the y axis, with the unit.
        x_scale: "log" leaves out values that are not above 0.
        y_scale: the scale of the y axis, like `x_scale`.
        level: height of a dashed horizontal line, and its meaning, such as the score of guessing.
        width: width of the chart in pixels.
        height: height of the plot in pixels.
    """
    shown = bands.of_variants(points, variants)
    for column, scale in ((x, x_scale), ("mean", y_scale)):
        shown = shown[shown[column] > 0] if scale == "log" else shown
    across = alt.X(f"{x}:Q", title=x_title, scale=_scale(x_scale), axis=_axis("x", x_scale))
    up = alt.Y("mean:Q", title=y_title, scale=_scale(y_scale), axis=_axis("y", y_scale))
    colour = palette.colour(list(variants), list(variants), width=width)
    with_band = {"low", "high", "n"} <= set(shown.columns)
    interval = marks.mean_and_interval(y_title) if with_band else [marks.number("mean", y_title)]
    tooltip = [alt.Tooltip("variant:N"), marks.number(x, x_title), *interval]
    base = alt.Chart(shown)
    line = base.mark_line(strokeWidth=2, clip=True).encode(across, up, colour)
    dots = base.mark_point(opacity=0, size=50, clip=True).encode(across, up, colour, tooltip=tooltip)
    across_all = [_level(*level, y_scale)] if level is not None else []
    layers = [*across_all, *([_band(shown, across, up, colour)] if with_band and len(shown) else []), line, dots]
    described = f"{y_title} against {x_title}, one line each for {titles.listed(list(variants))}."
    return alt.LayerChart(layer=layers, width=width, height=height, autosize=marks.FIT, description=described)


def _band(shown: DataFrame, across: alt.X, up: alt.Y, colour: alt.Color) -> alt.Chart:
    """The bands are clipped to the range of the means, because the interval of a few seeds may be much wider than this range."""
    ends = shown.dropna(subset=["low", "high"])
    reach = shown["mean"].min(), shown["mean"].max()
    ends = ends.assign(low=ends["low"].clip(*reach), high=ends["high"].clip(*reach))
    return alt.Chart(ends).mark_area(opacity=0.18, clip=True).encode(across, _at("low", up), alt.Y2("high:Q"), colour)


def _level(at: float, said: str, scale: Scale) -> alt.LayerChart:
    """The label stands at the right, a little below the line."""
    base = alt.Chart(DataFrame({"at": [at], "said": [said]})).encode(alt.Y("at:Q", scale=_scale(scale)))
    line = base.mark_rule(strokeDash=[4, 3], color=palette.MISSING)
    text = base.mark_text(align="right", baseline="top", dx=-5, dy=9, color=palette.MISSING).encode(x=alt.value("width"), text="said:N")
    return alt.LayerChart(layer=[line, text])


def _at(field: str, up: alt.Y) -> alt.Y:
    """Another column on the same axis."""
    other = up.copy()
    other.shorthand = f"{field}:Q"
    return other


def _scale(scale: Scale) -> alt.Scale:
    return alt.Scale(type="log", nice=False, padding=8) if scale == "log" else alt.Scale(nice=False, zero=False, padding=8)


def _axis(channel: Literal["x", "y"], scale: Scale) -> alt.Axis:
    return marks.logarithmic(channel) if scale == "log" else alt.Axis(tickCount=8)
