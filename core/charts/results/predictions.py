"""The predictions of networks: confusion matrices, ROC and precision-recall curves, predicted against true values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import altair as alt
import numpy as np
from pandas import DataFrame

from core.charts.parts import marks, palette, titles

_CELL = (22, 64)
"""Smallest and largest height of a cell in pixels."""
_TALL = 300
_FAINT = 0.1
"""Smallest share of a class that gives a cell a colour."""
_WRITTEN = 16
"""Largest number of classes whose cells show their count; with more classes, only the tooltip shows it."""
_TWO_LINES = 5
"""Largest number of classes whose cells show the share too."""
_POINTS = 400
"""Largest number of examples in a scatter plot; if there are more, every second, third ... is drawn, and the chart says so."""

Kind = Literal["roc", "precision_recall"]
_AXES: dict[Kind, tuple[str, str]] = {
    "roc": ("false positive rate", "true positive rate"),
    "precision_recall": ("recall", "precision"),
}
_NAMES: dict[Kind, str] = {"roc": "ROC curves", "precision_recall": "Precision-recall curves"}


def confusion(table: DataFrame, *, variants: Sequence[str], classes: Sequence[str], width: int = 300) -> alt.LayerChart:
    """Draws the confusion matrix of one variant: the colour of a cell is its share of the true class, its text the mean count.

    Args:
        table: true, predicted, count, share, seeds: the result of `core.analysis.predictions.confusion`; empty cells stay blank.
        variants: one name, for the alternative text.
        classes: in order, from the top and from the left.
        width: width of the whole chart in pixels; the page may stretch it.
    """
    table = table[(table["count"] > 0) & table["share"].notna()]
    texts = [_written(row, len(classes)) for row in table.to_dict("records")]
    frame = table.assign(text=texts, fill=table["share"].map(_fill), ink=np.where(table["share"] < _FAINT, palette.MISSING, palette.INK))
    x, y = (_class_axis(kind, classes) for kind in ("predicted", "true"))
    tooltip = [
        alt.Tooltip("true:N", title="true class"),
        alt.Tooltip("predicted:N", title="predicted class"),
        marks.number("count", "examples, mean over seeds"),
        alt.Tooltip("share:Q", title="share of the true class", format=".1%"),
        alt.Tooltip("seeds:Q"),
    ]
    base, ink = alt.Chart(frame), alt.Color("ink:N", scale=None)
    layers = [base.mark_rect().encode(x, y, alt.Fill("fill:N", scale=None), tooltip=tooltip)]
    if len(classes) <= _WRITTEN:
        layers.append(base.mark_text(fontSize=11, lineBreak="\n").encode(x, y, alt.Text("text:N"), ink, tooltip=tooltip))
    height = len(classes) * min(max(_TALL // max(len(classes), 1), _CELL[0]), _CELL[1])
    described = (
        f"Confusion matrix of {titles.listed(list(variants))}: true classes {titles.listed(list(classes))} by row, "
        "predicted ones by column; mean numbers of examples over seeds, darker for a larger share of the row."
    )
    return alt.LayerChart(layer=layers, width=width, height=height, autosize=marks.FIT, description=described)


def _fill(share: float) -> str:
    """Returns the colour of a cell, none if the share is small: on a dark page, the faintest tint would be the brightest cell."""
    return "transparent" if share < _FAINT else palette.tint(palette.COLOURS[0], 0.3 + 0.45 * share)


def _written(row: dict[Any, Any], classes: int) -> str:
    count = f"{row['count']:,.1f}".removesuffix(".0")
    return f"{count}\n{row['share']:.0%}" if classes <= _TWO_LINES else count


def _class_axis(kind: str, classes: Sequence[str]) -> alt.X | alt.Y:
    channel = alt.X if kind == "predicted" else alt.Y
    turned: dict[str, Any] = {"labelAngle": -40} if kind == "predicted" and max(map(len, classes), default=0) > 4 else {"labelAngle": 0}
    axis = marks.close(domain=False, ticks=False, **turned).copy()
    axis["labelLimit"] = 80
    return channel(f"{kind}:N", title=f"{kind} class", scale=alt.Scale(domain=list(classes), paddingInner=0.04), sort=None, axis=axis)


def curve(
    table: DataFrame,
    *,
    variants: Sequence[str],
    shown: Sequence[str] | None = None,
    kind: Kind = "roc",
    guess: float | None = None,
    width: int = 300,
    height: int = 280,
) -> alt.LayerChart:
    """Draws the mean curve of each variant over its seeds with a 95 % t band; the dashed line is guessing.

    Args:
        table: variant, x, mean, low, high, n: the result of `core.analysis.predictions`.
        variants: all variants of the comparison in its order, which decides their colours.
        shown: variants to draw, at most 8; all by default.
        kind: which of the two curves to draw.
        guess: for precision-recall, the share of the class.
        width: width of the whole chart in pixels; the page may stretch it.
        height: height of the plot in pixels.
    """
    shown = list(variants if shown is None else shown)[: len(palette.COLOURS)]
    table = table[table["variant"].isin(shown)]
    seeds = table.groupby("variant", observed=True)["n"].first()
    labels = [f"{name} (n={int(seeds[name])})" if name in seeds.index else f"{name} (no data)" for name in shown]
    colour = palette.colour(shown, labels, width=width)
    colour["scale"]["range"] = [palette.colours(variants)[name] for name in shown]
    across, up = _AXES[kind]
    x = alt.X("x:Q", title=across, scale=alt.Scale(domain=[0, 1], nice=False), axis=alt.Axis(tickCount=5))
    y, low = (alt.Y(f"{field}:Q", title=up, scale=alt.Scale(domain=[0, 1], nice=False)) for field in ("mean", "low"))
    tooltip = [alt.Tooltip("variant:N"), marks.number("x", across), *marks.mean_and_interval(up)]
    banded = table.dropna(subset=["low"])
    layers = [
        _guess(kind, guess).mark_line(strokeDash=[4, 4], strokeWidth=1.5, color=palette.MISSING).encode(x, y),
        alt.Chart(banded).mark_area(opacity=0.2, **marks.MANY).encode(x, low, alt.Y2("high:Q"), colour),
        alt.Chart(table).mark_line(strokeWidth=2, **marks.MANY).encode(x, y, colour),
        alt.Chart(table).mark_point(opacity=0, size=80, filled=True, **marks.MANY).encode(x, y, colour, tooltip=tooltip),
    ]
    note = ["dashed: guessing", "band: 95 % over seeds"]
    described = (
        f"{_NAMES[kind]}, {up} against {across}, for {titles.listed(shown)}: means over seeds with 95 % bands; the dashed line is guessing."
    )
    size: dict[str, Any] = {"width": width, "height": height, "autosize": marks.FIT}
    return alt.LayerChart(layer=layers, title=marks.note(note, width), description=described, **size)


def _guess(kind: Kind, share: float | None) -> alt.Chart:
    level = np.nan if share is None else share
    ends = [0.0, 1.0] if kind == "roc" else [level, level]
    return alt.Chart(DataFrame({"x": [0.0, 1.0], "mean": ends}).dropna())


def against_true(
    table: DataFrame,
    *,
    variants: Sequence[str],
    place: int = 0,
    ends: tuple[float, float] | None = None,
    width: int = 300,
    height: int = 280,
) -> alt.LayerChart:
    """Draws predicted against true values of one variant: a dot at the mean over seeds, a rule from the lowest to the highest seed.

    Dots on the dashed line are exact.

    Args:
        table: example, target, mean, low, high, n: the result of `core.analysis.predictions.against_true`.
        variants: one name, for the alternative text.
        place: position of the variant in the comparison, which decides its colour.
        ends: the ends of both axes, from `reach`, if several variants share them.
        width: width of the whole chart in pixels; the page may stretch it.
        height: height of the plot in pixels.
    """
    stride = max(-(-len(table) // _POINTS), 1)
    shown = table.sort_values("example").iloc[::stride]
    low_end, high_end = ends or reach(table)
    colour = palette.COLOURS[place % len(palette.COLOURS)]
    scale = alt.Scale(domain=[low_end, high_end], nice=False, padding=6)
    x = alt.X("target:Q", title="true value", scale=scale, axis=alt.Axis(tickCount=5))
    y, low = (alt.Y(f"{field}:Q", title="predicted value", scale=scale, axis=alt.Axis(tickCount=5)) for field in ("mean", "low"))
    told = [marks.number("target", "true"), marks.number("mean", "predicted, mean"), marks.number("low", "lowest seed")]
    tooltip = [*told, marks.number("high", "highest seed"), alt.Tooltip("n:Q", title="seeds"), alt.Tooltip("example:Q")]
    exact = alt.Chart(DataFrame({"target": [low_end, high_end], "mean": [low_end, high_end]}))
    layers = [
        exact.mark_line(strokeDash=[4, 4], strokeWidth=1.5, color=palette.MISSING).encode(x, y),
        alt.Chart(shown).mark_rule(opacity=0.3, color=colour, **marks.MANY).encode(x, low, alt.Y2("high:Q")),
        alt.Chart(shown).mark_point(filled=True, size=26, opacity=0.7, color=colour, **marks.MANY).encode(x, y, tooltip=tooltip),
    ]
    note = ["dashed: exact", "dot: mean over seeds", "rule: lowest to highest seed"]
    note += [f"{len(shown):,} of {len(table):,} examples drawn"] if stride > 1 else []
    described = (
        f"Scatter chart of predicted against true values of {titles.listed(list(variants))}, means over seeds; "
        "on the dashed line both agree."
    )
    size: dict[str, Any] = {"width": width, "height": height, "autosize": marks.FIT}
    return alt.LayerChart(layer=layers, title=marks.note(note, width), description=described, **size)


def reach(table: DataFrame) -> tuple[float, float]:
    """Returns the lowest and the highest of the true and predicted values."""
    if table.empty:
        return 0.0, 1.0
    return float(min(table["target"].min(), table["low"].min())), float(max(table["target"].max(), table["high"].max()))
