"""Where stopping rules would have ended a run."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd
from pandas import DataFrame

from core.analysis import metrics
from core.analysis.shown.over_seeds import training_twin
from core.charts.parts import marks, palette, titles

_PARTS = {"validation": [1, 0], "training": [5, 3]}


def stopping_points(
    history: DataFrame, stops: DataFrame, *, rules: Sequence[str], metric: str = "val_loss", width: int = 360, height: int = 320
) -> alt.LayerChart:
    """Draws one run's curve and the points at which the rules stop: filled for the evaluation at the stop, open for the best one until
    then.

    Args:
        history: the rows of one run in order of step: epoch and the metrics.
        stops: one row for each rule that stops: rule, epoch, value (of the metric there), kept_epoch, kept (at the rule's best evaluation).
        rules: all rules in order, which decides their colours.
        metric: a validation metric; its counterpart on the training data is dashed.
        width: width of the plot in pixels; the page may stretch it.
        height: height of the plot in pixels.
    """
    x, kept_at = (
        alt.X(f"{field}:Q", title="epoch", scale=alt.Scale(nice=False), axis=alt.Axis(**marks.integers("epoch")))
        for field in ("epoch", "kept_epoch")
    )
    title = metrics.title(metric, metrics.loss_unit(history))
    y = alt.Y("value:Q", title=title, scale=alt.Scale(zero=False))
    colour = palette.colour(rules, rules, width=width)
    stops = stops.rename(columns={"rule": "variant"})
    told = [alt.Tooltip("variant:N", title="rule"), marks.number("epoch", "stops at epoch"), marks.number("value", title)]
    kept = [marks.number("kept_epoch", "best evaluation at epoch"), marks.number("kept", f"{metrics.name(metric)} there")]
    layers = [
        alt.Chart(stops).mark_rule(strokeWidth=1, opacity=0.7).encode(x, colour, tooltip=told + kept),
        _curves(history, metric, x, y),
        alt.Chart(stops)
        .mark_point(size=90, filled=False, strokeWidth=2, opacity=1)
        .encode(kept_at, alt.Y("kept:Q", title=title), colour, tooltip=told + kept),
        alt.Chart(stops).mark_point(size=110, filled=True, opacity=1).encode(x, y, colour, tooltip=told + kept),
    ]
    note = marks.note(["filled: where the rule stops", "open: the best evaluation until then", *_twin_note(history, metric)], width)
    described = (
        f"Line chart of {metrics.name(metric)} of one run against epochs, with the points at which {titles.listed(list(rules))} stop."
    )
    return alt.LayerChart(layer=layers, title=note, width=width, height=height, autosize=marks.FIT, description=described)


def _curves(history: DataFrame, metric: str, x: alt.X, y: alt.Y) -> alt.Chart:
    twin = training_twin(history, metric)
    columns = {"validation": metric, **({"training": twin} if twin else {})}
    lines = pd.concat([DataFrame({"epoch": history["epoch"], "value": history[column], "part": part}) for part, column in columns.items()])
    dash = alt.StrokeDash("part:N", scale=alt.Scale(domain=list(_PARTS), range=list(_PARTS.values())), legend=None)
    title = metrics.title(metric, metrics.loss_unit(history))
    tooltip = [alt.Tooltip("part:N", title="on"), marks.number("epoch", "epoch"), marks.number("value", title)]
    chart = alt.Chart(lines.dropna()).mark_line(stroke=palette.MISSING, strokeWidth=2, point=alt.OverlayMarkDef(opacity=0, size=50))
    return chart.encode(x, y, dash, tooltip=tooltip)


def _twin_note(history: DataFrame, metric: str) -> list[str]:
    twin = training_twin(history, metric)
    return [f"dashed: {metrics.name(twin)}"] if twin else []
