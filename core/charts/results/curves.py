"""Curves over training: the mean of each variant with its band, single seeds faint under it, and marks of how single runs ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from pandas import DataFrame

from core.analysis import metrics
from core.analysis.shown import over_seeds
from core.charts.parts import bands, domains, marks, palette, thin, titles
from core.charts.parts.titles import Axis

SEED_POINTS = 4_000
"""Largest number of points of all faint lines together: they show the spread, and a browser draws about 50 points in a millisecond."""
HOVER_POINTS = 500
"""Largest number of points of a panel that react to the pointer, in all curves together."""

_PARTS = ["validation", "training"]
_ENDINGS = {over_seeds.DIVERGED: ("×", marks.CROSS), over_seeds.STOPPED: ("○", "circle")}


def loss_curves(
    history: DataFrame,
    compared: float | None = None,
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
    """Draws the mean of a metric per variant over training with a 95 % t band over seeds.

    Single seeds are faint under it, and the training counterpart of a validation metric is dashed. A cross marks the last finite value of
    a run that diverged, and a circle the end of a run that stopped early (it stays in the mean with its last value). Lines break where
    pruning rewinds the weights to an earlier epoch. More than 8 variants are drawn in several panels, `columns` of them side by side.

    Args:
        history: one row for each run and evaluation, in order of step within a run; two at the step of a rewind, the first with its
            `moment`.
        compared: the epoch at which variants are compared while some of them have trained longer; it is a dotted line on an axis of epochs.
        variants: all variants of the comparison in its order, which decides their colours.
        metric: a column of `history`.
        with_train: whether to draw the training counterpart too, if the metric has one.
        with_seeds: whether to draw the single seeds.
        x: the quantity on the x axis. For seconds, the mean time of the seeds at each evaluation.
        log_y: logarithmic y axis; values at or below zero are left out, and counted above the chart.
        focus: whether to leave values far from all others beyond the axis, and count them above the chart.
        x_end: the end of the axis, if the length of the training is known, so that the axis need not grow.
        width: width of the whole chart in pixels; the page may stretch it if there is one panel.
        height: height of the plot in pixels.
        columns: number of panels side by side.
    """
    history = over_seeds.with_stretches(bands.of_variants(history, variants))
    twin = over_seeds.training_twin(history, metric) if with_train else None
    lines = over_seeds.seed_lines(history, metric, x)
    drawn = pd.concat([lines, over_seeds.seed_lines(history, twin, x)]) if twin else lines
    domain = domains.domain(drawn, log_y=log_y, focus=focus)
    look = _Look(metric, x, domain, log_y, x_end, metrics.loss_unit(history), twin, width, compared if x == "epoch" else None)
    room = {"width": width, "height": height}
    description = _described(variants, look)
    if len(variants) <= len(palette.COLOURS):
        return _panel(history, lines, list(variants), look, with_seeds, autosize=marks.FIT, description=description, **room)
    room["width"] = marks.panel_width(
        width, columns, marks.BESIDE
    )  # the page can neither stretch several panels nor make room for their axes
    panels = [_panel(history, lines, group, look, with_seeds, **room) for group in palette.groups(variants)]
    shared = {
        "x": "shared",
        "y": "shared",
        "color": "independent",
    }  # the same axes for all panels, and for each panel the legend of its variants
    return alt.ConcatChart(concat=panels, columns=columns, resolve=alt.Resolve(scale=shared), autosize=marks.PAD, description=description)


@dataclass(frozen=True)
class _Look:
    """The properties that all layers of a chart share."""

    metric: str
    x: Axis
    domain: domains.Domain
    log_y: bool
    x_end: float | None
    loss: str
    twin: str | None
    width: int
    compared: float | None = None

    def x_channel(self) -> alt.X:
        scale = alt.Scale(nice=False) if self.x_end is None else alt.Scale(nice=False, domainMax=self.x_end)
        return alt.X(f"{self.x}:Q", title=titles.AXES[self.x], scale=scale, axis=alt.Axis(**marks.integers(self.x)))

    def y_channel(self, field: str = "mean") -> alt.Y:
        scale = alt.Scale(type="log" if self.log_y else "linear", zero=False, nice=False, **self.domain.limits)
        title = metrics.title(self.metric, self.loss)
        axis = marks.logarithmic("y", title=title) if self.log_y else alt.Axis(title=title, tickCount=5)
        return alt.Y(f"{field}:Q", axis=axis, scale=scale)

    def drawable(self, frame: DataFrame, field: str) -> DataFrame:
        """Returns the rows that can be drawn on the y axis: on a logarithmic one, those above zero."""
        return frame[frame[field] > 0] if self.log_y else frame

    @property
    def dash(self) -> alt.StrokeDash:
        """Solid for the metric itself, dashed for its training counterpart."""
        return alt.StrokeDash("part:N", scale=alt.Scale(domain=_PARTS, range=[[1, 0], [5, 3]]), legend=None)


def _panel(history: DataFrame, lines: DataFrame, group: list[str], look: _Look, with_seeds: bool, **properties: Any) -> alt.LayerChart:
    """One panel of at most 8 variants."""
    history, lines = bands.of_variants(history, group), look.drawable(bands.of_variants(lines, group), "value")
    colour = palette.colour(group, bands.labels(history, group), width=look.width)
    means = look.drawable(over_seeds.band(history, look.metric, look.x), "mean")
    shown, endings = thin.thinned(means, over_seeds.apart(means), value="mean"), over_seeds.endings(history, look.metric, look.x)
    layers = [_seeds(lines, look, colour)] if with_seeds else []
    layers += [_band(shown, lines, look, colour), _means(shown, history, look, colour)]
    layers += [*_compared(look), _endings(endings, look, colour), _hover(means, look, colour)]
    note = _note(look, set(endings["ending"]), banded=bool(shown["low"].notna().any()), broken="stretch" in shown)
    return alt.LayerChart(layer=layers, title=note, **properties)


def _note(look: _Look, endings: set[str], *, banded: bool, broken: bool) -> alt.TitleParams:
    """Small print above the curves: the dashed lines, the clipped bands, the broken lines, the marks, and the values that are left out."""
    said = [f"dashed: {metrics.name(look.twin)}"] if look.twin else []
    said += [bands.LOG_NOTE] if look.log_y and banded else []
    said += ["line broken: weights rewound"] if broken else []
    said += ["vertical line: epoch of the comparison"] if look.compared is not None else []
    said += [f"{sign} {ending}" for ending, (sign, _) in _ENDINGS.items() if ending in endings]
    return marks.note([*said, *look.domain.notes], look.width)


def _seeds(lines: DataFrame, look: _Look, colour: alt.Color) -> alt.Chart:
    points = SEED_POINTS // max(lines["run"].nunique(), 1)
    lines = thin.thinned(lines, over_seeds.apart(lines, "run"), min(points, thin.POINTS), value="value")
    lines = lines[["variant", look.x, "value"]].assign(
        run=lines.groupby(over_seeds.apart(lines, "run"), sort=False).ngroup()
    )  # short numbers instead of names
    chart = alt.Chart(lines).mark_line(strokeWidth=1, opacity=0.28, clip=True, **marks.MANY)
    return chart.encode(look.x_channel(), look.y_channel("value"), colour, detail=alt.Detail("run:N"))


def _band(shown: DataFrame, lines: DataFrame, look: _Look, colour: alt.Color) -> alt.Chart:
    """The interval of the mean."""
    spread = shown.loc[shown["low"].notna(), [*over_seeds.apart(shown), look.x, "low", "high", "lowest"]]
    if np.allclose(spread["low"], spread["high"], rtol=1e-9, atol=0):  # e.g. the learning rate, if all seeds have the same
        spread = spread.iloc[:0]
    drawn = bands.on_the_axis(spread, lines["value"], log=look.log_y)
    chart = alt.Chart(drawn).mark_area(opacity=0.2, clip=True, **marks.MANY)
    return chart.encode(look.x_channel(), look.y_channel("low"), alt.Y2("high:Q"), colour, *_detail(drawn))


def _means(shown: DataFrame, history: DataFrame, look: _Look, colour: alt.Color) -> alt.Chart:
    """The mean curves; those of the training counterpart are dashed."""
    parts = [shown]
    if look.twin:
        twin = look.drawable(over_seeds.band(history, look.twin, look.x), "mean")
        parts.append(thin.thinned(twin, over_seeds.apart(twin), value="mean"))
    lines = pd.concat(
        [part[[*over_seeds.apart(part), look.x, "mean"]].assign(part=name) for part, name in zip(parts, _PARTS, strict=False)]
    )
    chart = alt.Chart(lines).mark_line(strokeWidth=2, clip=True, **marks.MANY)
    return chart.encode(look.x_channel(), look.y_channel(), colour, look.dash, *_detail(lines))


def _detail(frame: DataFrame) -> list[alt.Detail]:
    """Keeps the parts between rewinds as separate lines."""
    return [alt.Detail("stretch:O")] if "stretch" in frame else []


def _compared(look: _Look) -> list[alt.Chart]:
    """A dotted line at the epoch at which all variants are compared, if there is one."""
    if look.compared is None:
        return []
    rule = alt.Chart(DataFrame({look.x: [look.compared]})).mark_rule(strokeDash=[2, 3], color=palette.MISSING, strokeWidth=1.5)
    return [rule.encode(look.x_channel(), tooltip=[marks.exactly(look.x)])]


def _endings(endings: DataFrame, look: _Look, colour: alt.Color) -> alt.Chart:
    """Crosses and circles; a mark that would lie beyond the axis is drawn at the axis' end, and its tooltip tells the value."""
    endings = look.drawable(endings, "value")
    endings = endings.assign(place=look.domain.clamp(endings["value"]))
    scale = alt.Scale(domain=list(_ENDINGS), range=[shape for _, shape in _ENDINGS.values()])
    chart = alt.Chart(endings).mark_point(size=60, strokeWidth=2, filled=False, opacity=1)
    what = map(alt.Tooltip, ("variant:N", "seed:O", "ending:N"))
    tooltip = [*what, marks.exactly(look.x), marks.number("value", f"last finite {metrics.name(look.metric)}")]
    shape = alt.Shape("ending:N", scale=scale, legend=None)
    return chart.encode(look.x_channel(), look.y_channel("place"), colour, shape, tooltip=tooltip)


def _hover(main: DataFrame, look: _Look, colour: alt.Color) -> alt.Chart:
    """Invisible points over the means that show exact values under the pointer."""
    main = thin.thinned(main, "variant", HOVER_POINTS // max(main["variant"].nunique(), 1), value="mean")
    chart = alt.Chart(main).mark_point(size=90, opacity=0, clip=True, filled=True, **marks.MANY)
    tooltip = [alt.Tooltip("variant:N"), marks.exactly(look.x), *marks.mean_and_interval(metrics.name(look.metric))]
    tooltip += [alt.Tooltip("carried:Q", title="of them stopped early")]
    return chart.encode(look.x_channel(), look.y_channel(), colour, tooltip=tooltip)


def _described(variants: Sequence[str], look: _Look) -> str:
    """The alternative text. It contains no numbers of the data, so that a growing chart keeps its specification in the browser."""
    twin = f", {metrics.name(look.twin)} dashed" if look.twin else ""
    return (
        f"Line chart of {metrics.name(look.metric)} against {titles.AXES[look.x]} for {titles.listed(list(variants))}: "
        f"means over seeds with 95 % bands, single seeds faint{twin}; crosses where runs diverged."
    )
