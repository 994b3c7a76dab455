"""Normalization: the cells of a tensor that are averaged together, both modes of a network, running averages, activations by layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from pandas import DataFrame

from core.analysis import metrics
from core.charts.parts import bands, marks, palette, titles

_GAP = 0.35
"""Space between two examples, in cells."""
_ROW = 27
_FAINT, _STRONG = 0.2, 0.5
"""Share of a set's colour in its cells; the rest is white."""


def axes(cells: DataFrame, *, value: str, sets: Sequence[str], chosen: int, rows: str = "unit", columns: str = "example") -> alt.LayerChart:
    """Draws a tensor as a table of numbers: a row for each unit, a column for each example (and position), one colour for cells that are
    averaged together.

    Args:
        cells: example, unit, position, set, and the values; one row for each cell.
        value: the column whose numbers are written into the cells.
        sets: the names of the sets, in order.
        chosen: index of the highlighted set.
        rows: meaning of a row, in one word.
        columns: meaning of a column, or of a block of columns, in one word.
    """
    positions = int(cells["position"].max()) + 1
    stride = positions + _GAP * (positions > 1)
    left = cells["example"] * stride + cells["position"]
    frame = cells.assign(left=left + 0.03, right=left + 0.97, middle=left + 0.5, strong=cells["set"] == chosen)
    names = dict(enumerate(sets))
    frame = frame.assign(name=frame["set"].map(names), row=frame["unit"] + 1, text=frame[value].map(_short))
    middles = [example * stride + positions / 2 for example in sorted(cells["example"].unique())]
    frame = frame.assign(full=frame["set"].map(_colour), share=np.where(frame["strong"], _STRONG, _FAINT))
    frame = frame.assign(fill=[palette.tint(*cell) for cell in zip(frame["full"], frame["share"], strict=True)])
    y = alt.Y("row:O", title=rows, axis=alt.Axis(domain=False, ticks=False, labelPadding=4), scale=alt.Scale(paddingInner=0.08))
    tooltip = [alt.Tooltip("name:N", title="set"), *(alt.Tooltip(f"{name}:Q") for name in ("x", "y"))]
    base = alt.Chart(frame)
    fill, edge = alt.Fill("fill:N", scale=None), alt.Stroke("full:N", scale=None)
    edged = alt.when("datum.strong").then(alt.value(2.5)).otherwise(alt.value(0))
    cell = base.mark_rect(cornerRadius=3).encode(
        _across("left", middles, columns), y, alt.X2("right:Q"), fill=fill, stroke=edge, strokeWidth=edged, tooltip=tooltip
    )
    number = base.mark_text(fontSize=11, color=palette.INK).encode(_across("middle", middles, columns), y, text="text:N", tooltip=tooltip)
    described = (
        f"Table of the numbers {value} by {rows} and {columns}; cells of one colour are averaged together: "
        f"{titles.listed(list(sets))}. The set {sets[chosen]} is highlighted."
    )
    size: dict[str, Any] = {"height": _ROW * int(frame["row"].max()), "width": 300, "autosize": marks.FIT}
    return alt.LayerChart(layer=[cell, number], description=described, **size)


def _across(field: str, middles: Any, columns: str) -> alt.X:
    labels = [f"{index + 1}" for index in range(len(middles))]
    expression = f"{labels}[indexof({[round(float(at), 6) for at in middles]}, round(datum.value * 1e6) / 1e6)]"
    axis = alt.Axis(values=list(middles), labelExpr=expression, domain=False, ticks=False, grid=False)
    return alt.X(f"{field}:Q", title=columns, axis=axis, scale=alt.Scale(nice=False, zero=False, padding=0))


def _colour(number: int) -> str:
    return palette.COLOURS[number % len(palette.COLOURS)]


def _short(value: float) -> str:
    return f"{value + 0.0:.1f}".replace("-0.0", "0.0").replace("-", "−")


def modes(outputs: DataFrame, *, variants: Sequence[str], variant: str, width: int = 190) -> alt.LayerChart:
    """Draws each output of a variant's network in train mode against the same output in eval mode; on the dashed line they are equal.

    Args:
        outputs: outputs of all variants, which decide the axes: variant, example, output, train, evaluation.
        variants: in order, which decides their colours.
        variant: the variant to draw.
        width: width and height of the plot in pixels; the page may stretch it.
    """
    both = pd.concat([outputs["train"], outputs["evaluation"]])
    ends = [float(both.min()), float(both.max())] if len(both) else [0.0, 1.0]
    scale = alt.Scale(domain=ends, nice=False, padding=4)
    x, y = (alt.X, "in eval mode"), (alt.Y, "in train mode")

    def at(channel: tuple[Any, str], field: str) -> Any:
        return channel[0](f"{field}:Q", title=channel[1], scale=scale, axis=marks.close(tickCount=4))

    tooltip = [alt.Tooltip("variant:N"), *(alt.Tooltip(f"{name}:O") for name in ("example", "output"))]
    tooltip += [marks.number("train", y[1]), marks.number("evaluation", x[1])]
    own = bands.of_variants(outputs[outputs["variant"] == variant], variants)
    line = alt.Chart(DataFrame({"edge": ends})).mark_line(color=palette.MISSING, strokeDash=[3, 3], strokeWidth=1.5)
    points = alt.Chart(own).mark_circle(size=18, opacity=0.55, clip=True, color=palette.colours(variants)[variant])
    layers = [line.encode(at(x, "edge"), at(y, "edge")), points.encode(at(x, "evaluation"), at(y, "train"), tooltip=tooltip)]
    described = f"Scatter chart of the outputs of {variant} in train mode against eval mode; on the dashed line they are equal."
    return alt.LayerChart(layer=layers, width=width, height=width, autosize=marks.FIT, description=described)


