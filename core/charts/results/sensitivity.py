"""Final values of runs against a number among their settings: curves with bands over seeds, their best places, and the runs that failed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
from pandas import DataFrame

from core.analysis import metrics
from core.analysis import sensitivity as analysis
from core.charts.parts import bands, marks, palette, titles

_AXIS = (46, 104)
"""Smallest and largest width of the y axis in pixels. Both charts have the same width, so that their places are aligned."""

_LETTER = 5.5
"""Approximate width in pixels of a letter of an axis' label."""

_ROW = 26
_FAILED = "#c21e32"

_Limits = tuple[float | None, float | None]


def curves(
    points: DataFrame,
    seeds: DataFrame,
    best: DataFrame,
    *,
    variants: Sequence[str],
    loss: str,
    metric: str = "val_loss",
    place: str = "learning rate",
    start: float | None = None,
    starts: Sequence[tuple[str, float]] = (),
    end: float | None = None,
    log_y: bool = False,
    rings: bool = True,
    width: int = 640,
    height: int = 300,
) -> alt.LayerChart:
    """Draws the mean final metric against the place (log axis) with its 95 % t band over seeds; single seeds are small ticks.

    A ring marks each curve's best place, a triangle a mean beyond the axis, a cross (at the axis' worse end) a place where all seeds
    diverged, and a dotted line the value before training.

    Args:
        points: curve, place, n, diverged, worse, mean, low, high.
        seeds: curve, place, seed, value; values that are not finite are left out.
        best: the rows of `points` to mark.
        variants: the curves in their order, which decides their colours; the first 8 are drawn.
        metric: the metric of the y axis.
        place: the name of the x axis.
        start: the metric before training, drawn as a line.
        starts: (curve, the metric before training), one line each in the colour of its curve, if the curves did not begin with the same
        value.
        end: the worse end of the y axis; None: the data decide.
        log_y: logarithmic y axis.
        rings: whether to mark the best places.
        loss: unit of the losses, from `metrics.loss_unit`.
        width: width of the chart in pixels; the page may stretch it.
        height: height of the plot in pixels.
    """
    shown = list(variants)[: len(palette.COLOURS)]
    points, seeds, best = (frame[frame["curve"].isin(shown)].rename(columns={"curve": "variant"}) for frame in _named(points, seeds, best))
    look = _Look(metrics.title(metric, loss), place, points, _bounds(points, start, end), log_y, _extent(shown))
    colour = palette.colour(shown, shown, width=width)
    of_curves = DataFrame([pair for pair in starts if pair[0] in shown], columns=["variant", "start"])
    layers: list[alt.Chart | alt.LayerChart] = [_start(start, look)] if start is not None and np.isfinite(start) and of_curves.empty else []
    layers += [] if of_curves.empty else [_starts(of_curves, look, colour)]
    layers += [_band(points, seeds, look, colour), _seeds(seeds, look, colour), _means(points, look, colour)]
    layers += [_beyond(points, look, colour), *([_best(best, look, colour)] if rings else [])]
    ring = "; a ring at the best of each curve" if rings else ""
    description = (
        f"Line chart of {metrics.name(metric)} at the end of training against {place} on a logarithmic axis for {titles.listed(shown)}: "
        f"means over seeds with 95 % bands, single seeds as ticks{ring}."
    )
    dotted = ["dotted: before training"] if start is not None else []
    note = [*(["○ best"] if rings else []), "small tick: seed", *dotted, "▲ mean beyond the axis", "× all seeds diverged"]
    note += [f"only the first {len(shown)} of {len(variants)} curves are drawn"] if len(variants) > len(shown) else []
    size: dict[str, Any] = {"width": width, "height": height, "autosize": marks.FIT}
    return alt.LayerChart(layer=layers, title=marks.note(note, width), description=description, **size)


