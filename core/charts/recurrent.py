"""Recurrent networks: the gradient against the lag, a loss against the loss of a network without memory, and the share that diverged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
from pandas import DataFrame

from core.charts.parts import bands, marks, palette, titles
from core.charts.results import curves

_ROW = 34


def gradient_lag(
    norms: DataFrame, table: DataFrame, line: DataFrame, *, variants: Sequence[str], width: int = 640, height: int = 330
) -> alt.LayerChart:
    """Draws the norm of a gradient against the steps that it has gone back; on the logarithmic axis, a constant factor per step is a
    straight line.

    Args:
        norms: variant, seed, lag, norm: the single seeds, faint.
        table: variant, lag, mean, low, high (NaN for a single seed), n.
        line: lag, mean: the prediction for a linear recurrence, dashed in grey; may be empty.
        variants: in order, which decides their colours; the first 8 are drawn.
        width: width of the chart in pixels; the page may stretch it.
        height: height of the plot in pixels.
    """
    shown = list(variants)[: len(palette.COLOURS)]
    norms, table = norms[norms["variant"].isin(shown) & (norms["norm"] > 0)], table[table["variant"].isin(shown)]
    colour = palette.colour(shown, shown, width=width)
    tooltip = [alt.Tooltip("variant:N"), alt.Tooltip("lag:Q", title="lag (steps)"), *marks.mean_and_interval("gradient norm")]
    exact = [alt.Tooltip("lag:Q", title="lag (steps)"), marks.number("mean", "predicted: ρ to the power of the lag")]
    spread = bands.on_the_axis(table.dropna(subset=["low"])[["variant", "lag", "low", "high"]], norms["norm"])
    seeds = alt.Chart(norms[["variant", "seed", "lag", "norm"]]).mark_line(strokeWidth=1, opacity=0.28, clip=True)
    layers = [
        alt.Chart(spread).mark_area(opacity=0.2, clip=True).encode(_lag(), _norm("low"), alt.Y2("high:Q"), colour),
        seeds.encode(_lag(), _norm("norm"), colour, detail=alt.Detail("seed:N")),
        alt.Chart(table).mark_line(strokeWidth=2, clip=True).encode(_lag(), _norm("mean"), colour),
        alt.Chart(line).mark_line(strokeDash=[6, 4], strokeWidth=1.5, color=palette.MISSING, clip=True).encode(_lag(), _norm("mean")),
        alt.Chart(line).mark_point(opacity=0, size=50).encode(_lag(), _norm("mean"), tooltip=exact),
        alt.Chart(table).mark_point(opacity=0, size=80).encode(_lag(), _norm("mean"), colour, tooltip=tooltip),
    ]
    note = ["geometric mean over seeds with 95 % band, seeds faint", *(["dashed: ρ to the power of the lag"] if len(line) else [])]
    described = (
        f"Line chart of the norm of the gradient, logarithmic, against the lag in steps for {titles.listed(shown)}: geometric means over "
        f"seeds with 95 % bands{'; dashed: the prediction for a linear recurrence' if len(line) else ''}."
    )
    size: dict[str, Any] = {"width": width, "height": height, "autosize": marks.FIT}
    return alt.LayerChart(layer=layers, title=marks.note(note, width), description=described, **size)


def _lag() -> alt.X:
    axis = alt.Axis(tickCount=6, **marks.integers("step"))
    return alt.X("lag:Q", title="lag (steps back from the last state)", scale=alt.Scale(nice=False), axis=axis)


def _norm(field: str) -> alt.Y:
    scale = alt.Scale(type="log", nice=False, padding=6)
    return alt.Y(f"{field}:Q", title="gradient norm (1 at lag 0)", scale=scale, axis=marks.logarithmic("y"))


def against_baseline(
    history: DataFrame, compared: float | None = None, *, variants: Sequence[str], baselines: Sequence[tuple[float, str]], **options: Any
) -> alt.LayerChart | alt.ConcatChart:
    """Draws `curves.loss_curves` with a dotted rule at each loss that is reached without learning anything.

    Args:
        history: as for `loss_curves`, with the other `options`.
        compared: as for `loss_curves`.
        variants: as for `loss_curves`.
        baselines: the height of each rule, and its name in the note above the curves and in its tooltip; empty for none.
        options: the other arguments of `loss_curves`.
    """
    chart = curves.loss_curves(history, compared, variants=variants, **options)
    if not baselines:
        return chart
    panels: list[Any] = chart.concat if isinstance(chart, alt.ConcatChart) else [chart]
    for panel in panels:
        panel.layer = [*panel.layer, *(_rule(panel, value, label) for value, label in baselines)]
    first, width = panels[0], options.get("width", 360)
    first.title = marks.note([*first.title.text, *(f"dotted: {label}, {value:.3g}" for value, label in baselines)], width)
    chart.description = f"{chart.description} Dotted: {', '.join(label for _, label in baselines)}."
    return chart


def _rule(panel: alt.LayerChart, baseline: float, label: str) -> alt.Chart:
    """A rule across a panel of `loss_curves`, on its y axis."""
    y = panel.layer[-1].encoding.y.copy()
    y.shorthand = "baseline:Q"
    rule = alt.Chart(DataFrame({"baseline": [baseline]})).mark_rule(strokeDash=[2, 4], strokeWidth=1.5, color=palette.MISSING, clip=True)
    return rule.encode(y, tooltip=[marks.number("baseline", label)])


def diverged(table: DataFrame, *, variants: Sequence[str], width: int = 360) -> alt.Chart:
    """Draws the share of each variant's runs that diverged, as bars, with the counts under the names.

    Args:
        table: variant, n, diverged, share (NaN before anything was measured).
        variants: all variants of the comparison in its order, which decides their colours.
        width: width of the whole chart in pixels.
    """
    table = table.assign(share=table["share"].fillna(0.0))
    said = {row["variant"]: f"{row['diverged']} of {row['n']}" if row["n"] else "no data yet" for row in table.to_dict("records")}
    labels = [[name, said.get(name, "")] for name in variants]
    axis = alt.Axis(labelExpr=palette.lookup(variants, labels), labelLimit=int(width * 0.5), labelPadding=6, labelOffset=-6, title=None)
    encoded = alt.Chart(table).mark_bar(size=14).encode(
        alt.X("share:Q", title="share of runs that diverged", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%", tickCount=5)),
        alt.Y("variant:N", scale=alt.Scale(domain=list(variants)), axis=axis),
        palette.colour(variants),
        tooltip=[alt.Tooltip("variant:N"), alt.Tooltip("diverged:Q"), alt.Tooltip("n:Q", title="of runs"), marks.number("share", "share")],
    )  # fmt: skip
    described = f"Bar chart of the share of runs that diverged, for {titles.listed(list(variants))}."
    return encoded.properties(width=width, height=_ROW * max(len(variants), 1), autosize=marks.FIT, description=described)
