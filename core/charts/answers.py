"""Charts of answers: the result of each case, with its interval, on one axis."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
from pandas import DataFrame, Series

from core.charts.parts import marks, palette, titles

_ROW, _KIND = 46, 12
"""Smallest height of a row in pixels, and the height of each kind in it."""


def cases(
    points: DataFrame,
    *,
    cases: Sequence[str],
    kinds: Sequence[str],
    title: str,
    zero: str = "",
    at: float = 0.0,
    log: bool = False,
    width: int = 800,
) -> alt.LayerChart:
    """Draws one row for each case, with a mean and its 95 % interval for each kind, which colour and position tell apart.

    Args:
        points: case, kind, mean, low, high, n.
        cases: the rows from top to bottom.
        kinds: the means in each row, at most 8, in order, which decides the colours.
        title: title of the x axis, with the unit.
        zero: meaning of the value 0 (or `at`), written beside a line there; empty: no line.
        at: position of this line, such as 1 for ratios.
        log: logarithmic x axis. An interval that reaches to 0 is clipped at a tenth of the smallest mean.
        width: width of the whole chart in pixels.
    """
    shown = points[points["case"].isin(list(cases)) & points["kind"].isin(list(kinds))]
    shown = shown.assign(variant=shown["kind"], low=_above_zero(shown) if log else shown["low"])
    y = alt.Y("case:N", scale=alt.Scale(domain=list(cases)), title=None, axis=alt.Axis(labelLimit=int(width * 0.4), labelPadding=6))
    beside = alt.YOffset("kind:N", scale=alt.Scale(domain=list(kinds), paddingOuter=0.6))
    colour = palette.colour(list(kinds), list(kinds) if len(kinds) > 1 else None, width=width)
    scale = alt.Scale(type="log", nice=False, padding=12) if log else alt.Scale(zero=bool(zero) and not at, padding=12)
    tooltip = [alt.Tooltip("case:N"), alt.Tooltip("kind:N"), *marks.mean_and_interval(title)]
    base = alt.Chart(shown)
    rule = base.mark_rule(strokeWidth=2, clip=True).encode(_x("low", title, scale), alt.X2("high:Q"), y, beside, colour, tooltip=tooltip)
    dots = base.mark_point(filled=True, size=80, opacity=1).encode(_x("mean", title, scale), y, beside, colour, tooltip=tooltip)
    layers = [*([_zero(zero, at)] if zero else []), rule, dots]
    described = f"{title} for {titles.listed(list(cases))}: means over seeds with 95 % intervals."
    return alt.LayerChart(
        layer=layers, width=width, height=max(_ROW, _KIND * len(kinds)) * len(cases), autosize=marks.FIT, description=described
    )


def _above_zero(points: DataFrame) -> Series:
    return points["low"].where(points["low"] > 0, points["mean"].min() / 10)


def _x(field: str, title: str, scale: alt.Scale) -> alt.X:
    return alt.X(f"{field}:Q", title=title, scale=scale, axis=alt.Axis(tickCount=6))


def _zero(said: str, at: float) -> alt.LayerChart:
    base = alt.Chart(DataFrame({"at": [at], "said": [said]}))
    line = base.mark_rule(strokeDash=[4, 3], color=palette.MISSING).encode(alt.X("at:Q"))
    text = base.mark_text(align="left", baseline="top", dx=5, color=palette.MISSING).encode(alt.X("at:Q"), y=alt.value(2), text="said:N")
    return alt.LayerChart(layer=[line, text])
