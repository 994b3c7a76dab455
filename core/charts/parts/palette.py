"""Colours. A colour stands for a variant and depends on the variant's position in the comparison, never on the order of rows.

Every colour has a contrast of at least 3:1 with white and with near-black, so that one set serves the light and the dark theme. Any
two colours stay distinguishable under the three kinds of colour blindness at least as well as in the Okabe-Ito set
(tests/charts/parts/test_palette.py computes both). There are 8 colours; more variants go into several panels, each of which begins again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Literal

import altair as alt

from core.charts.parts import titles

COLOURS = ("#0072b2", "#d55e00", "#1a9e5c", "#aa0bfd", "#ce7c98", "#857fdd", "#c21e32", "#7b6e6b")
CLASSES = ("#1790a6", "#c77800", "#8a5bb5", "#5f8f2f", "#c0507a", "#5d6fc4", "#9b6a4b", "#2f9e83", "#b3413a", "#7d7d7d")
"""Colours of the classes of a data set; they differ from the variants' colours, which have another meaning."""
MISSING = "#8a8a8a"
"""Colour of a cell without a value; halfway between the two backgrounds."""
INK = "#14171c"
"""Colour of a text within a mark that has a `tint`: Streamlit's theme colours axes and legends, but not the text of marks."""
SEQUENTIAL: Literal["viridis"] = "viridis"

_CHARACTER = 7
"""Approximate width in pixels of a legend's character; smaller for long entries, whose characters have the average width."""
_OF_LONG = 6
_BESIDE = 60
"""Width in pixels of the left axis: a legend begins where the plot begins."""
_SYMBOL = 36
"""Width in pixels of the line before a legend's entry, with the space around it."""


def colours(variants: Sequence[str]) -> dict[str, str]:
    """Returns the colour of each variant of a comparison; `variants` are all its variants, in order."""
    return {variant: COLOURS[index % len(COLOURS)] for index, variant in enumerate(variants)}


def with_references(families: Sequence[str], references: Sequence[str]) -> dict[str, str]:
    """Returns the colours of families and references: grey for one reference, the unused colours for several."""
    chosen = colours(families)
    left = [colour for colour in COLOURS if colour not in chosen.values()]
    others = dict.fromkeys(name for name in references if name not in chosen)
    return chosen | dict(zip(others, [MISSING, *left, *[MISSING] * len(others)], strict=False))


def repainted(chart: alt.LayerChart | alt.ConcatChart, by_variant: Mapping[str, str]) -> alt.LayerChart | alt.ConcatChart:
    """Gives the variants of a chart the colours that they have elsewhere on the page, and returns the chart."""
    for panel in chart.concat if isinstance(chart, alt.ConcatChart) else [chart]:
        for layer in (layer for layer in panel.layer if layer.encoding["color"] is not alt.Undefined):
            scale = layer.encoding["color"]["scale"]
            scale["range"] = [by_variant[name] for name in scale["domain"]]
    return chart


def tint(colour: str, share: float) -> str:
    """Returns the colour mixed with white; `share` is the share of the colour. Dark text (`INK`) is legible on it in both themes."""
    channels = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    return "#" + "".join(f"{round(255 + share * (channel - 255)):02x}" for channel in channels)


def groups(variants: Sequence[str]) -> list[list[str]]:
    """Returns the variants in panels of at most 8, so that no panel uses a colour twice; one empty panel if there are no variants."""
    size = len(COLOURS)
    return [list(variants[start : start + size]) for start in range(0, len(variants), size)] or [[]]


def colour(variants: Sequence[str], labels: Sequence[str] | None = None, *, width: int = 360) -> alt.Color:
    """Returns the colour channel for one panel of at most 8 variants in the column `variant`.

    Args:
        variants: variants of the panel, in the order of the comparison.
        labels: the legend's text for each of them, such as "Adam (n=5)"; None for no legend.
        width: width of the whole chart in pixels, which decides the legend's columns and the longest entry.
    """
    scale = alt.Scale(domain=list(variants), range=[COLOURS[index % len(COLOURS)] for index in range(len(variants))])
    legend = None if labels is None else _legend(variants, labels, width)
    return alt.Color("variant:N", scale=scale, legend=legend, sort=None)


def _legend(variants: Sequence[str], labels: Sequence[str], width: int) -> alt.Legend:
    room = max(width - _BESIDE, 2 * _SYMBOL)
    most = room - _SYMBOL
    short = [titles.shortened(label, most // _OF_LONG) for label in labels]
    longest = max(map(len, short), default=1) * _CHARACTER + _SYMBOL
    return alt.Legend(
        title=None,
        orient="bottom",
        direction="horizontal",
        columns=max(1, min(len(labels), room // longest)),
        labelLimit=most,
        labelExpr=lookup(variants, short),
        symbolType="stroke",
        symbolStrokeWidth=3,
        symbolOpacity=1,
    )


def lookup(values: Sequence[str], labels: Sequence[str] | Sequence[Sequence[str]]) -> str:
    """Returns a Vega expression for the label (or its lines) of a legend entry or axis tick.

    The names are inserted as JSON text, so that any name that a user gives a variant stays a string.
    """
    return f"{json.dumps(list(labels))}[indexof({json.dumps(list(values))}, datum.value)]"
