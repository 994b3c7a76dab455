"""Training on several workers: the loss against the simulated time, when each worker computes, and the staleness of the gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
from pandas import DataFrame

from core.analysis.labs.distributed import OTHERS, STRAGGLER
from core.charts.parts import marks, palette, titles

CLOCK = "simulated seconds"
LARGE_ROW, ROW = 16, 9
"""Height in pixels of a worker's row, for few workers and for many."""
ROOM = {"left": 5, "top": 5, "right": 14, "bottom": 5}
"""Padding in pixels around a chart: the last label of its axis reaches beyond the plot."""


def loss_over_clock(
    points: DataFrame,
    reached: DataFrame,
    *,
    variants: Sequence[str],
    colours: Mapping[str, str],
    target: float,
    seconds: float,
    width: int = 700,
    height: int = 320,
) -> alt.LayerChart:
    """Draws the mean training loss of each rule against the simulated time, with its 95 % band, and the point at which each reaches the
    target.

    Args:
        points: variant, seconds, mean, low, high, n; all above 0.
        reached: variant, seconds (mean over seeds) of the rules that reach the target.
        variants: the rules to draw, in order.
        colours: the colour of each rule.
        target: a loss, drawn as a dotted line.
        seconds: the right end of the axis.
        width: width of the whole chart in pixels.
        height: height of the plot in pixels.
    """
    x = alt.X("seconds:Q", title=CLOCK, scale=alt.Scale(domain=[0, seconds], nice=False), axis=alt.Axis(tickCount=8))
    scale = alt.Scale(type="log", nice=False, padding=8)
    y = alt.Y("mean:Q", title="training loss (nats, logarithmic)", scale=scale, axis=marks.logarithmic("y"))
    colour = painted(variants, colours, width)
    base = alt.Chart(points)
    tooltip = [alt.Tooltip("variant:N"), marks.number("seconds", CLOCK), *marks.mean_and_interval("training loss")]
    low = alt.Y("low:Q", title="training loss (nats, logarithmic)", scale=scale)
    band = base.mark_area(opacity=0.15, clip=True).encode(x, low, alt.Y2("high:Q"), colour)
    line = base.mark_line(strokeWidth=2.5, clip=True).encode(x, y, colour)
    hover = base.mark_point(opacity=0, size=60, clip=True).encode(x, y, colour, tooltip=tooltip)
    layers = [*_target(target), band, line, hover, _reached(reached.assign(mean=target), colour)]
    described = f"Training loss against simulated seconds, one line each for {titles.listed(list(variants))}."
    return alt.LayerChart(layer=layers, width=width, height=height, autosize=marks.FIT, padding=ROOM, description=described)


def _target(target: float) -> list[alt.Chart]:
    base = alt.Chart(DataFrame({"mean": [target], "said": [f"target: {target:g}"]}))
    rule = base.mark_rule(strokeDash=[2, 3], color=palette.MISSING).encode(alt.Y("mean:Q"))
    text = base.mark_text(align="left", baseline="bottom", dx=4, dy=-3, color=palette.MISSING)
    return [rule, text.encode(alt.Y("mean:Q"), x=alt.value(0), text="said:N")]


def _reached(reached: DataFrame, colour: alt.Color) -> alt.Chart:
    tooltip = [alt.Tooltip("variant:N"), marks.number("seconds", "reaches the target at")]
    mark = alt.Chart(reached).mark_point(filled=True, size=110, opacity=1)
    return mark.encode(alt.X("seconds:Q"), alt.Y("mean:Q"), colour, tooltip=tooltip)