def running(table: DataFrame, *, variants: Sequence[str], column: str, title: str, expected: str, width: int = 360) -> alt.LayerChart:
    """Draws the error of batch norm's running averages, compared with the whole training set, against the batches seen, a line a batch
    size.

    Args:
        table: variant (a batch size in words), batches, and the columns `column` and `expected`.
        variants: in order, which decides their colours; the first 8 are drawn.
        column: the measured column.
        title: title of the y axis, with its unit.
        expected: the column with the closed form, drawn dashed.
        width: width of the chart in pixels; the page may stretch it.
    """
    shown = list(variants)[: len(palette.COLOURS)]
    frame = bands.of_variants(table, shown)
    frame = frame[frame["batches"] > 0]
    x = alt.X(
        "batches:Q",
        title="batches seen in train mode",
        scale=alt.Scale(nice=False),
        axis=marks.close(tickCount=6, **marks.integers("step")),
    )
    scale, axis = alt.Scale(type="log", nice=False), marks.logarithmic("y", labelPadding=4, titlePadding=6)
    measured, closed = (alt.Y(f"{field}:Q", title=title, scale=scale, axis=axis) for field in (column, expected))
    tooltip = [alt.Tooltip("variant:N", title="batch size"), alt.Tooltip("batches:Q")]
    tooltip += [marks.number(column, title), marks.number(expected, "closed form")]
    colour = palette.colour(shown, shown, width=width)
    base = alt.Chart(frame)
    layers = [
        base.mark_line(strokeDash=[5, 4], strokeWidth=1.5, opacity=0.8).encode(x, closed, colour),
        base.mark_line(strokeWidth=2).encode(x, measured, colour),
        base.mark_point(opacity=0, size=60).encode(x, measured, colour, tooltip=tooltip),
    ]
    described = f"Line chart of {title} against the batches seen in train mode, for {titles.listed(shown)}; dashed: the closed form."
    note = marks.note(["dashed: in closed form"], width)
    size: dict[str, Any] = {"width": width, "height": 240, "autosize": marks.FIT}
    return alt.LayerChart(layer=layers, title=note, description=described, **size)


def profile(
    means: DataFrame,
    *,
    variants: Sequence[str],
    column: str,
    when: str,
    reference: float | None = None,
    width: int = 360,
) -> alt.LayerChart:
    """Draws a measure of the activations by layer at one moment: the mean over seeds with the 95 % t band.

    Args:
        means: the result of `by_depth`.
        variants: all variants of the comparison in its order, which decides their colours; the first 8 are drawn.
        column: the measure, which names the axis.
        when: the moment, for the description.
        reference: a value that is drawn as a dotted line.
        width: width of the chart in pixels; the page may stretch it.
    """
    shown = list(variants)[: len(palette.COLOURS)]
    means = bands.of_variants(means, shown)
    reach = means["min"].min(), means["max"].max()  # the range of the single seeds, because the interval of two seeds would set the axis
    means = means.assign(bottom=means["low"].clip(*reach), top=means["high"].clip(*reach))
    layers = int(means["place"].max()) if len(means) else 1
    axis = alt.Axis(tickMinStep=1, format="d", tickCount=min(layers, 10), grid=False)
    ends = [1, layers] if layers > 1 else [0.5, 1.5]
    x = alt.X("place:Q", title="hidden layer", scale=alt.Scale(domain=ends, nice=False, padding=8), axis=axis)
    scale, ticks = alt.Scale(zero=False), alt.Axis(tickCount=5, format="~g")
    y = {
        name: alt.Y(f"{name}:Q", title=metrics.title(column, metrics.NO_LOSS), scale=scale, axis=ticks)
        for name in ("bottom", "mean", "reference")
    }
    colour = palette.colour(shown, shown, width=width)
    tooltip = [alt.Tooltip("variant:N"), alt.Tooltip("layer:N"), *marks.mean_and_interval(metrics.name(column))]
    base = alt.Chart(means)
    level = alt.Chart(DataFrame({"reference": [] if reference is None else [reference]}))
    parts = [
        level.mark_rule(strokeDash=[2, 4], color=palette.MISSING, strokeWidth=1.5).encode(y["reference"], tooltip=["reference:Q"]),
        base.mark_area(opacity=0.15, clip=True).encode(x, y["bottom"], alt.Y2("top:Q"), colour),
        base.mark_line(strokeWidth=2, clip=True, point={"size": 28}).encode(x, y["mean"], colour),
        base.mark_point(opacity=0, size=90).encode(x, y["mean"], colour, tooltip=tooltip),
    ]
    note = marks.note(["dotted: normal numbers of mean 0 and variance 1 after ReLU"] if reference is not None else [], width)
    described = (
        f"Line chart of {metrics.name(column)} by hidden layer {when}, for {titles.listed(shown)}: means over seeds with 95 % bands."
    )
    size: dict[str, Any] = {"width": width, "height": 240, "autosize": marks.FIT}
    return alt.LayerChart(layer=parts, title=note, description=described, **size)
