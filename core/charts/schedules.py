"""Learning-rate schedules as curves, and a learning-rate range test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
from pandas import DataFrame

from core.analysis import metrics
from core.charts.parts import marks, palette, titles


def shape(frame: DataFrame, *, name: str, chosen: bool = False, width: int = 210, height: int = 90) -> alt.LayerChart:
    """Draws the learning rate over training under one schedule.

    Args:
        frame: epoch, lr, watches (whether the run itself decides when the rate decreases: then the line is the initial rate, and dashed).
        name: name of the schedule.
        chosen: whether it is highlighted.
        width: width of the chart in pixels; the page may stretch it.
        height: height of the plot in pixels.
    """
    watches, logarithmic = bool(frame["watches"].any()), name == "range_test"
    scale = alt.Scale(type="log", nice=False) if logarithmic else alt.Scale(domainMin=0, nice=False, padding=3)
    x = alt.X("epoch:Q", title="epoch", scale=alt.Scale(nice=False), axis=marks.close(tickCount=4, grid=False, **marks.integers("epoch")))
    room: dict[str, Any] = {"minExtent": 44, "maxExtent": 44}
    axis = marks.logarithmic("y", most=3, **room) if logarithmic else marks.close(tickCount=3, format="~g", **room)
    y = alt.Y("lr:Q", title="learning rate", scale=scale, axis=axis)
    line = alt.Chart(frame).mark_line(
        strokeWidth=3 if chosen else 2, color=palette.COLOURS[1 if chosen else 0], strokeDash=[5, 4] if watches else [1, 0]
    )
    tooltip = [marks.number("epoch", "epoch"), marks.number("lr", "learning rate")]
    words = name.replace("_", " ") + (" (chosen)" if chosen else "") + (": the run decides" if watches else "")
    layers = [line.encode(x, y), alt.Chart(frame).mark_point(opacity=0, size=60).encode(x, y, tooltip=tooltip)]
    title = alt.TitleParams(words, fontSize=12, anchor="start", offset=4)
    described = f"Line chart of the learning rate over the epochs under the schedule {words}."
    return alt.LayerChart(layer=layers, title=title, width=width, height=height, autosize=marks.FIT, description=described)


def range_test(
    curve: DataFrame,
    readings: DataFrame,
    *,
    variants: Sequence[str],
    loss: str,
    metric: str = "train_loss_eval",
    top: float | None = None,
    width: int = 640,
    height: int = 300,
) -> alt.LayerChart:
    """Draws the training loss against the increasing rate.

    A diamond marks the steepest decrease, and a dot a tenth of the rate with the lowest loss.

    Args:
        curve: variant, step, lr, loss, n; in order of step.
        readings: variant, steepest, steepest_loss, lowest, tenth, blown_up.
        variants: in the order of the comparison, which decides their colours; the first 8 are drawn.
        metric: the training loss in `curve`.
        top: the end of the loss axis; values above are clipped.
        loss: unit of the loss, from `metrics.loss_unit`.
        width: width of the chart in pixels; the page may stretch it.
        height: height of the plot in pixels.
    """
    shown = list(variants)[: len(palette.COLOURS)]
    curve, readings = (frame[frame["variant"].isin(shown)] for frame in (curve, readings))
    title = metrics.title(metric, loss)
    colour = palette.colour(shown, shown, width=width)
    across = "learning rate, increasing with every update"
    limits: dict[str, Any] = {} if top is None else {"domainMax": top}
    ends: dict[str, Any] = {}
    if curve.empty:  # no data decide the axes yet
        limits, ends = {"domain": [0, top or 1.0]}, {"domain": [1e-5, 10]}
    x = alt.X("lr:Q", title=across, scale=alt.Scale(type="log", nice=False, **ends), axis=marks.logarithmic("x"))
    y = alt.Y("loss:Q", title=title, scale=alt.Scale(zero=False, nice=False, padding=6, **limits))
    tooltip = [
        alt.Tooltip("variant:N"),
        marks.number("lr", "learning rate"),
        marks.number("loss", title),
        alt.Tooltip("n:Q", title="seeds"),
    ]
    steep = readings.dropna(subset=["steepest"])
    at = [alt.Tooltip("variant:N"), marks.number("steepest", "steepest at"), marks.number("tenth", "a tenth of the lowest loss's rate")]
    layers = [
        alt.Chart(curve).mark_line(strokeWidth=2, clip=True).encode(x, y, colour),
        alt.Chart(curve).mark_point(opacity=0, size=80, clip=True).encode(x, y, colour, tooltip=tooltip),
        alt.Chart(steep).mark_point(shape="diamond", size=170, filled=True, opacity=1, clip=True).encode(
            alt.X("steepest:Q", title=across), alt.Y("steepest_loss:Q", title=title), colour, tooltip=at
        ),
    ]  # fmt: skip
    description = (
        f"Line chart of {title} against the learning rate of a range test for {titles.listed(shown)}; a diamond at the steepest decrease."
    )
    note = marks.note(["◆ steepest decrease", "mean over seeds; the line ends where half of them diverged"], width)
    return alt.LayerChart(layer=layers, title=note, width=width, height=height, autosize=marks.FIT, description=description)