def timeline(work: DataFrame, *, workers: int, colour: str, shown: float, titled: bool = True, width: int = 420) -> alt.LayerChart:
    """Draws what each worker does over time: a bar for each gradient, pale if it was wasted; a thin line while it waits; a cross where it
    fails.

    Args:
        work: worker (from 0), begin, end (simulated seconds), state: "computes", "wasted", "waits" or "dead".
        workers: number of rows.
        colour: colour of the bars.
        shown: the right end of the axis, in seconds.
        titled: whether the axis has a title: in several charts below each other, only the last one needs it.
        width: width of the whole chart in pixels.
    """
    frame = work.assign(name=work["worker"].astype(int) + 1)
    domain = list(range(1, workers + 1))
    axis = alt.Axis(labelOverlap=True, title="worker", grid=False, ticks=False, domain=False)
    y = alt.Y("name:O", scale=alt.Scale(domain=domain, padding=0.1), axis=axis)
    x = alt.X(
        "begin:Q", title=CLOCK if titled else None, scale=alt.Scale(domain=[0, shown], nice=False), axis=alt.Axis(tickCount=6, grid=False)
    )
    tooltip = [alt.Tooltip("name:O", title="worker"), alt.Tooltip("state:N"), marks.number("begin", "from"), marks.number("end", "to")]
    layers = []
    for state, opacity in (("computes", 1.0), ("wasted", 0.35)):
        bars = alt.Chart(frame[frame["state"] == state]).mark_bar(color=colour, opacity=opacity, x2Offset=-1, cornerRadius=1, **marks.MANY)
        layers.append(bars.encode(x, y, alt.X2("end:Q"), tooltip=tooltip))
    for state, dash in (("waits", [1, 0]), ("dead", [2, 3])):
        rules = alt.Chart(frame[frame["state"] == state]).mark_rule(color=palette.MISSING, strokeDash=dash, **marks.MANY)
        layers.append(rules.encode(x, y, alt.X2("end:Q"), tooltip=tooltip))
    dead = alt.Chart(frame[frame["state"] == "dead"])
    layers.append(
        dead.mark_point(shape=marks.CROSS, size=70, strokeWidth=2.5, color=palette.MISSING, opacity=1).encode(x, y, tooltip=tooltip)
    )
    described = f"When each of {workers} workers computes and waits, over {shown:g} simulated seconds."
    row = LARGE_ROW if workers <= 10 else ROW
    return alt.LayerChart(layer=layers, width=width, height=row * workers, autosize=marks.FIT, padding=ROOM, description=described)


def staleness(shares: DataFrame, *, colour: str, straggler: bool, width: int = 360, height: int = 200) -> alt.LayerChart:
    """Draws the share of gradients by their staleness, with the straggler's gradients in another colour.

    Args:
        shares: whose ("the straggler's" or "the others'"), staleness (updates), share (of all gradients).
        colour: colour of the other workers' gradients.
        straggler: whether there is a straggler, and so a legend.
        width: width of the whole chart in pixels.
        height: height of the plot in pixels.
    """
    kinds = [OTHERS, STRAGGLER]
    legend = alt.Legend(title=None, orient="bottom", symbolType="square") if straggler else None
    fill = alt.Color("whose:N", scale=alt.Scale(domain=kinds, range=[colour, palette.MISSING]), legend=legend)
    tooltip = [alt.Tooltip("whose:N"), alt.Tooltip("staleness:Q"), alt.Tooltip("share:Q", format=".1%")]
    most = float(shares["staleness"].max()) if len(shares) else 1.0
    bars = alt.Chart(shares).mark_bar(size=max(1.0, min(22.0, 0.7 * width / (most + 2)))).encode(
        alt.X("staleness:Q", title="updates since the worker read the weights", scale=alt.Scale(domain=[-0.5, most + 0.5], nice=False),
              axis=alt.Axis(tickMinStep=1, format="d", tickCount=8)),
        alt.Y("share:Q", title="share of gradients", axis=alt.Axis(format="%", tickCount=5), stack=True),
        fill,
        tooltip=tooltip,
    )  # fmt: skip
    described = "Share of the gradients by their staleness, in updates."
    return alt.LayerChart(layer=[bars], width=width, height=height, autosize=marks.FIT, description=described)


def painted(variants: Sequence[str], colours: Mapping[str, str], width: int) -> alt.Color:
    """Returns the colour channel for these variants, in the colours that they have in every chart."""
    colour = palette.colour(list(variants), list(variants), width=width)
    colour["scale"]["range"] = [colours[name] for name in variants]
    return colour