def failures(points: DataFrame, *, variants: Sequence[str], place: str = "learning rate", width: int = 640) -> alt.LayerChart:
    """Draws one row for each curve and one cell for each place: the share of seeds that diverged (×) or ended worse than before training
    (↑).

    The larger the share, the redder the cell; a cell without failures has no colour.

    The arguments are those of `curves`.
    """
    shown = list(variants)[: len(palette.COLOURS)]
    cells = _cells(points[points["curve"].isin(shown)])
    scale, axis = _places(cells)
    x = alt.X("left:Q", title=place, scale=scale, axis=axis)
    y = alt.Y("curve:N", title="failed", scale=alt.Scale(domain=shown), axis=_axis(_extent(shown)))
    fill = alt.Fill("fill:N", scale=None)
    tooltip = [alt.Tooltip("curve:N"), marks.number("place", place), *(alt.Tooltip(f"{name}:Q") for name in ("n", "diverged", "worse"))]
    base = alt.Chart(cells)
    layers = [
        base.mark_rect().encode(x, y, fill, alt.X2("right:Q"), tooltip=tooltip),
        base.mark_text(fontSize=11, color=palette.INK).encode(
            alt.X("place:Q", title=place, scale=scale), y, alt.Text("text:N"), tooltip=tooltip
        ),
    ]
    note = ["number of seeds that failed", "× diverged: the loss is not finite or far too large", "↑ ended worse than before training"]
    described = f"Table of the share of seeds that diverged or ended worse than before training, by {place}, for {titles.listed(shown)}."
    size: dict[str, Any] = {"width": width, "height": _ROW * max(len(shown), 1), "autosize": marks.FIT}
    return alt.LayerChart(layer=layers, title=marks.note(note, width), description=described, **size)


class _Look:
    """The properties that all layers of the curves share."""

    def __init__(self, title: str, place: str, points: DataFrame, limits: _Limits, log_y: bool, extent: int) -> None:
        self.title, self.place, self.limits, self.log_y, self.extent = title, place, limits, log_y, extent
        self.scale, self.axis = _places(_cells(points.rename(columns={"variant": "curve"})))

    def x(self) -> alt.X:
        return alt.X("place:Q", title=self.place, scale=self.scale, axis=self.axis)

    def y(self, field: str) -> alt.Y:
        low, high = self.limits
        ends: dict[str, Any] = {name: end for name, end in (("domainMin", low), ("domainMax", high)) if end is not None}
        scale = alt.Scale(type="log" if self.log_y else "linear", zero=False, nice=False, padding=8, **ends)
        return alt.Y(f"{field}:Q", title=self.title, scale=scale, axis=_axis(self.extent, log=self.log_y))

    def inside(self, frame: DataFrame, field: str) -> DataFrame:
        """Returns the rows with a finite value that the axis shows."""
        low, high = (end if end is not None else other for end, other in zip(self.limits, (-np.inf, np.inf), strict=True))
        low = max(low, np.nextafter(0, 1)) if self.log_y else low
        return frame[frame[field].between(low, high)]


def _named(*frames: DataFrame) -> list[DataFrame]:
    return [frame.drop(columns="variant", errors="ignore") for frame in frames]


def _extent(names: Sequence[str]) -> int:
    """Returns the width in pixels of a y axis that has room for the names, up to the largest width."""
    low, high = _AXIS
    return min(max(low, int(_LETTER * max(map(len, names), default=0)) + 12), high)


def _axis(extent: int, *, log: bool = False) -> alt.Axis:
    room: dict[str, Any] = {"minExtent": extent, "maxExtent": extent, "labelLimit": extent - 4}
    return marks.logarithmic("y", **room) if log else alt.Axis(tickCount=6, **room)


def _bounds(points: DataFrame, start: float | None, end: float | None) -> tuple[float | None, float | None]:
    """Returns the ends of the y axis: `end` is the high one if it is above the value before training, otherwise the low one."""
    if points["mean"].notna().sum() == 0 and start is not None:
        return start / 10, max(start, end or 0.0)  # no data decide the axis yet
    if end is None or start is None:
        return None, None
    return (None, end) if end >= start else (end, None)


def _places(cells: DataFrame) -> tuple[alt.Scale, alt.Axis]:
    """The x axis, the same for curves and cells: from the first cell's left to the last one's right, with labels at the places."""
    ends = [float(cells["left"].min()), float(cells["right"].max())] if len(cells) else [0.1, 1.0]
    values = sorted(cells["place"].unique())
    return alt.Scale(type="log", domain=ends, nice=False, padding=0), alt.Axis(values=values, format="~g", grid=False, labelOverlap=True)


def _start(start: float | None, look: _Look) -> alt.Chart:
    frame = DataFrame({"start": [start]})
    chart = alt.Chart(frame).mark_rule(strokeDash=[2, 4], strokeWidth=1.5, color=palette.MISSING)
    return chart.encode(look.y("start"), tooltip=[marks.number("start", "before training")])


def _starts(starts: DataFrame, look: _Look, colour: alt.Color) -> alt.Chart:
    chart = alt.Chart(starts).mark_rule(strokeDash=[2, 4], strokeWidth=1.5, clip=True)
    return chart.encode(look.y("start"), colour, tooltip=[alt.Tooltip("variant:N"), marks.number("start", "before training")])


