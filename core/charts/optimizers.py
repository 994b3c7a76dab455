"""Paths of optimizers on a surface of two numbers, and how fast their loss decreases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
from pandas import DataFrame

from core.analysis.shown import isolines
from core.charts.parts import marks, palette, thin, titles

START = "start"
"""Name of the selection that a click on the surface makes; it contains x and y."""

NARROW = 330
"""Largest width of the legend in pixels: on a phone the page narrows the chart, but not the legend."""

CELLS = 32
"""Number of places along each axis that react to the pointer and to a click."""

_STAR = "M0,-1L0.24,-0.32L0.95,-0.31L0.38,0.12L0.59,0.81L0,0.4L-0.59,0.81L-0.38,0.12L-0.95,-0.31L-0.24,-0.32Z"
_TITLES = {"excess": "loss above the lowest", "grad_norm": "gradient norm", "distance": "distance to the nearest minimum"}


def surface(
    grid: DataFrame,
    paths: DataFrame,
    minima: DataFrame,
    *,
    variants: Sequence[str],
    lowest: float,
    step: int,
    clickable: bool = True,
    width: int = 520,
    height: int = 400,
) -> alt.LayerChart:
    """Draws lines of equal loss, with closer levels where the loss is low, and each optimizer's path up to a step.

    Stars are the minima, a ring is the start, and a cross is the place where a path diverged. A path may leave the picture.

    Args:
        grid: x, y, loss on a regular grid, in rows of equal y.
        paths: variant, step, x, y, loss, status: one row for each optimizer and step. May be empty.
        minima: x, y of the minima.
        variants: all optimizers in their order, at most 8, which decides their colours.
        lowest: the lowest loss.
        step: the step up to which the paths are drawn.
        clickable: whether a click makes the selection `START`, with the x and y of the nearest place.
        width: width of the plot in pixels; the page may stretch it.
        height: height of the plot in pixels.
    """
    frame = _frame(grid)
    past = paths[paths["step"] <= step]
    colour = palette.colour(variants, list(variants), width=min(width, NARROW))
    layers = [_lines(grid, lowest, frame), _ground(grid, frame, clickable=clickable), _minima(minima, frame)]
    layers += [
        _trails(past, frame, colour),
        _dots(past, frame, colour),
        _start(past, frame),
        _heads(past, frame, colour),
        _ends(past, frame, colour),
    ]
    described = f"Lines of equal loss over x and y with the paths of {titles.listed(list(variants))}, up to an update; stars at the minima."
    properties: dict[str, Any] = {"width": width, "height": height, "autosize": marks.FIT, "description": described}
    return alt.LayerChart(layer=layers, title=marks.note(["★ minimum", "○ start", "closer lines: steeper"], width), **properties)


def descent(
    paths: DataFrame, *, variants: Sequence[str], step: int, metric: str = "excess", width: int = 400, height: int = 240
) -> alt.LayerChart:
    """Draws the loss above the lowest one (or another column) of each path against the steps, on a logarithmic axis; the rule is at `step`.

    Values below a billionth of the largest first value are drawn at the end of the axis.
    """
    firsts = paths.loc[paths["step"] == 0, metric]
    top = float(firsts.max()) if len(firsts) and firsts.max() > 0 else 1.0
    drawn = thin.thinned(paths[np.isfinite(paths[metric])], "variant", value=metric)
    drawn = drawn[["variant", "step", metric]].assign(place=drawn[metric].clip(top * 1e-9, top * 1e3))
    x = alt.X("step:Q", title="updates", scale=alt.Scale(nice=False), axis=alt.Axis(**marks.integers("step")))
    y = alt.Y("place:Q", title=_TITLES[metric], scale=alt.Scale(type="log", nice=False), axis=marks.logarithmic("y"))
    colour = palette.colour(variants, None)
    lines = alt.Chart(drawn).mark_line(strokeWidth=2, clip=True).encode(x, y, colour)
    tooltip = [alt.Tooltip("variant:N"), marks.number("step", "updates"), marks.number(metric, _TITLES[metric])]
    hover = alt.Chart(drawn).mark_point(size=90, opacity=0, filled=True, clip=True).encode(x, y, colour, tooltip=tooltip)
    rule = alt.Chart(DataFrame({"step": [step]})).mark_rule(color=palette.MISSING, strokeDash=[4, 3]).encode(x)
    described = f"{_TITLES[metric]} against updates, on a logarithmic axis, for {titles.listed(list(variants))}."
    return alt.LayerChart(layer=[lines, rule, hover], width=width, height=height, autosize=marks.FIT, description=described)


class _Frame:
    """The two axes that all layers share."""

    def __init__(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        self.x = alt.X("x:Q", title="x", axis=marks.close(tickCount=6, grid=False), scale=alt.Scale(domain=list(x), nice=False, zero=False))
        self.y = alt.Y("y:Q", title="y", axis=marks.close(tickCount=6, grid=False), scale=alt.Scale(domain=list(y), nice=False, zero=False))


def _frame(grid: DataFrame) -> _Frame:
    """Returns the axes of the grid's cells, which end half a cell beyond the outer places."""
    ends = []
    for column in ("x", "y"):
        places = np.unique(grid[column].to_numpy())
        half = (places[1] - places[0]) / 2
        ends.append((round(float(places[0] - half), 9), round(float(places[-1] + half), 9)))
    return _Frame(*ends)


def _lines(grid: DataFrame, lowest: float, frame: _Frame) -> alt.Chart:
    lines = isolines.isolines(grid, isolines.levels(grid["loss"].to_numpy(), lowest))
    chart = alt.Chart(lines).mark_line(strokeWidth=1, color=palette.MISSING, opacity=0.55, clip=True, invalid="break-paths-filter-domains")
    return chart.encode(frame.x, frame.y, detail=alt.Detail("level:Q"), order=alt.Order("place:Q"))


