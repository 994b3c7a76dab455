"""One or two values of each variant beside each other: means with 95 % intervals over seeds, and the gap between both."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd
from pandas import DataFrame

from core.analysis import metrics
from core.analysis.shown import generalisation, over_seeds
from core.charts.parts import bands, marks, palette, titles

_ROW = 40
_SHAPES = ("circle", "diamond")
_OFFSETS = (-6, 6)


def generalisation_gap(history: DataFrame, *, variants: Sequence[str], metric: str = "val_loss", width: int = 360) -> alt.LayerChart:
    """Draws the final values of each variant on the training and on the validation data, and the gap between them.

    Args:
        history: one row for each run and evaluation, in order of step within a run.
        variants: all variants of the comparison in its order, which decides their colours.
        metric: a validation metric; a metric without a training counterpart is drawn alone.
        width: width of the whole chart in pixels.
    """
    history = bands.of_variants(history, variants)
    values, parts = generalisation.ends_by_part(history, metric)
    title = metrics.title(metric, metrics.loss_unit(history)).removeprefix("validation ").removeprefix("training ")
    return pairs(values, parts=parts, variants=variants, title=title, width=width)


def pairs(values: DataFrame, *, parts: Sequence[str], variants: Sequence[str], title: str, width: int = 360) -> alt.LayerChart:
    """Draws one row for each variant, with a mean and its 95 % t interval for each part: circles for the first part, diamonds for the
    second.

    Args:
        values: variant, seed, part, value, ending ("" or "diverged"); a run that diverged is in no mean and has a cross at its last value.
        parts: one or two of the parts in `values`, in order.
        variants: all variants of the comparison in its order, which decides their colours.
        title: title of the x axis, with the unit.
        width: width of the whole chart in pixels.
    """
    means = _means(values, parts, variants)
    labels = _labels(values, variants)
    axis = alt.Axis(labelExpr=palette.lookup(variants, labels), labelLimit=int(width * 0.5), labelPadding=6, title=None)
    y = alt.Y("variant:N", scale=alt.Scale(domain=list(variants)), axis=axis)
    colour = palette.colour(variants)
    shape = alt.Shape("part:N", scale=alt.Scale(domain=list(parts), range=list(_SHAPES[: len(parts)])), legend=_legend(parts))
    tooltip = [alt.Tooltip("variant:N"), alt.Tooltip("part:N", title="on"), *marks.mean_and_interval(title)]
    layers: list[alt.Chart] = [_gaps(means, y, colour, title)] if len(parts) > 1 else []
    for index, part in enumerate(parts):
        of_part, offset = means[means["part"] == part], _OFFSETS[index] if len(parts) > 1 else 0
        rule = alt.Chart(of_part).mark_rule(strokeWidth=2, opacity=0.6, yOffset=offset)
        layers.append(rule.encode(_x("low", title), alt.X2("high:Q"), y, colour, tooltip=tooltip))
        points = alt.Chart(of_part).mark_point(size=75, filled=True, opacity=1, yOffset=offset)
        layers.append(points.encode(_x("mean", title), y, colour, shape, tooltip=tooltip))
    layers.append(_crosses(values, y, colour, title))
    described = f"{title} by variant with 95 % intervals for {titles.listed(list(variants))}: {' and '.join(parts)}."
    height = _ROW * max(len(variants), 1)
    return alt.LayerChart(layer=layers, width=width, height=height, autosize=marks.FIT, description=described)


def _labels(values: DataFrame, variants: Sequence[str]) -> list[list[str]]:
    """Returns each variant in two lines: its name, and how many of its seeds diverged, if any."""
    ended = values.drop_duplicates(["variant", "seed"])
    diverged = ended[ended["ending"] != ""].groupby("variant", observed=True).size()
    return [[name, f"{diverged[name]} diverged"] if name in diverged.index and diverged[name] else [name] for name in variants]


def _means(values: DataFrame, parts: Sequence[str], variants: Sequence[str]) -> DataFrame:
    frames = [over_seeds.intervals(values[values["part"] == part]).assign(part=part) for part in parts]
    frame = bands.of_variants(pd.concat(frames, ignore_index=True), variants)
    return frame.assign(low=frame["low"].fillna(frame["mean"]), high=frame["high"].fillna(frame["mean"]))


def _gaps(means: DataFrame, y: alt.Y, colour: alt.Color, title: str) -> alt.Chart:
    """A thin line from one mean to the other."""
    ends = means.groupby("variant", sort=False, observed=True)["mean"].agg(start="min", end="max").reset_index()
    return alt.Chart(ends).mark_rule(strokeWidth=1, strokeDash=[2, 3]).encode(_x("start", title), alt.X2("end:Q"), y, colour)


def _crosses(values: DataFrame, y: alt.Y, colour: alt.Color, title: str) -> alt.Chart:
    ended = values[values["ending"] == ""]["value"]
    lost = values[values["ending"] != ""]
    lost = lost.assign(place=lost["value"].clip(ended.min(), ended.max()) if len(ended) else lost["value"])
    tooltip = [alt.Tooltip("variant:N"), alt.Tooltip("seed:O"), marks.number("value", f"last finite {title}")]
    chart = alt.Chart(lost).mark_point(shape=marks.CROSS, size=60, strokeWidth=2)
    return chart.encode(_x("place", title), y, colour, tooltip=tooltip)


def _legend(parts: Sequence[str]) -> alt.Legend | None:
    return (
        alt.Legend(title=None, orient="top", symbolOpacity=1, symbolFillColor=palette.MISSING, symbolStrokeColor=palette.MISSING)
        if len(parts) > 1
        else None
    )


def _x(field: str, title: str) -> alt.X:
    return alt.X(f"{field}:Q", title=title, scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=5))
