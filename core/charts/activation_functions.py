"""Activation functions and their derivatives, one alone or several in the same chart."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
from pandas import DataFrame

from core.charts.parts import marks, palette

FUNCTION, DERIVATIVE = "f(x)", "f′(x)"
_PARTS = {FUNCTION: (palette.COLOURS[0], [1, 0]), DERIVATIVE: (palette.COLOURS[1], [5, 3])}
SIDE = 4.0
"""Functions are drawn from -SIDE to SIDE."""
LOW, HIGH = -1.25, SIDE
"""The range of the y axis, which is the same for all functions, so that slopes can be compared by eye."""


def single(curve: DataFrame, at: DataFrame, *, name: str, width: int = 200, height: int = 190) -> alt.LayerChart:
    """Draws one function (solid) and its derivative (dashed), with the values at one point marked.

    Args:
        curve: x, value, slope, in order of x.
        at: the same columns for the marked point.
        name: name of the function, for the alternative text.
        width: width of the chart in pixels; the page may stretch it.
        height: height of the plot in pixels.
    """
    lines, dots = _long(curve), _long(at)
    scale = alt.Scale(domain=list(_PARTS), range=[colour for colour, _ in _PARTS.values()])
    colour = alt.Color("part:N", scale=scale, legend=None)
    dash = alt.StrokeDash("part:N", scale=alt.Scale(domain=list(_PARTS), range=[dash for _, dash in _PARTS.values()]), legend=None)
    tooltip = [alt.Tooltip("part:N", title="of"), marks.number("x", "x"), marks.number("y", "value")]
    layers = [
        _cursor(at),
        alt.Chart(lines).mark_line(strokeWidth=2, clip=True).encode(_x(), _y("y", "value"), colour, dash),
        alt.Chart(lines).mark_point(opacity=0, size=40, clip=True).encode(_x(), _y("y", "value"), colour, tooltip=tooltip),
        alt.Chart(dots).mark_point(filled=True, size=55, opacity=1, clip=True).encode(_x(), _y("y", "value"), colour, tooltip=tooltip),
    ]
    described = f"Line chart of the activation function {name} and its derivative (dashed) against x, with both values marked at one point."
    return alt.LayerChart(layer=layers, width=width, height=height, autosize=marks.FIT, description=described)


def several(
    curves: DataFrame, at: DataFrame, *, variants: Sequence[str], column: str, width: int = 400, height: int = 300
) -> alt.LayerChart:
    """Draws several functions, or their derivatives, in the same chart.

    Args:
        curves: variant (the function), x, value, slope, in order of x.
        at: the same columns for the marked point.
        variants: at most 8 functions, in order, which decides their colours.
        column: "value" or "slope".
        width: width of the chart in pixels; the page may stretch it.
        height: height of the plot in pixels.
    """
    title = {"value": FUNCTION, "slope": DERIVATIVE}[column]
    colour = palette.colour(variants, variants, width=width)
    tooltip = [alt.Tooltip("variant:N", title="function"), marks.number("x", "x"), marks.number(column, title)]
    y = alt.Y(f"{column}:Q", title=title, scale=alt.Scale(nice=False, padding=8), axis=alt.Axis(tickCount=6))
    layers = [
        _cursor(at),
        alt.Chart(curves).mark_line(strokeWidth=2).encode(_x(), y, colour),
        alt.Chart(curves).mark_point(opacity=0, size=40).encode(_x(), y, colour, tooltip=tooltip),
        alt.Chart(at).mark_point(filled=True, size=55, opacity=1).encode(_x(), y, colour, tooltip=tooltip),
    ]
    described = f"Line chart of {title} against x, one line for each activation function, with the values marked at one point."
    return alt.LayerChart(layer=layers, width=width, height=height, autosize=marks.FIT, description=described)


def _long(frame: DataFrame) -> DataFrame:
    columns = {"value": FUNCTION, "slope": DERIVATIVE}
    return frame.rename(columns=columns).melt("x", list(columns.values()), "part", "y")


def _cursor(at: DataFrame) -> alt.Chart:
    chart = alt.Chart(at[["x"]].drop_duplicates()).mark_rule(stroke=palette.MISSING, strokeWidth=1, strokeDash=[2, 4])
    return chart.encode(_x(), tooltip=[marks.number("x", "x")])


def _x() -> alt.X:
    return alt.X("x:Q", title="x", scale=alt.Scale(nice=False), axis=alt.Axis(tickCount=5))


def _y(field: str, title: str) -> alt.Y:
    return alt.Y(f"{field}:Q", title=title, scale=alt.Scale(domain=[LOW, HIGH], nice=False), axis=alt.Axis(tickCount=6))
