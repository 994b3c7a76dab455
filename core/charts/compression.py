"""The cost of compression: scores against a size or a setting, heat maps of two settings, and pictures of the remaining weights."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd
from pandas import DataFrame

from core.charts.parts import bands, marks, palette, titles
from core.charts.results import curves

CHARACTER = 6
"""Approximate width in pixels of a character in a panel's name."""
NUMBER = 28
"""Width in pixels that a number in a heat map cell needs."""


def trade_off(
    points: DataFrame,
    references: DataFrame | None = None,
    *,
    variants: Sequence[str],
    x: str,
    x_title: str,
    y_title: str,
    reverse: bool = False,
    x_format: str = "",
    width: int = 360,
    height: int = 320,
) -> alt.LayerChart | alt.ConcatChart:
    """Draws mean and 95 % interval against a size or setting on a logarithmic axis, one line for each family; references are dashed grey
    rules.

    Args:
        points: variant (the family), name, the x column, mean, low, high, n; and `panel` if families have different references.
        references: name, mean, low, high of the references; `panel`: the panel in which the reference is drawn.
        variants: all families in order, which decides their colours; more than 8 are drawn in several panels.
        x: column of `points`, above zero.
        x_title: title of the x axis.
        y_title: title of the y axis.
        reverse: puts the largest value at the left.
        x_format: format of the numbers on the x axis, in d3's notation; empty: percent up to 1, plain numbers beyond.
        width: width of the plot in pixels; the page may stretch it.
        height: height of the plot in pixels.
    """
    points = bands.of_variants(points, variants)
    references = points.iloc[:0] if references is None else references
    described = f"{y_title} against {x_title} for {titles.listed(list(variants))}: means over seeds with 95 % intervals, references dashed."
    colours = palette.with_references(variants, list(references["name"]))
    look = {"x": x, "x_title": x_title, "y_title": y_title, "reverse": reverse, "x_format": x_format, "width": width, "colours": colours}
    parts = _panels(points, references, variants)
    plot = width if len(parts) == 1 else marks.panel_width(width, 1, marks.BESIDE)  # the page cannot stretch several panels
    panels = [_trade_off(points, *part, look).properties(width=plot, height=height) for part in parts]
    if len(panels) == 1:
        return panels[0].properties(autosize=marks.FIT, description=described)
    shared = {"x": "shared", "y": "shared", "color": "independent"}
    return alt.ConcatChart(concat=panels, columns=1, resolve=alt.Resolve(scale=shared), autosize=marks.PAD, description=described)


def _panels(points: DataFrame, references: DataFrame, variants: Sequence[str]) -> list[tuple[DataFrame, list[str]]]:
    """Returns the references and the families (at most 8) of each panel; a reference without families of its own is drawn in all panels."""
    names = list(dict.fromkeys(points["panel"])) if "panel" in points else []
    if len(names) < 2:
        return [(references, group) for group in palette.groups(variants)]
    parts = []
    for name in names:
        families = set(points.loc[points["panel"] == name, "variant"])
        own = references[(references["panel"] == name) | ~references["panel"].isin(names)]
        parts += [(own, group) for group in palette.groups([variant for variant in variants if variant in families])]
    return parts


def _trade_off(points: DataFrame, references: DataFrame, group: list[str], look: dict[str, Any]) -> alt.LayerChart:
    shown = bands.of_variants(points, group)
    reach = shown["mean"].min(), shown["mean"].max()
    margin = 0.1 * (reach[1] - reach[0])
    shown = shown.assign(**{f"{end}_shown": shown[end].clip(reach[0] - margin, reach[1] + margin) for end in ("low", "high")})
    values = sorted({_rounded(float(value)) for value in points[look["x"]]}, reverse=look["reverse"])
    form = look["x_format"] or ("%" if not len(values) or max(values) <= 1 else "~g")
    scale = alt.Scale(type="log", reverse=look["reverse"], nice=False, padding=12)
    axis = alt.Axis(values=_spread_out(values), format=form, labelOverlap=True)
    at = alt.X(f"{look['x']}:Q", title=look["x_title"], scale=scale, axis=axis)
    colour = palette.colour(group, group, width=look["width"])
    colour["scale"]["range"] = [look["colours"][family] for family in group]
    base = alt.Chart(shown)
    band = base.mark_area(opacity=0.1, clip=True).encode(at, _y("low_shown", look), alt.Y2("high_shown:Q"), colour)
    tooltip = [alt.Tooltip("name:N", title="variant"), marks.number(look["x"], look["x_title"]), *marks.mean_and_interval(look["y_title"])]
    line = base.mark_line(strokeWidth=2, clip=True).encode(at, _y("mean", look), colour)
    dots = base.mark_point(filled=True, size=50, opacity=1).encode(at, _y("mean", look), colour, tooltip=tooltip)
    return alt.LayerChart(layer=[*_rules(references, look), band, line, dots])


