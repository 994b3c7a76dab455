"""Legends of charts that a page stretches: as many columns as the width has room for, when it is drawn."""

from __future__ import annotations

import json
from typing import Any

import altair as alt

CHARACTER, SYMBOL = 7, 36
"""Pixels of a character, about, and of the line before an entry."""


def fitting(chart: Any) -> Any:
    """The chart, just made, whose legend at the bottom has as many columns as fit, and entries no longer than the plot.

    Of a chart of one panel alone: several have no common width that the browser could be asked for.
    """
    if not isinstance(chart, alt.LayerChart):
        return chart
    for legend in _legends(chart):
        labels, _ = json.JSONDecoder().raw_decode(legend["labelExpr"])
        most, longest = legend["columns"], max(map(len, labels), default=1) * CHARACTER + SYMBOL
        legend["columns"] = alt.ExprRef(expr=f"max(1, min({most}, floor(width / {longest})))")
        legend["labelLimit"] = alt.ExprRef(expr=f"max({2 * SYMBOL}, width - {SYMBOL})")
    return chart


def _legends(chart: alt.LayerChart) -> list[Any]:
    """Each once, of those that `palette` makes."""
    found: dict[int, Any] = {}
    for layer in chart.layer:
        colour = layer.encoding["color"] if isinstance(layer, alt.Chart) else alt.Undefined
        legend = colour["legend"] if isinstance(colour, alt.Color) else None
        if isinstance(legend, alt.Legend) and isinstance(legend["labelExpr"], str) and isinstance(legend["columns"], int):
            found[id(legend)] = legend
    return list(found.values())
