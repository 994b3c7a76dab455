"""Charts of penalties: the ball that a budget allows, the effect of a proximal step on a weight, and weights against strength."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
from pandas import DataFrame

from core.charts.parts import marks, palette

SIDE = 3.0
"""Both weights are drawn from -SIDE to SIDE."""

_LINES = {"contour": (palette.MISSING, 1.0, [1, 0]), "path": (palette.COLOURS[2], 2.0, [4, 3]), "ball": (palette.COLOURS[0], 2.0, [1, 0])}
_POINTS = {"without penalty": ("cross", palette.COLOURS[1]), "within the budget": ("circle", palette.COLOURS[0])}
_KINDS = {"informative": palette.COLOURS[0], "of no use": palette.MISSING}


def geometry(lines: DataFrame, points: DataFrame, *, title: str, width: int = 300) -> alt.LayerChart:
    """Draws the contours of a loss over two weights, the ball of a penalty, and the minimum of the loss within the ball.

    Args:
        lines: lines as points in order: kind ("contour", "ball", "path"), line (a number), place, w1, w2, loss.
        points: kind ("without penalty", "within the budget"), w1, w2, loss.
        title: the penalty's formula.
        width: width and height of the plot in pixels.
    """
    order = alt.Order("place:Q")
    base = {name: lines[lines["kind"] == name] for name in _LINES}
    layers = []
    for name, (stroke, thickness, dash) in _LINES.items():
        mark: dict[str, Any] = {"stroke": stroke, "strokeWidth": thickness, "strokeDash": dash, "clip": True}
        chart = alt.Chart(base[name]).mark_line(**mark, fill=stroke if name == "ball" else None, fillOpacity=0.12)
        layers.append(chart.encode(_weight("w1", alt.X), _weight("w2", alt.Y), detail=alt.Detail("line:N"), order=order))
    scale = alt.Scale(domain=list(_POINTS), range=[colour for _, colour in _POINTS.values()])
    shapes = alt.Scale(domain=list(_POINTS), range=[shape for shape, _ in _POINTS.values()])
    legend = alt.Legend(title=None, orient="bottom")
    tooltip = [alt.Tooltip("kind:N", title="least loss"), *(marks.number(name, name) for name in ("w1", "w2", "loss"))]
    dots = alt.Chart(points).mark_point(size=90, filled=True, opacity=1, clip=True)
    colour, shape = alt.Color("kind:N", scale=scale, legend=legend), alt.Shape("kind:N", scale=shapes, legend=legend)
    layers.append(dots.encode(_weight("w1", alt.X), _weight("w2", alt.Y), colour, shape, tooltip=tooltip))
    described = (
        f"Contours of a loss over two weights with the ball of {title}, and the minimum within it; dashed: its path while the ball shrinks."
    )
    return alt.LayerChart(
        layer=layers, title=marks.note([title], width), width=width, height=width, autosize=marks.PAD, description=described
    )


def _weight(name: str, channel: type[alt.X] | type[alt.Y]) -> alt.X | alt.Y:
    axis = alt.Axis(title=f"weight {name[1]}", tickCount=6)
    return channel(f"{name}:Q", scale=alt.Scale(domain=[-SIDE, SIDE], nice=False), axis=axis)


def shrinkage(frame: DataFrame, *, variants: Sequence[str], width: int = 300, height: int = 300) -> alt.LayerChart:
    """Draws a weight after one proximal step against the weight before it, one line for each penalty.

    Args:
        frame: variant (the penalty), before, after.
        variants: the penalties in order, which decides their colours.
        width: width of the plot in pixels.
        height: height of the plot in pixels.
    """
    ends = DataFrame({"before": [frame["before"].min(), frame["before"].max()]})
    x = alt.X("before:Q", title="weight before the step", scale=alt.Scale(nice=False))
    y = alt.Y("after:Q", title="weight after the step")
    unchanged = (
        alt.Chart(ends)
        .mark_line(stroke=palette.MISSING, strokeWidth=1, strokeDash=[3, 3])
        .encode(x, alt.Y("before:Q", title="weight after the step"))
    )
    lines = alt.Chart(frame).mark_line(strokeWidth=2, point=alt.OverlayMarkDef(opacity=0, size=60))
    tooltip = [alt.Tooltip("variant:N", title="penalty"), marks.number("before", "before"), marks.number("after", "after")]
    lines = lines.encode(x, y, palette.colour(variants, variants, width=width), tooltip=tooltip)
    described = "Line chart of a weight after a proximal step against the weight before it; grey: no penalty."
    note = marks.note(["grey, dashed: no penalty"], width)
    return alt.LayerChart(layer=[unchanged, lines], title=note, width=width, height=height, autosize=marks.FIT, description=described)


def weight_paths(weights: DataFrame, *, title: str, width: int = 300, height: int = 260) -> alt.LayerChart:
    """Draws the weights of a linear model against the strength of one penalty: informative features blue, the others grey.

    Args:
        weights: one row for each strength and feature: strength, feature, weight, informative (bool), truth.
        title: the penalty, above the lines.
        width: width of the plot in pixels.
        height: height of the plot in pixels.
    """
    table = weights.assign(use=weights["informative"].map({True: "informative", False: "of no use"}))
    columns = table[["strength", "feature", "weight", "truth", "use"]]
    scale = alt.Scale(domain=list(_KINDS), range=list(_KINDS.values()))
    colour = alt.Color("use:N", scale=scale, legend=alt.Legend(title="feature", orient="bottom", symbolOpacity=1, symbolStrokeWidth=3))
    x = alt.X("strength:Q", title="strength", scale=alt.Scale(type="log", nice=False), axis=marks.logarithmic("x", most=5))
    y = alt.Y("weight:Q", title="weight (target sd per feature sd)")
    tooltip = [alt.Tooltip("feature:N"), *(marks.number(name, name) for name in ("strength", "weight", "truth"))]
    layers = []
    for use, strong in (("of no use", 0.35), ("informative", 1.0)):
        part = columns[columns["use"] == use]
        lines = alt.Chart(part).mark_line(strokeWidth=1.5 if strong == 1 else 1, opacity=strong)
        layers.append(lines.encode(x, y, colour, detail=alt.Detail("feature:N")))
        layers.append(alt.Chart(part).mark_point(opacity=0, size=40).encode(x, y, tooltip=tooltip))
    described = f"Line chart of the weights of a linear model against the strength of {title}, one line for each feature."
    return alt.LayerChart(
        layer=layers, title=marks.note([title], width), width=width, height=height, autosize=marks.FIT, description=described
    )


def path_scores(scores: DataFrame, *, variants: Sequence[str], column: str, title: str, width: int = 300, height: int = 220) -> alt.Chart:
    """Draws a score of the linear models against strength, one line for each penalty.

    Args:
        scores: one row for each penalty and strength: variant (the penalty), strength, and the column.
        variants: the penalties in order, which decides their colours.
        column: a column of `scores`.
        title: title of the y axis.
        width: width of the plot in pixels.
        height: height of the plot in pixels.
    """
    x = alt.X("strength:Q", title="strength", scale=alt.Scale(type="log", nice=False), axis=marks.logarithmic("x", most=5))
    tooltip = [alt.Tooltip("variant:N", title="penalty"), marks.number("strength", "strength"), marks.number(column, title)]
    chart = alt.Chart(scores[["variant", "strength", column]], width=width, height=height, autosize=marks.FIT)
    chart = chart.mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=25, filled=True))
    colour = palette.colour(variants, variants, width=width)
    chart = chart.encode(x, alt.Y(f"{column}:Q", title=title), colour, tooltip=tooltip)
    return chart.properties(description=f"Line chart of the {title} against strength, one line for each penalty.")
