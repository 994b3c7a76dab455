"""Batch sizes: the same training against updates, epochs or seconds, and the noise of the gradient against the batch size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import altair as alt
from pandas import DataFrame

from core.analysis import metrics
from core.analysis.shown import fits, over_seeds
from core.charts.parts import bands, marks, palette, thin, titles
from core.charts.parts.titles import Axis


def along(
    history: DataFrame,
    *,
    variants: Sequence[str],
    metric: str = "val_loss",
    x: Axis = "step",
    log_y: bool = False,
    top: float | None = None,
    width: int = 300,
    height: int = 260,
) -> alt.LayerChart:
    """Draws the mean of a metric per variant with a 95 % t band over seeds.

    The axes of updates and seconds are logarithmic, which leaves out the values before training.

    Args:
        history: one row for each run and evaluation, in order of step within a run.
        variants: in the order of the comparison, which decides their colours; the first 8 are drawn.
        metric: a column of `history`.
        x: the quantity on the x axis.
        log_y: logarithmic y axis.
        top: the end of the y axis, so that runs that explode do not flatten the others.
        width: width of the chart in pixels; the page may stretch it.
        height: height of the plot in pixels.
    """
    shown = list(variants)[: len(palette.COLOURS)]
    history = bands.of_variants(history, shown)
    frame = over_seeds.band(history, metric, x)
    frame = frame[frame[x] > 0] if x in ("step", "seconds") else frame
    frame = thin.thinned(frame[frame["mean"] > 0] if log_y else frame, "variant", value="mean")
    colour = palette.colour(shown, bands.labels(history, shown), width=width)
    kind: Literal["log", "linear"] = "log" if x in ("step", "seconds") else "linear"
    axis = marks.logarithmic("x", most=5, grid=False) if kind == "log" else alt.Axis(tickCount=5, grid=False, **marks.integers(x))
    across = alt.X(f"{x}:Q", title=titles.AXES[x], scale=alt.Scale(type=kind, nice=False), axis=axis)
    values = over_seeds.seed_lines(history, metric, x)["value"]
    spread = bands.on_the_axis(frame.dropna(subset=["low"]), values[values > 0] if log_y else values, log=log_y)
    low, mean = (_y(field, metric, history, log_y, top) for field in ("low", "mean"))
    tooltip = [alt.Tooltip("variant:N"), marks.exactly(x), *marks.mean_and_interval(metrics.name(metric))]
    layers = [
        alt.Chart(spread).mark_area(opacity=0.18, clip=True).encode(across, low, alt.Y2("high:Q"), colour),
        alt.Chart(frame).mark_line(strokeWidth=2, clip=True, point={"size": 18}).encode(across, mean, colour),
        alt.Chart(frame).mark_point(opacity=0, size=80, clip=True).encode(across, mean, colour, tooltip=tooltip),
    ]
    described = (
        f"Line chart of {metrics.name(metric)} against {titles.AXES[x]} for {titles.listed(shown)}: means over seeds with 95 % bands; "
        "a logarithmic axis leaves out the values before training."
    )
    return alt.LayerChart(layer=layers, width=width, height=height, autosize=marks.FIT, description=described)


def _y(field: str, metric: str, history: DataFrame, log_y: bool, top: float | None) -> alt.Y:
    ends: dict[str, Any] = {} if top is None else {"domainMax": top}
    scale = alt.Scale(type="log" if log_y else "linear", zero=False, nice=False, **ends)
    axis = marks.logarithmic("y") if log_y else alt.Axis(tickCount=5)
    return alt.Y(f"{field}:Q", title=metrics.title(metric, metrics.loss_unit(history)), scale=scale, axis=axis)


def noise(table: DataFrame, *, slope: float, intercept: float, gradient: float, width: int = 640, height: int = 320) -> alt.LayerChart:
    """Draws the standard deviation of the mini-batch gradient against the batch size, both axes logarithmic, with the values in closed
    form.

    Args:
        table: batch_size, draws, noise, ci_low, ci_high, expected.
        slope: slope of the fitted straight line, drawn with `intercept` (log10 of the noise at batch size 1).
        intercept: see `slope`.
        gradient: norm of the mean gradient, drawn as a dotted line: if the noise is below it, an update follows the gradient more than the
            noise.
        width: width of the chart in pixels; the page may stretch it.
        height: height of the plot in pixels.
    """
    drawable = table[table["noise"] > 0]
    fitted = fits.power_law(table["batch_size"].to_numpy(), slope, intercept)
    size = [alt.Tooltip("batch_size:Q", title="batch size"), marks.number("noise", "spread of the gradient")]
    exact = [
        *size,
        marks.number("expected", "in closed form"),
        marks.number("ci_low", "95 % from"),
        marks.number("ci_high", "to"),
        alt.Tooltip("draws:Q"),
    ]
    closed, whole = table[table["expected"] > 0], drawable[drawable["ci_low"] > 0]
    x = alt.X(
        "batch_size:Q",
        title="batch size (examples)",
        scale=alt.Scale(type="log", base=2, nice=False, padding=12),
        axis=alt.Axis(format=",~g"),
    )
    layers = [
        alt.Chart(DataFrame({"gradient": [gradient]})).mark_rule(strokeDash=[2, 4], color=palette.MISSING, strokeWidth=1.5).encode(
            _noise("gradient"), tooltip=[marks.number("gradient", "norm of the mean gradient")]
        ),
        alt.Chart(closed).mark_line(strokeWidth=2, color=palette.COLOURS[1]).encode(x, _noise("expected"), tooltip=exact),
        alt.Chart(fitted).mark_line(strokeDash=[6, 4], color=palette.COLOURS[2]).encode(x, _noise("noise"), tooltip=size),
        alt.Chart(whole).mark_rule(color=palette.COLOURS[0]).encode(x, _noise("ci_low"), alt.Y2("ci_high:Q"), tooltip=exact),
        alt.Chart(drawable).mark_point(filled=True, size=70, opacity=1, color=palette.COLOURS[0]).encode(x, _noise("noise"), tooltip=exact),
    ]  # fmt: skip
    note = ["dots: measured, with 95 % interval", "line: in closed form", "dashed: fitted", "dotted: norm of the mean gradient"]
    described = (
        "Scatter chart of the spread of mini-batch gradients against the batch size, both logarithmic, with the closed form and a fitted "
        "line."
    )
    size_of: dict[str, Any] = {"width": width, "height": height, "autosize": marks.FIT}
    return alt.LayerChart(layer=layers, title=marks.note(note, width), description=described, **size_of)


def _noise(field: str) -> alt.Y:
    return alt.Y(
        f"{field}:Q",
        title="spread of the gradient",
        scale=alt.Scale(type="log", nice=False, padding=8),
        axis=marks.logarithmic("y"),
    )
