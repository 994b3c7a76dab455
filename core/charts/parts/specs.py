"""A chart as a plain Vega-Lite specification, for a page that redraws it every second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import altair as alt
import pyarrow as pa
from altair.utils import schemapi
from altair.utils.schemapi import SchemaBase
from pandas import DataFrame

Picture = alt.TopLevelMixin
"""Any chart, for code that draws charts without importing altair."""

_PARTS = ("layer", "concat", "hconcat", "vconcat")
_INNER = {"top_level": False, "pre_transform": False}
"""Properties that altair adds to a part of a chart, except the schema's address, theme and data."""

CONFIG = {"axisBand": {"labelFlush": False}}
"""The labels of categories stay at their rows; Streamlit's theme would move the outer ones inwards."""

FAINT = {"condition": {"test": "datum.label === ''", "value": 0.3}, "value": 1}
"""Grid of a logarithmic axis: lines without a label are fainter, because there are many."""


def unchecked(build: Callable[[], alt.TopLevelMixin]) -> dict[str, Any]:
    """Returns the specification of the chart that `build` makes; its parts are not checked against the schema while they are made.

    Two threads at once may leave altair unchecked for ever, which does no harm: only the tests need the checks.
    """
    with schemapi.debug_mode(False):
        return spec(build())


def spec(chart: alt.TopLevelMixin) -> dict[str, Any]:
    """Returns the specification with its data separate, as Arrow streams (bytes) under "datasets".

    The data sets are called d0, d1, ... in the order in which the chart uses them, so that a growing chart keeps its specification
    and a browser only receives the new data. Nothing is checked against the schema of Vega-Lite here: the tests check each chart once.
    """
    frames: dict[int, DataFrame] = {}
    found = _assembled(chart, frames, _INNER)
    _faint_grids(found)
    names = {_name(index): _arrow(frame) for index, frame in enumerate(frames.values())}
    theme = alt.theme.get()
    config = {**(theme()["config"] if theme else {}), **found.get("config", {}), **CONFIG}
    return {"$schema": alt.SCHEMA_URL, **found, "config": config, "datasets": names}


def _faint_grids(part: dict[str, Any]) -> None:
    """Makes the unlabelled grid lines of every logarithmic axis in the specification fainter, in place."""
    for channel in ("x", "y"):
        encoded = part.get("encoding", {}).get(channel, {})
        if encoded.get("scale") and encoded["scale"].get("type") == "log" and encoded.get("axis", {}) is not None:
            encoded["axis"] = {"gridOpacity": FAINT, **encoded.get("axis", {})}
    for member in [*(inner for name in _PARTS for inner in part.get(name, [])), *([part["spec"]] if "spec" in part else [])]:
        _faint_grids(member)


def _assembled(chart: Any, frames: dict[int, DataFrame], context: dict[str, Any]) -> dict[str, Any]:
    """Returns the chart's specification, built from its parts, with its data referred to by name; adds each data set once to `frames`.

    altair copies a chart of several parts deeply at each of its levels, which took three times as long as everything else here.
    """
    data = _data(chart, frames)
    context = {**context, **data}
    if isinstance(chart, alt.Chart):
        copy = chart.copy(deep=False)
        for name, named in data.items():
            copy[name] = named
        return copy.to_dict(validate=False, context=context)
    parts: dict[str, Any] = {name: [_assembled(part, frames, context) for part in chart[name]] for name in _PARTS if name in chart._kwds}
    if isinstance(chart, alt.FacetChart | alt.RepeatChart):
        parts["spec"] = _assembled(chart.spec, frames, context)
    own = SchemaBase.to_dict(chart, validate=False, ignore=[*data, *parts], context=context)
    return {**own, **data, **parts}


def _data(chart: Any, frames: dict[int, DataFrame]) -> dict[str, Any]:
    """Returns the chart's own data, if it has any, as Vega-Lite names it."""
    if not isinstance(chart.data, DataFrame):
        return {}
    frames.setdefault(id(chart.data), chart.data)
    return {"data": {"name": _name(list(frames).index(id(chart.data)))}}


def _name(place: int) -> str:
    return f"d{place}"


def _arrow(frame: DataFrame) -> bytes:
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()
