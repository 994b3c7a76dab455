"""A chart as a plain Vega-Lite specification, for a page that redraws it every second."""

from __future__ import annotations

from typing import Any

import altair as alt
import pyarrow as pa
from pandas import DataFrame

_PARTS = ("layer", "concat", "hconcat", "vconcat")


def spec(chart: alt.TopLevelMixin) -> dict[str, Any]:
    """The specification with its data apart, as Arrow streams (bytes) under "datasets".

    The data sets are called d0, d1, ... in the order in which the chart uses them, so that a chart which grows keeps its specification
    and a browser only takes in the new data. Nothing is checked against the schema of Vega-Lite: the tests do that once for each chart.
    """
    frames: dict[int, DataFrame] = {}
    found: dict[str, Any] = _named(chart, frames).to_dict(validate=False)
    names = {_name(place): _arrow(frame) for place, frame in enumerate(frames.values())}
    return {**found, "datasets": names}


def _named(chart: Any, frames: dict[int, DataFrame]) -> Any:
    """A copy of the chart that refers to its data by name; `frames` takes in the data, each once."""
    copy = chart.copy(deep=False)
    if isinstance(copy.data, DataFrame):
        frames.setdefault(id(copy.data), copy.data)
        copy.data = {"name": _name(list(frames).index(id(copy.data)))}
    for part in _PARTS:
        if part in copy._kwds and copy[part] is not alt.Undefined:
            copy[part] = [_named(member, frames) for member in copy[part]]
    if isinstance(copy, alt.FacetChart | alt.RepeatChart):
        copy.spec = _named(copy.spec, frames)
    return copy


def _name(place: int) -> str:
    return f"d{place}"


def _arrow(frame: DataFrame) -> bytes:
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()
