"""What several charts draw alike: small print, and how a chart takes its room."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any, Literal

import altair as alt
from pandas import DataFrame, Series

from core.charts.parts import palette, titles
from core.charts.parts.titles import Axis

CROSS = "M-1,-1L1,1M-1,1L1,-1"
"""A diagonal cross as an SVG path: the sign of a run that diverged."""

FIT = alt.AutoSizeParams(type="fit-x", contains="padding")
"""The page decides the width of a chart, with its axes and legend in it; the height is that of the plot, whatever the legend needs."""

PAD = alt.AutoSizeParams(type="pad", contains="padding")
"""Of several panels: each has the width that it was given."""

BESIDE = 62
"""Pixels of a y axis with its labels and title."""

MANY: dict[str, Any] = {"aria": False}
"""Of marks by the hundred: none is read out by itself. That would be nothing to listen to, and the browser takes long to write it."""

SHORT = "datum.value >= 1e5 || datum.value < 1e-3 ? replace(format(datum.value, '~e'), '+', '') : format(datum.value, '~g')"
"""Writes the labels of a logarithmic axis as an expression of Vega: powers of ten where figures would be long."""

_FEW = (0.7, 2.2)
"""Powers of ten that an axis spans when it is labelled at 1, 2 and 5 besides; over less than these, wherever Vega likes."""
_ONE_TWO_FIVE = [float(f"{digit}e{power}") for power in range(-12, 9) for digit in (1, 2, 5)]

_CHARACTER = 5.5
"""Pixels of a character of small print, about."""
_OF_HEADER = 6.5
"""Of a header above a panel."""


def note(parts: Sequence[str], width: int) -> alt.TitleParams:
    """Small print above a chart, in as many lines as its width needs."""
    lines = textwrap.wrap(" · ".join(parts), width=max(int(width / _CHARACTER), 20))
    return alt.TitleParams(lines, fontSize=11, fontWeight="normal", anchor="start", offset=6)


def close(**more: Any) -> alt.Axis:
    """An axis that keeps its labels and title close, where several panels share the width."""
    return alt.Axis(labelPadding=4, titlePadding=6, labelLimit=140, **more)


def logarithmic(channel: Literal["x", "y"], most: int = 8, **more: Any) -> alt.Axis:
    """The axis of a logarithmic scale: labels at about `most` powers of ten, or at 1, 2 and 5 where there are few powers.

    Left alone, Vega has 1 to 9 of each power, and of those drops what finds no room: often the powers. What the axis spans is asked
    of the browser, so that a growing chart keeps its specification; all layers and panels share the scale.
    """
    low, high = (f"domain('{channel}')[{end}]" for end in (0, 1))
    span = f"log({high} / {low}) / LN10"
    few = f"{span} > {_FEW[0]} && {span} < {_FEW[1]} && {low} > {_ONE_TWO_FIVE[0]} && {high} < {_ONE_TWO_FIVE[-1]}"
    count = f"{few} ? {len(_ONE_TWO_FIVE)} : {span} < {_FEW[0]} ? 6 : clamp(floor({span}), 1, {most})"
    values = alt.ExprRef(expr=f"{few} ? {_ONE_TWO_FIVE} : null")
    return alt.Axis(values=values, tickCount=alt.ExprRef(expr=count), labelExpr=SHORT, **more)


def header(names: Sequence[str], width: int) -> alt.Header:
    """The names above panels of a facet that are so many pixels apart; long ones lose their middle."""
    short = [titles.shortened(name, int(width / _OF_HEADER)) for name in names]
    return alt.Header(labelLimit=width, labelExpr=palette.lookup(names, short))


def integers(x: Axis) -> dict[str, Any]:
    """What an axis takes for labels that are whole numbers, as epochs, updates and examples have; seconds have parts.

    The least step is a hint to Vega, which still has halves where there are two epochs; those get no label, nor what lies before
    the start, as the outermost cells of a heat map do.
    """
    return {} if x == "seconds" else {"tickMinStep": 1, "labelExpr": "datum.value < 0 || datum.value % 1 ? '' : format(datum.value, ',d')"}


def exactly(x: Axis) -> alt.Tooltip:
    """The place on the x axis, in a tooltip."""
    return number(x, titles.AXES[x])


def number(column: str, title: str) -> alt.Tooltip:
    """A measured number in a tooltip, to six digits."""
    return alt.Tooltip(f"{column}:Q", title=title, format=".6~g")


def mean_and_interval(of: str) -> list[alt.Tooltip]:
    """The columns mean, low, high and n, in a tooltip, to three digits: more are within the interval."""
    titles_of = {"mean": f"mean {of}", "low": "95 % interval from", "high": "to"}
    told = [alt.Tooltip(f"{column}:Q", title=title, format=".3~g") for column, title in titles_of.items()]
    return [*told, alt.Tooltip("n:Q", title="seeds")]


def panel_width(width: int, columns: int, axis: int = 52) -> int:
    """Pixels of each of several panels side by side in a width, `axis` of which each panel's axis needs."""
    return max(width // columns - axis, 80)


NEAR = {"row": 20, "column": 4}
"""Pixels between the panels of a facet whose axes keep them apart anyway."""


def under_each(panels: int, columns: int) -> dict[str, Any]:
    """How the panels of a facet show what they share along the bottom: each by itself where the last row of them is not full.

    Vega-Lite draws one axis at the foot of each column, be there a panel above it or not.
    """
    return {"axis": {"x": "independent"}} if columns > 1 and panels % columns else {}


def cells(frame: DataFrame, by: list[str], x: str) -> DataFrame:
    """The frame with `left` and `right`: each row as a cell around its place, reaching halfway to its neighbours in its group.

    The rows of a group are in order of x; the outer ones are as wide outwards as inwards, and a single one is 1 wide.
    """
    places = frame.groupby(by, sort=False, observed=True)[x]
    before, after = (frame[x] - places.shift(1)) / 2, (places.shift(-1) - frame[x]) / 2
    return frame.assign(left=frame[x] - _width(before, after), right=frame[x] + _width(after, before))


def _width(this: Series, other: Series) -> Series:
    return this.fillna(other).fillna(0.5)