def _band(points: DataFrame, seeds: DataFrame, look: _Look, colour: alt.Color) -> alt.Chart:
    """The intervals of the means that are on the axis."""
    spread = look.inside(points, "mean").dropna(subset=["low", "high"])[["variant", "place", "low", "high"]]
    seeds = look.inside(seeds, "value")
    lowest = analysis.lowest(seeds.rename(columns={"variant": "curve"})).rename(columns={"curve": "variant"})
    spread = spread.merge(lowest, on=["variant", "place"], how="left")
    spread = bands.on_the_axis(spread, seeds["value"], log=look.log_y)
    return alt.Chart(spread).mark_area(opacity=0.2, clip=True).encode(look.x(), look.y("low"), alt.Y2("high:Q"), colour)


def _seeds(seeds: DataFrame, look: _Look, colour: alt.Color) -> alt.Chart:
    tooltip = [alt.Tooltip("variant:N"), alt.Tooltip("seed:O"), marks.number("place", look.place), marks.number("value", look.title)]
    chart = alt.Chart(look.inside(seeds, "value")).mark_tick(orient="horizontal", size=8, thickness=1.5, opacity=0.45, clip=True)
    return chart.encode(look.x(), look.y("value"), colour, tooltip=tooltip)


def _means(points: DataFrame, look: _Look, colour: alt.Color) -> alt.LayerChart:
    tooltip = _tooltip(look)
    base = alt.Chart(points.dropna(subset=["mean"]))
    line = base.mark_line(strokeWidth=2, clip=True).encode(look.x(), look.y("mean"), colour)
    inside = alt.Chart(look.inside(points, "mean")).mark_point(filled=True, size=36, opacity=1)
    return alt.LayerChart(layer=[line, inside.encode(look.x(), look.y("mean"), colour, tooltip=tooltip)])


def _beyond(points: DataFrame, look: _Look, colour: alt.Color) -> alt.LayerChart:
    """Triangles for means that the axis does not show, and crosses where no seed has a value, at the axis' worse end."""
    low, high = look.limits
    worst = high if high is not None else low if low is not None else points["mean"].max()
    shown = look.inside(points, "mean").index
    outside = points[points["mean"].notna() & ~points.index.isin(shown)].assign(at=worst)
    lost = points[points["mean"].isna() & (points["diverged"] > 0)].assign(at=worst)
    layers = [
        alt.Chart(frame).mark_point(shape=shape, size=50, filled=filled, strokeWidth=2, opacity=1).encode(
            look.x(), look.y("at"), colour, tooltip=_tooltip(look)
        )
        for frame, shape, filled in ((outside, "triangle-up" if high is not None else "triangle-down", True), (lost, marks.CROSS, False))
    ]  # fmt: skip
    return alt.LayerChart(layer=layers)


def _best(best: DataFrame, look: _Look, colour: alt.Color) -> alt.Chart:
    chart = alt.Chart(best).mark_point(filled=False, size=220, strokeWidth=2.5, opacity=1)
    return chart.encode(look.x(), look.y("mean"), colour, tooltip=_tooltip(look))


def _tooltip(look: _Look) -> list[alt.Tooltip]:
    ends = [*marks.mean_and_interval(look.title), alt.Tooltip("diverged:Q"), alt.Tooltip("worse:Q", title="worse than before training")]
    return [alt.Tooltip("variant:N"), marks.number("place", look.place), *ends]


def _cells(points: DataFrame) -> DataFrame:
    """Returns the points with `failed` (share of seeds), `text`, and the edges of a cell that reaches halfway to its neighbours on a log
    axis.
    """
    frame = points.assign(at=np.log10(points["place"].astype(float))).sort_values(["curve", "at"])
    frame = marks.cells(frame, ["curve"], "at")
    frame = frame.assign(left=10.0 ** frame["left"], right=10.0 ** frame["right"], failed=analysis.failed(frame))
    words = [_in_cell(*row) for row in zip(frame["diverged"], frame["worse"], strict=True)]
    return frame.assign(text=words, fill=frame["failed"].map(_fill)).drop(columns="at")


def _fill(failed: float) -> str:
    return palette.tint(_FAILED, 0.15 + 0.45 * failed) if failed > 0 else "transparent"


def _in_cell(diverged: int, worse: int) -> str:
    return " ".join([*([f"{diverged}×"] if diverged else []), *([f"{worse}↑"] if worse else [])])
