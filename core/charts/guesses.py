"""The reader's expected answer, written into the chart of the result: beside the name of a row or line."""

from __future__ import annotations

import json
from typing import Any

import altair as alt

from core.charts.parts.specs import Picture


def named(picture: Picture, name: str, said: str) -> Picture:
    """Adds words beside one name, in the legend or below the name of a row. Changes the picture in place and returns it.

    Args:
        picture: a chart with one panel; a chart with several panels is not changed.
        name: name of a line, a kind or a row.
        said: the words beside it.
    """
    if not isinstance(picture, alt.LayerChart):
        return picture
    for layer in picture.layer:
        if isinstance(layer, alt.Chart):
            _in_legend(layer.encoding["color"], name, said)
            _in_rows(layer.encoding["y"], name, said)
    return picture


def _in_legend(colour: Any, name: str, said: str) -> None:
    legend = colour["legend"] if isinstance(colour, alt.Color) else None
    if not isinstance(legend, alt.Legend) or not isinstance(legend["labelExpr"], str):
        return
    labels, end = json.JSONDecoder().raw_decode(legend["labelExpr"])
    marked = [f"{label} ({said})" if label == name or label.startswith(f"{name} (n=") else label for label in labels]
    legend["labelExpr"] = json.dumps(marked) + legend["labelExpr"][end:]


def _in_rows(y: Any, name: str, said: str) -> None:
    axis = y["axis"] if isinstance(y, alt.Y) else None
    if not isinstance(axis, alt.Axis) or y["scale"] is alt.Undefined or y["scale"]["domain"] is alt.Undefined:
        return
    if name in list(y["scale"]["domain"]):
        axis["labelExpr"] = f"datum.value === {json.dumps(name)} ? [datum.label, {json.dumps('(' + said + ')')}] : datum.label"
