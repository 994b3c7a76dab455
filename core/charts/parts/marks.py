"""The marks that several charts share: small print, and the size of a chart."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any, Literal

import altair as alt
from pandas import DataFrame, Series

from core.charts.parts import palette, titles
from core.charts.parts.titles import Axis

CROSS = "M-1,-1L1,1M-1,1L1,-1"
"""A diagonal cross as an SVG path: the mark of a run that diverged."""

FIT = alt.AutoSizeParams(type="fit-x", contains="padding")
"""The page decides the width of a chart, including its axes and legend; the height is that of the plot, whatever the legend needs."""

PAD = alt.AutoSizeParams(type="pad", contains="padding")
"""For several panels: each keeps the width that it was given."""

BESIDE = 62
"""Width in pixels of a y axis with its labels and title."""

MANY: dict[str, Any] = {"aria": False}
"""For marks by the hundred: screen readers skip them, because nobody would listen to all of them and the browser needs long to write
them.
"""

SHORT = "datum.value >= 1e5 || datum.value < 1e-3 ? replace(format(datum.value, '~e'), '+', '') : format(datum.value, '~g')"
"""Vega expression for the labels of a logarithmic axis: powers of ten if the digits would be long."""

_FEW = (0.7, 2.2)
"""Number of powers of ten on an axis that is also labelled at 1, 2 and 5; for a shorter range, Vega chooses the labels."""
_ONE_TWO_FIVE = [float(f"{digit}e{power}") for power in range(-12, 9) for digit in (1, 2, 5)]

_CHARACTER = 5.5
"""Approximate width in pixels of a character of small print."""
_OF_HEADER = 6.5
"""Approximate width in pixels of a character in a header above a panel."""


def note(parts: Sequence[str], width: int) -> alt.TitleParams:
    """Returns small print above a chart, in as many lines as its width needs."""
    lines = textwrap.wrap(" · ".join(parts), width=max(int(width / _CHARACTER), 20))
    return alt.TitleParams(lines, fontSize=11, fontWeight="normal", anchor="start", offset=6)


def close(**more: Any) -> alt.Axis:
    """Returns an axis with its labels and title close to it, for panels that share the width."""
    return alt.Axis(labelPadding=4, titlePadding=6, labelLimit=140, **more)


def logarithmic(channel: Literal["x", "y"], most: int = 8, **more: Any) -> alt.Axis:
    """Returns the axis of a logarithmic scale: labels at about `most` powers of ten, or at 1, 2 and 5 if there are few powers.

    By default, Vega puts labels at 1 to 9 of each power and drops those that do not fit, often the powers themselves. The browser computes
    the range of the axis, so that a growing chart keeps its specification; all layers and panels share the scale.
    """
    low, high = (f"domain('{channel}')[{end}]" for end in (0, 1))
    span = f"log({high} / {low}) / LN10"
    few = f"{span} > {_FEW[0]} && {span} < {_FEW[1]} && {low} > {_ONE_TWO_FIVE[0]} && {high} < {_ONE_TWO_FIVE[-1]}"
    count = f"{few} ? {len(_ONE_TWO_FIVE)} : {span} < {_FEW[0]} ? 6 : clamp(floor({span}), 1, {most})"
    values = alt.ExprRef(expr=f"{few} ? {_ONE_TWO_FIVE} : null")
    return alt.Axis(values=values, tickCount=alt.ExprRef(expr=count), labelExpr=SHORT, **more)


def header(names: Sequence[str], width: int) -> alt.Header:
    """Returns the header with the names above the panels of a facet, `width` pixels apart; long names are shortened in the middle."""
    short = [titles.shortened(name, int(width / _OF_HEADER)) for name in names]
    return alt.Header(labelLimit=width, labelExpr=palette.lookup(names, short))


def integers(x: Axis) -> dict[str, Any]:
    """Returns the axis properties for labels that are whole numbers (epochs, updates and examples); seconds may have fractions.

    The smallest step is only a hint to Vega, which still makes halves if there are two epochs. These get no label, nor do values below the
    start, which the outermost cells of a heat map include.
    """
    return {} if x == "seconds" else {"tickMinStep": 1, "labelExpr": "datum.value < 0 || datum.value % 1 ? '' : format(datum.value, ',d')"}


def exactly(x: Axis) -> alt.Tooltip:
    """Returns the tooltip of the value on the x axis."""
    return number(x, titles.AXES[x])


def number(column: str, title: str) -> alt.Tooltip:
    """Returns the tooltip of a measured number, with six digits."""
    return alt.Tooltip(f"{column}:Q", title=title, format=".6~g")


def mean_and_interval(of: str) -> list[alt.Tooltip]:
    """Returns the tooltips of the columns mean, low, high and n, with three digits, because the interval is wider than further digits."""
    titles_of = {"mean": f"mean {of}", "low": "95 % interval from", "high": "to"}
    told = [alt.Tooltip(f"{column}:Q", title=title, format=".3~g") for column, title in titles_of.items()]
    return [*told, alt.Tooltip("n:Q", title="seeds")]


def panel_width(width: int, columns: int, axis: int = 52) -> int:
    """Returns the width in pixels of each of several panels side by side, each of which needs `axis` pixels for its axis."""
    return max(width // columns - axis, 80)


NEAR = {"row": 20, "column": 4}
"""Space in pixels between panels of a facet that are already separated by their axes."""


def under_each(panels: int, columns: int) -> dict[str, Any]:
    """Returns how a facet shows the shared x axis: under each panel if the last row of panels is not full.

    Vega-Lite otherwise draws one axis at the bottom of each column, even without a panel above it.
    """
    return {"axis": {"x": "independent"}} if columns > 1 and panels % columns else {}


def cells(frame: DataFrame, by: list[str], x: str) -> DataFrame:
    """Returns the frame with `left` and `right`: each row as a cell around its place that reaches halfway to its neighbours in its group.

    The rows of a group are in order of x. The outer cells are symmetric around their place, and a single cell has the width 1.
    """
    places = frame.groupby(by, sort=False, observed=True)[x]
    before, after = (frame[x] - places.shift(1)) / 2, (places.shift(-1) - frame[x]) / 2
    return frame.assign(left=frame[x] - _width(before, after), right=frame[x] + _width(after, before))


def _width(this: Series, other: Series) -> Series:
    return this.fillna(other).fillna(0.5)