def _rounded(value: float) -> float:
    """Rounds to two digits, unless the value is a whole number."""
    return value if value == round(value) else float(f"{value:.2g}")


def _spread_out(values: list[float]) -> list[float]:
    """Returns the values as ticks, without those that differ by less than 20 % from the tick before, whose labels would overlap."""
    ticks: list[float] = []
    for value in values:
        if not ticks or abs(value / ticks[-1] - 1) > 0.2:
            ticks.append(value)
    return ticks


def _y(field: str, look: dict[str, Any]) -> alt.Y:
    return alt.Y(f"{field}:Q", title=look["y_title"], scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=6))


def _rules(references: DataFrame, look: dict[str, Any]) -> list[alt.Chart]:
    """Dashed lines with their names at the right, where fewer curves pass."""
    if references.empty:
        return []
    return [mark for name in dict.fromkeys(references["name"]) for mark in _rule(references[references["name"] == name], name, look)]


def _rule(reference: DataFrame, name: str, look: dict[str, Any]) -> list[alt.Chart]:
    """The colour belongs to the mark: Altair would merge a colour scale with the scale of the families."""
    base, colour = alt.Chart(reference[["name", "mean", "low", "high", "n"]]), look["colours"][name]
    tooltip = [alt.Tooltip("name:N", title="reference"), *marks.mean_and_interval(look["y_title"])]
    rule = base.mark_rule(strokeDash=[5, 3], strokeWidth=2, color=colour).encode(_y("mean", look), tooltip=tooltip)
    text = base.mark_text(align="right", baseline="bottom", dx=-4, dy=-3, color=colour, fontWeight="bold")
    return [rule, text.encode(_y("mean", look), x=alt.value("width"), text="name:N")]


def by_variant(
    points: DataFrame, references: DataFrame | None = None, *, variants: Sequence[str], title: str, width: int = 360
) -> alt.LayerChart:
    """Draws mean and 95 % interval, one row for each family, for families without a setting for the x axis; the references are below them.

    Args:
        points: variant (the family), name, mean, low, high, n, diverged.
        references: name, mean, low, high, n, diverged of the references.
        variants: all families in order, which decides their colours.
        title: title of the x axis.
        width: width of the whole chart in pixels; the page may stretch it.
    """
    references = points.iloc[:0] if references is None else references
    shown = pd.concat([points[points["variant"].isin(list(variants))], references.assign(variant=references["name"])])
    colours = palette.with_references(variants, list(references["name"]))
    rows = list(colours)
    lost = shown[shown["diverged"] > 0].groupby("variant")["diverged"].sum()
    labels = [[name, f"{lost[name]:g} diverged"] if name in lost.index else [name] for name in rows]
    axis = alt.Axis(labelExpr=palette.lookup(rows, labels), labelLimit=int(width * 0.5), labelPadding=6, title=None)
    y = alt.Y("variant:N", scale=alt.Scale(domain=rows), axis=axis)
    colour = alt.Color("variant:N", scale=alt.Scale(domain=rows, range=list(colours.values())), legend=None)
    tooltip = [alt.Tooltip("name:N", title="variant"), *marks.mean_and_interval(title)]
    base = alt.Chart(shown[["variant", "name", "mean", "low", "high", "n"]].dropna(subset="mean"))
    rule = base.mark_rule(strokeWidth=2).encode(_along("low", title), alt.X2("high:Q"), y, colour, tooltip=tooltip)
    dots = base.mark_point(filled=True, size=75, opacity=1).encode(_along("mean", title), y, colour, tooltip=tooltip)
    described = f"{title} of {titles.listed(rows)}: means over seeds with 95 % intervals."
    return alt.LayerChart(layer=[rule, dots], width=width, height=34 * len(rows), autosize=marks.FIT, description=described)


