"""Curves over training: the mean of each variant with its band, the seeds faint under it, and what happened to single runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd
from pandas import DataFrame

from core.charts import bands, domains, palette, thin, titles
from core.charts.bands import band as band
from core.charts.titles import Axis

TRAINING_TWIN = {"val_loss": "train_loss_eval", "val_accuracy": "train_accuracy", "val_r2": "train_r2"}

SEED_POINTS = 6_000
"""Most points of all faint lines together: they are there to show the spread, and a browser draws some 50 in a millisecond."""
HOVER_POINTS = 1_000
"""Most points that answer to the pointer, all curves together."""

_PARTS = ["validation", "training"]
_CROSS = "M-1,-1L1,1M-1,1L1,-1"
_ENDINGS = {bands.DIVERGED: _CROSS, bands.STOPPED: "circle"}


def loss_curves(
    history: DataFrame,
    *,
    variants: Sequence[str],
    metric: str = "val_loss",
    with_train: bool = True,
    with_seeds: bool = True,
    x: Axis = "epoch",
    log_y: bool = False,
    focus: bool = True,
    x_end: float | None = None,
    width: int = 360,
    height: int = 300,
    columns: int = 1,
) -> alt.LayerChart | alt.ConcatChart:
    """Mean of a metric per variant over training with a 95 % t band over seeds.

    Seeds are faint under it, the training twin of a validation metric is dashed, a cross stands at the last finite value of a run that
    diverged, and a circle where one stopped early (it stays in the mean with its last value). More than 8 variants are drawn in
    several panels, `columns` of them side by side.

    Args:
        history: a row a run and evaluation, in order of step within a run.
        variants: all variants of the comparison in its order, which decides their colours.
        metric: a column of `history`.
        with_train: draw the training twin too, if the metric has one.
        with_seeds: draw the single seeds.
        x: what runs along the bottom. With seconds, the mean time of the seeds at each evaluation.
        log_y: logarithmic y axis; values at or below zero are left out, and counted above the chart.
        focus: leave values far from all others beyond the axis, and count them above the chart.
        x_end: where the axis ends, when it is known how long the training will be, so that it need not grow.
        width: of the plot, in pixels; the page may stretch it.
        height: of the plot, in pixels.
        columns: panels side by side.
    """
    history = bands.of_variants(history, variants)
    twin = TRAINING_TWIN.get(metric) if with_train else None
    lines = bands.seed_lines(history, metric, x)
    look = _Look(metric, x, domains.domain(lines, log_y=log_y, focus=focus), log_y, x_end, titles.is_regression(history), twin, width)
    panels = [_panel(history, lines, group, look, with_seeds).properties(width=width, height=height) for group in palette.groups(variants)]
    chart = panels[0] if len(panels) == 1 else _several(panels, columns)
    return chart.properties(description=_described(variants, look))


@dataclass(frozen=True)
class _Look:
    """What all layers of a chart share."""

    metric: str
    x: Axis
    domain: domains.Domain
    log_y: bool
    x_end: float | None
    regression: bool
    twin: str | None
    width: int

    def x_channel(self) -> alt.X:
        scale = alt.Scale(nice=False) if self.x_end is None else alt.Scale(nice=False, domainMax=self.x_end)
        return alt.X(f"{self.x}:Q", title=titles.AXES[self.x], scale=scale)

    def y_channel(self, field: str = "mean") -> alt.Y:
        scale = alt.Scale(type="log" if self.log_y else "linear", zero=False, **self.domain.limits)
        return alt.Y(f"{field}:Q", title=titles.title(self.metric, regression=self.regression), scale=scale)

    def dash(self) -> alt.StrokeDash:
        """Solid for the metric itself, dashed for its training twin; the legend names the two when both are there."""
        legend = alt.Legend(title=None, orient="bottom", direction="horizontal", symbolType="stroke", symbolStrokeWidth=2)
        scale = alt.Scale(domain=_PARTS, range=[[1, 0], [5, 3]])
        return alt.StrokeDash("part:N", scale=scale, legend=legend if self.twin else None)


def _panel(history: DataFrame, lines: DataFrame, group: list[str], look: _Look, with_seeds: bool) -> alt.LayerChart:
    """One panel of at most 8 variants."""
    history = bands.of_variants(history, group)
    colour = palette.colour(group, bands.labels(history, group), width=look.width)
    main = _above_zero(band(history, look.metric, look.x), look)
    shown = thin.thinned(main, "variant")
    layers = [_seeds(bands.of_variants(lines, group), look, colour)] if with_seeds else []
    layers += [_band(shown, look, colour), _means(shown, history, look, colour), _endings(history, look, colour), _hover(main, look, colour)]
    chart = alt.LayerChart(layer=layers)
    return chart.properties(title=_note(look.domain.notes)) if look.domain.notes else chart


def _several(panels: list[alt.LayerChart], columns: int) -> alt.ConcatChart:
    """Panels on the same axes, each with the legend of its own variants."""
    return alt.concat(*panels, columns=columns).resolve_scale(x="shared", y="shared", color="independent", shape="independent")


def _note(notes: Sequence[str]) -> alt.TitleParams:
    return alt.TitleParams(list(notes), fontSize=11, fontWeight="normal", anchor="start", offset=4)


def _above_zero(means: DataFrame, look: _Look) -> DataFrame:
    """On a logarithmic axis: means without those at or below zero, and bands that end at the smallest mean at the lowest."""
    if not look.log_y:
        return means
    means = means[means["mean"] > 0]
    floor = means["mean"].min() / 10
    return means.assign(low=np.maximum(means["low"], floor).where(means["low"].notna()))


def _seeds(lines: DataFrame, look: _Look, colour: alt.Color) -> alt.Chart:
    lines = lines[lines["value"] > 0] if look.log_y else lines
    points = SEED_POINTS // max(lines["run"].nunique(), 1)
    lines = thin.thinned(lines, "run", min(points, thin.POINTS))
    chart = alt.Chart(lines.drop(columns="seed")).mark_line(strokeWidth=1, opacity=0.28, clip=True)
    return chart.encode(look.x_channel(), look.y_channel("value"), colour, detail="run:N")


def _band(shown: DataFrame, look: _Look, colour: alt.Color) -> alt.Chart:
    spread = shown.loc[shown["low"].notna(), ["variant", look.x, "low", "high"]]
    chart = alt.Chart(spread).mark_area(opacity=0.2, clip=True)
    return chart.encode(look.x_channel(), look.y_channel("low"), alt.Y2("high:Q"), colour)


def _means(shown: DataFrame, history: DataFrame, look: _Look, colour: alt.Color) -> alt.Chart:
    """The mean curves, those of the training twin dashed."""
    parts = [shown]
    if look.twin:
        parts.append(thin.thinned(_above_zero(band(history, look.twin, look.x), look), "variant"))
    lines = pd.concat([part[["variant", look.x, "mean"]].assign(part=name) for part, name in zip(parts, _PARTS, strict=False)])
    chart = alt.Chart(lines).mark_line(strokeWidth=2, clip=True)
    return chart.encode(look.x_channel(), look.y_channel(), colour, look.dash())


def _endings(history: DataFrame, look: _Look, colour: alt.Color) -> alt.Chart:
    """Crosses and circles; one that would lie beyond the axis stands at its end, and its tooltip tells the value."""
    frame = bands.endings(history, look.metric, look.x)
    frame = frame[frame["value"] > 0] if look.log_y else frame
    frame = frame.assign(place=look.domain.clamp(frame["value"]))
    present = [ending for ending in _ENDINGS if ending in set(frame["ending"])]
    legend = alt.Legend(title=None, orient="bottom", direction="horizontal", symbolFillColor="transparent") if present else None
    shape = alt.Shape("ending:N", scale=alt.Scale(domain=present, range=[_ENDINGS[ending] for ending in present]), legend=legend)
    chart = alt.Chart(frame).mark_point(size=60, strokeWidth=2, filled=False, opacity=1)
    tooltip = ["variant:N", "seed:O", "ending:N", _exactly(look.x), alt.Tooltip("value:Q", title=f"last finite {titles.name(look.metric)}")]
    return chart.encode(look.x_channel(), look.y_channel("place"), colour, shape, tooltip=tooltip)


def _hover(main: DataFrame, look: _Look, colour: alt.Color) -> alt.Chart:
    """Invisible points over the means that answer to the pointer with exact values."""
    main = thin.thinned(main, "variant", HOVER_POINTS // max(main["variant"].nunique(), 1))
    ends = [alt.Tooltip("low:Q", title="95 % from"), alt.Tooltip("high:Q", title="to")]
    counts = [alt.Tooltip("n:Q", title="seeds"), alt.Tooltip("carried:Q", title="of them stopped early")]
    mean = alt.Tooltip("mean:Q", title=f"mean {titles.name(look.metric)}")
    chart = alt.Chart(main).mark_point(size=90, opacity=0, clip=True, filled=True)
    return chart.encode(look.x_channel(), look.y_channel(), colour, tooltip=["variant:N", _exactly(look.x), mean, *ends, *counts])


def _exactly(x: Axis) -> alt.Tooltip:
    return alt.Tooltip(f"{x}:Q", title=titles.AXES[x])


def _described(variants: Sequence[str], look: _Look) -> str:
    """The alternative text. It holds no numbers of the data, so that a growing chart stays the same chart to the browser."""
    twin = f", {titles.name(look.twin)} dashed" if look.twin else ""
    return (
        f"Line chart of {titles.name(look.metric)} against {titles.AXES[look.x]} for {titles.listed(list(variants))}: "
        f"means over seeds with 95 % bands, single seeds faint{twin}; crosses where runs diverged."
    )