def _ground(grid: DataFrame, frame: _Frame, *, clickable: bool) -> alt.Chart:
    """Invisible cells that show the loss and react to a click."""
    places = _places(grid)
    chart = alt.Chart(places).mark_rect(opacity=0.001, strokeWidth=0, cursor="crosshair" if clickable else "default")
    tooltip = [marks.number("x", "x"), marks.number("y", "y"), marks.number("loss", "loss")]
    edges = {"x": alt.X("left:Q", title="x"), "x2": alt.X2("right:Q"), "y": alt.Y("low:Q", title="y"), "y2": alt.Y2("high:Q")}
    chart = chart.encode(**edges, tooltip=tooltip)
    return chart.add_params(alt.selection_point(name=START, fields=["x", "y"], on="click", toggle=False)) if clickable else chart


def _places(grid: DataFrame) -> DataFrame:
    """Returns fewer places with rounder numbers: every few places of the grid, each with the cell around it."""
    x, y = (np.unique(grid[column].to_numpy()) for column in ("x", "y"))
    stride = -(-len(x) // CELLS)
    kept = grid[grid["x"].isin(x[stride // 2 :: stride]) & grid["y"].isin(y[stride // 2 :: stride])]
    across, up = (stride * (places[1] - places[0]) / 2 for places in (x, y))
    around = {"left": kept["x"] - across, "right": kept["x"] + across, "low": kept["y"] - up, "high": kept["y"] + up}
    return kept.assign(**around).round(4).reset_index(drop=True).astype(np.float32)


def _minima(minima: DataFrame, frame: _Frame) -> alt.Chart:
    tooltip = [marks.number("x", "minimum at x"), marks.number("y", "y")]
    return (
        alt.Chart(minima)
        .mark_point(shape=_STAR, size=90, filled=True, color="#c77800", opacity=1)
        .encode(frame.x, frame.y, tooltip=tooltip)
    )


def _trails(past: DataFrame, frame: _Frame, colour: alt.Color) -> alt.Chart:
    chart = alt.Chart(_finite(past)[["variant", "step", "x", "y"]]).mark_line(strokeWidth=2, opacity=0.9, clip=True)
    return chart.encode(frame.x, frame.y, colour, order=alt.Order("step:Q"))


def _dots(past: DataFrame, frame: _Frame, colour: alt.Color) -> alt.Chart:
    """The steps, as many as fit: they show the length of each step and its numbers."""
    chart = alt.Chart(thin.thinned(_finite(past), "variant", 120)).mark_point(size=12, filled=True, opacity=0.9, clip=True)
    return chart.encode(frame.x, frame.y, colour, tooltip=_tooltip())


def _heads(past: DataFrame, frame: _Frame, colour: alt.Color) -> alt.Chart:
    """The place of each path at the step."""
    heads = _finite(past).groupby("variant", sort=False).tail(1)
    return alt.Chart(heads).mark_point(size=110, filled=True, opacity=1, clip=True).encode(frame.x, frame.y, colour, tooltip=_tooltip())


def _ends(past: DataFrame, frame: _Frame, colour: alt.Color) -> alt.Chart:
    """A cross at the last place of each path that diverged."""
    diverged = past.loc[past["status"] == "diverged", "variant"]
    last = _finite(past[past["variant"].isin(diverged)]).groupby("variant", sort=False).tail(1)
    chart = alt.Chart(last).mark_point(shape=marks.CROSS, size=160, strokeWidth=3, filled=False, opacity=1, clip=True)
    return chart.encode(frame.x, frame.y, colour, tooltip=_tooltip())


def _start(past: DataFrame, frame: _Frame) -> alt.Chart:
    start = past.loc[past["step"] == 0, ["x", "y"]].head(1)
    return alt.Chart(start).mark_point(size=120, strokeWidth=2, filled=False, color=palette.MISSING, opacity=1).encode(frame.x, frame.y)


def _tooltip() -> list[alt.Tooltip]:
    return [alt.Tooltip("variant:N"), *(marks.number(column, column) for column in ("step", "x", "y", "loss"))]


def _finite(paths: DataFrame) -> DataFrame:
    """Returns the rows that can be drawn, because the browser cannot compute with the numbers of a path that explodes."""
    return paths[np.isfinite(paths["x"]) & np.isfinite(paths["y"]) & (paths[["x", "y"]].abs().max(axis=1) < 1e5)]


def costs(table: DataFrame, *, width: int = 360) -> alt.Chart:
    """Draws the time of a step relative to plain SGD, on a logarithmic axis: one dot for each optimizer, the fastest first.

    Args:
        table: variant, state, milliseconds, relative.
        width: width of the plot in pixels; the page may stretch it.
    """
    table = table.sort_values("relative")
    scale = alt.Scale(type="log", nice=False)
    tooltip = [alt.Tooltip("variant:N"), marks.number("relative", "times SGD's update"), marks.number("milliseconds", "ms per update")]
    tooltip += [marks.number("state", "numbers stored per weight")]
    chart = alt.Chart(table).mark_point(size=70, filled=True, color=palette.COLOURS[0], opacity=1)
    return chart.encode(
        alt.X("relative:Q", title="time of an update / time of plain SGD", scale=scale, axis=marks.logarithmic("x")),
        alt.Y("variant:N", title=None, sort=list(table["variant"])),
        tooltip=tooltip,
    ).properties(width=width, height=alt.Step(18), description="The time of one update of each optimizer as a multiple of plain SGD's.")