def _along(field: str, title: str) -> alt.X:
    return alt.X(f"{field}:Q", title=title, scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=5))


def over_training(
    history: DataFrame, compared: float | None = None, *, variants: Sequence[str], colours: Sequence[tuple[str, str]], **options: Any
) -> alt.LayerChart | alt.ConcatChart:
    """Draws `curves.loss_curves` of these variants, in the colours that they (or their families) have in the other charts of the page."""
    return palette.repainted(curves.loss_curves(history, compared, variants=variants, **options), dict(colours))


def squares(
    cells: DataFrame,
    *,
    variants: Sequence[str],
    x: str,
    y: str,
    value: str,
    x_title: str,
    y_title: str,
    value_title: str,
    fraction: bool = False,
    width: int = 360,
    columns: int = 1,
    labels: int = 84,
) -> alt.FacetChart:
    """Draws a heat map of two settings for each variant, with the value as colour and as number.

    Args:
        cells: variant (of the panel), the columns x, y and value, in the order in which their values appear on the axes.
        variants: the panels, in order.
        x: column of the x axis.
        y: column of the y axis.
        value: column that decides the colour.
        x_title: title of the x axis.
        y_title: title of the y axis.
        value_title: meaning of the colour.
        fraction: colours from 0 to 1 instead of from the lowest to the highest value.
        width: width of the whole chart in pixels.
        columns: number of panels side by side.
        labels: width in pixels of the labels of the y axis.
    """
    frame = bands.of_variants(cells, variants).assign(**{name: cells[name].map(_text) for name in (x, y)})
    across, down = list(dict.fromkeys(cells[x].map(_text))), list(dict.fromkeys(cells[y].map(_text)))
    low, high = (0.0, 1.0) if fraction or frame.empty else (float(frame[value].min()), float(frame[value].max()))
    middle = (low + high) / 2
    wide = marks.panel_width(width, columns, labels)
    base = alt.Chart(width=wide, height=28 * max(len(down), 1)).encode(
        alt.X(f"{x}:N", title=x_title, sort=across, axis=marks.close(labelAngle=0, labelOverlap=False, labelFontSize=10)),
        alt.Y(f"{y}:N", title=y_title, sort=down, axis=marks.close()),
    )
    legend = alt.Legend(title=value_title, orient="bottom", gradientLength=max(width - 160, 120), titleLimit=width)
    colour = alt.Color(f"{value}:Q", scale=alt.Scale(scheme=palette.SEQUENTIAL, domain=[low, high]), legend=legend)
    tooltip = [
        alt.Tooltip("variant:N"),
        alt.Tooltip(f"{x}:N", title=x_title),
        alt.Tooltip(f"{y}:N", title=y_title),
        marks.number(value, value_title),
    ]
    room = wide / max(len(across), 1)
    number = base.mark_text(fontSize=10, opacity=1 if room >= NUMBER else 0).encode(
        text=alt.Text(f"{value}:Q", format=".3~f"),
        color=alt.condition(f"datum['{value}'] > {middle!r}", alt.value("#000"), alt.value("#fff")),
        tooltip=tooltip,
    )
    panel = alt.LayerChart(layer=[base.mark_rect().encode(colour, tooltip=tooltip), number])
    facet = alt.Facet("variant:N", title=None, sort=list(variants), header=marks.header(variants, wide))
    described = f"{value_title} by {x_title} and {y_title}, one panel each for {titles.listed(list(variants))}."
    resolve = alt.Resolve(**marks.under_each(frame["variant"].nunique(), columns))
    return panel.facet(facet, data=frame, columns=columns, description=described, resolve=resolve)


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def pictures(
    pixels: DataFrame,
    *,
    variants: Sequence[str],
    value_title: str,
    grey: bool = False,
    high: float | None = None,
    legend: bool = True,
    side: int = 120,
    columns: int = 3,
) -> alt.FacetChart:
    """Draws the values at the pixels of a picture, one panel for each variant, with its name below in as many lines as it needs.

    Args:
        pixels: variant, row, column (both from 0), value.
        variants: the panels, in order.
        value_title: meaning of the colour.
        grey: black on white, as the digit was written, instead of the colour scale.
        high: the value of the strongest colour; by default the highest value.
        legend: whether to draw the legend of the colours.
        side: width of a panel in pixels.
        columns: number of panels side by side.
    """
    frame = bands.of_variants(pixels, variants)
    rows, across = int(frame["row"].max()) + 1 if len(frame) else 1, int(frame["column"].max()) + 1 if len(frame) else 1
    low, top = (float(frame["value"].min()), float(frame["value"].max())) if len(frame) else (0.0, 1.0)
    domain = [min(0.0, low), (top if high is None else high) or 1.0]
    scale = alt.Scale(scheme="greys" if grey else palette.SEQUENTIAL, domain=domain, clamp=True)
    shown = alt.Legend(title=value_title, orient="bottom", gradientLength=160, titleLimit=300) if legend else None
    chart = alt.Chart(frame, width=side, height=max(round(side * rows / across), 16)).mark_rect()
    chart = chart.encode(
        alt.X("column:O", axis=None, scale=alt.Scale(padding=0)),
        alt.Y("row:O", axis=None, scale=alt.Scale(padding=0)),
        alt.Color("value:Q", scale=scale, legend=shown),
        tooltip=[alt.Tooltip("variant:N"), alt.Tooltip("row:Q"), alt.Tooltip("column:Q"), marks.number("value", value_title)],
    )
    lines = [textwrap.wrap(name, max(side // CHARACTER, 8)) or [""] for name in variants]
    header = alt.Header(labelOrient="bottom", labelExpr=palette.lookup(variants, lines), labelLimit=2 * side)
    facet = alt.Facet("variant:N", title=None, sort=list(variants), header=header)
    described = f"{value_title} at each pixel of the picture, one panel each for {titles.listed(list(variants))}."
    return chart.facet(facet, columns=columns, description=described)


def chances(table: DataFrame, *, variants: Sequence[str], width: int = 360, height: int = 220, log: bool = False) -> alt.LayerChart:
    """Draws the probabilities of each class as bars side by side, with one colour for each variant (here a temperature or network).

    Args:
        table: variant, label, probability; `truth` is True for the correct class.
        variants: in order, which decides the colours.
        width: width of the plot in pixels; the page may stretch it.
        height: height of the plot in pixels.
        log: a logarithmic axis, which makes small probabilities visible; values below 1e-6 are not drawn.
    """
    frame = bands.of_variants(table, variants)
    labels = list(dict.fromkeys(frame["label"]))
    if log:
        frame = frame[frame["probability"] > 1e-6].assign(floor=1e-6)
    scale = alt.Scale(type="log", domain=[1e-6, 1]) if log else alt.Scale(domain=[0, 1])
    ends = {"y2": alt.Y2("floor:Q")} if log else {}
    chart = (
        alt.Chart(frame)
        .mark_bar()
        .encode(
            alt.X(
                "label:N",
                title="class (the correct one in bold)",
                sort=labels,
                axis=alt.Axis(labelAngle=0, labelFontWeight=_bold(frame)),
            ),
            alt.Y("probability:Q", title="probability", scale=scale, axis=alt.Axis(tickCount=6, format="~g")),
            _filled(palette.colour(list(variants), list(variants), width=width)),
            xOffset=alt.XOffset("variant:N", sort=list(variants)),
            tooltip=[alt.Tooltip("variant:N"), alt.Tooltip("label:N", title="class"), marks.number("probability", "probability")],
            **ends,
        )
    )
    described = f"Bars of the probability of each class for {titles.listed(list(variants))}."
    return alt.LayerChart(layer=[chart], width=width, height=height, autosize=marks.FIT, description=described)


def _filled(colour: alt.Color) -> alt.Color:
    """The same colour with squares in its legend, because bars are filled and have no stroke."""
    legend = colour["legend"].copy()
    legend["symbolType"] = "square"
    return colour.legend(legend)


def _bold(frame: DataFrame) -> Any:
    right = list(dict.fromkeys(frame.loc[frame["truth"], "label"]))
    return alt.condition(f"datum.value == {right[0]!r}", alt.value("bold"), alt.value("normal")) if right else "normal"
