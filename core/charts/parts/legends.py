"""Legends of charts that a page stretches: they have as many columns as fit into the width at drawing time."""

from __future__ import annotations

import json
from typing import Any

import altair as alt

CHARACTER, SYMBOL = 7, 36
"""Approximate width in pixels of a character, and of the line before an entry."""


def fitting(chart: Any) -> Any:
    """Changes the bottom legend so that it has as many columns as fit, and entries no longer than the plot; returns the chart.

    This works only for charts with one panel: several panels have no common width that the browser could compute.
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
    """Returns each legend made by `palette` once."""
    found: dict[int, Any] = {}
    for layer in chart.layer:
        colour = layer.encoding["color"] if isinstance(layer, alt.Chart) else alt.Undefined
        legend = colour["legend"] if isinstance(colour, alt.Color) else None
        if isinstance(legend, alt.Legend) and isinstance(legend["labelExpr"], str) and isinstance(legend["columns"], int):
            found[id(legend)] = legend
    return list(found.values())
