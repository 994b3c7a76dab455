"""The predictions of networks at every point of a plane, with the data on it."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from core.charts.parts import marks, palette, titles

LEVELS = 12
"""Number of confidence steps that the colours show."""
POINTS = 400
"""Largest number of data points in a panel; if there are more, every second, third ... is drawn, and the chart says so."""


def decision(
    grid: DataFrame,
    points: DataFrame,
    *,
    variants: Sequence[str],
    width: int = 360,
    columns: int = 2,
) -> alt.ConcatChart:
    """Draws the decision regions of each variant in one panel, fainter where the network is less confident, with the data on them.

    Here a colour stands for a class. Training points are filled circles, the others open ones.

    Args:
        grid: one row for each variant and point of a regular grid: variant, x, y, class (text or number), confidence (fraction).
        points: the data: x, y, class, part ("train", "validation", ...).
        variants: the variants of the comparison, in its order; those without a grid have no panel.
        width: width of the whole chart in pixels.
        columns: number of panels side by side.
    """
    grid = grid.dropna(subset=["class", "confidence"])  # a network that diverged has no predictions
    classes = _in_order(pd.concat([grid["class"], points["class"]]))
    grid, points = grid.assign(**{"class": _as_text(grid["class"])}), points.assign(**{"class": _as_text(points["class"])})
    shown, note = _fewer(points)
    training = shown["part"].isin(("train", "training"))
    parts = shown[training], shown[~training]  # the same two tables in all panels, so that they are sent once
    panels = [_panel(name, part, parts, classes, marks.panel_width(width, columns)) for name, part in _by_variant(grid, variants)]
    described = f"Decision regions with the data on them, one panel each for {titles.listed(list(variants))}."
    title = marks.note(["filled: training data", *note], width)
    return alt.ConcatChart(concat=panels, columns=columns, title=title, autosize=marks.PAD, description=described)


def regions(grid: DataFrame) -> DataFrame:
    """Returns the grid of one variant as few rectangles: x, x2, y, y2, class, confidence.

    Neighbours in x with the same class and the same confidence (in 12 steps from guessing to certainty) become one rectangle.
    """
    grid = grid.sort_values(["y", "x"], ignore_index=True)
    grid = grid.assign(confidence=(grid["confidence"] * LEVELS).round() / LEVELS)
    key = grid[["y", "class", "confidence"]]
    starts = np.flatnonzero((key != key.shift()).any(axis=1))
    ends = np.append(starts[1:], len(grid)) - 1
    half_x, half_y = _spacing(grid["x"]) / 2, _spacing(grid["y"]) / 2
    table = grid.loc[starts, ["x", "y", "class", "confidence"]].reset_index(drop=True)
    last = grid["x"].to_numpy()[ends]
    return table.assign(x=table["x"] - half_x, x2=last + half_x, y=table["y"] - half_y, y2=table["y"] + half_y)


def _spacing(places: Series) -> float:
    distinct = np.unique(places.to_numpy(dtype=float))
    return float(np.diff(distinct).min()) if len(distinct) > 1 else 1.0


def _in_order(classes: Series) -> list[str]:
    """Returns the classes as text; numbers are in order of size."""
    distinct = Series(sorted(classes.unique(), key=lambda name: (isinstance(name, str), name)), dtype=object)
    return list(dict.fromkeys(_as_text(distinct)))


def _as_text(classes: Series) -> Series:
    """Returns whole numbers without a decimal point."""
    names = {name: f"{name:g}" if isinstance(name, float) else str(name) for name in classes.unique()}
    return classes.map(names)


def _by_variant(grid: DataFrame, variants: Sequence[str]) -> list[tuple[str, DataFrame]]:
    return [(name, grid[grid["variant"] == name]) for name in variants if (grid["variant"] == name).any()]


def _fewer(points: DataFrame) -> tuple[DataFrame, list[str]]:
    stride = -(-len(points) // POINTS)
    if stride <= 1:
        return points, []
    return points.iloc[::stride], [f"{len(points.iloc[::stride]):,} of {len(points):,} points drawn"]


def _panel(name: str, grid: DataFrame, points: tuple[DataFrame, DataFrame], classes: list[str], width: int) -> alt.LayerChart:
    training, others = points
    rectangles = regions(grid)
    ends_x = rectangles["x"].min(), rectangles["x2"].max()
    ends_y = rectangles["y"].min(), rectangles["y2"].max()
    height = width * (ends_y[1] - ends_y[0]) / (ends_x[1] - ends_x[0])  # a unit has the same length vertically and horizontally
    place = _channel(alt.X, "x", ends_x), _channel(alt.Y, "y", ends_y)
    colour = _class_colour(classes)
    size = min(max(width / 12, 8), 26)
    layers = [
        _ground(rectangles, len(classes)).encode(*place, colour),
        _points(training, filled=True, size=size).encode(*place, colour),
        _points(others, filled=False, size=size).encode(*place, colour),
    ]
    title = alt.TitleParams(name, fontSize=13, fontWeight="normal", anchor="start", offset=6, limit=width)
    return alt.LayerChart(layer=layers, title=title, width=width, height=height)


def _channel(kind: type[alt.X] | type[alt.Y], field: str, ends: tuple[float, float]) -> alt.X | alt.Y:
    scale = alt.Scale(domain=list(ends), nice=False)
    return kind(f"{field}:Q", title=f"feature {field}", axis=marks.close(tickCount=4, grid=False), scale=scale)


def _class_colour(classes: list[str]) -> alt.Color:
    colours = [palette.CLASSES[index % len(palette.CLASSES)] for index in range(len(classes))]
    legend = alt.Legend(title="class", orient="bottom", direction="horizontal", symbolType="circle", symbolOpacity=1)
    return alt.Color("class:N", scale=alt.Scale(domain=classes, range=colours), legend=legend)


def _ground(rectangles: DataFrame, classes: int) -> alt.Chart:
    """The regions: the higher the confidence, the stronger the colour; where the network only guesses between all classes, it almost
    disappears.
    """
    sure = alt.Opacity("confidence:Q", scale=alt.Scale(domain=[1 / max(classes, 2), 1], range=[0.08, 0.5], clamp=True), legend=None)
    tooltip = [alt.Tooltip("class:N", title="predicted class"), alt.Tooltip("confidence:Q", title="confidence, about", format=".2f")]
    chart = alt.Chart(rectangles).mark_rect(strokeWidth=0, clip=True)
    return chart.encode(alt.X2("x2:Q"), alt.Y2("y2:Q"), opacity=sure, tooltip=tooltip)


def _points(points: DataFrame, *, filled: bool, size: float) -> alt.Chart:
    tooltip = [alt.Tooltip("class:N", title="true class"), alt.Tooltip("part:N"), alt.Tooltip("x:Q"), alt.Tooltip("y:Q")]
    chart = alt.Chart(points).mark_point(filled=filled, size=size, opacity=0.95, clip=True)
    return chart.encode(tooltip=tooltip)
