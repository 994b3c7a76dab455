"""A chart as a plain specification: the same chart, its data apart and under names that stay."""

from __future__ import annotations

import json

import altair as alt
import pandas as pd
import pyarrow as pa
import pytest
import vl_convert
from altair.utils import schemapi

from core.charts.parts.specs import CONFIG, FAINT, spec, unchecked

ONE = pd.DataFrame({"x": [1.0, 2.0, 3.0], "y": [2.0, None, 1.0], "name": ["a", "b", "ä"]})
OTHER = pd.DataFrame({"x": [5], "y": [6]})


def points(frame: pd.DataFrame) -> alt.Chart:
    return alt.Chart(frame).mark_point().encode(x="x:Q", y="y:Q")


CHARTS = {
    "single": lambda one, other: points(one),
    "layers": lambda one, other: alt.layer(points(one), points(other), points(one)),
    "facets": lambda one, other: alt.layer(points(one), points(one), data=one).facet("name:N", columns=2),
    "several": lambda one, other: alt.concat(points(one), alt.layer(points(other), points(one)), columns=1),
    "rows": lambda one, other: points(one) | (points(other) & points(one)),
    "clickable": lambda one, other: alt.layer(points(one).add_params(alt.selection_point(name="chosen", on="click")), points(other)),
}


def read(data: bytes) -> pd.DataFrame:
    return pa.ipc.open_stream(data).read_pandas()


def places(part: object) -> list[dict]:
    """Every `data` of a specification, in order."""
    if isinstance(part, list):
        return [place for item in part for place in places(item)]
    if not isinstance(part, dict):
        return []
    own = [part["data"]] if "data" in part else []
    return own + [place for name, item in part.items() if name not in ("data", "datasets") for place in places(item)]


def without_data(part: object) -> object:
    if isinstance(part, list):
        return [without_data(item) for item in part]
    return {name: without_data(item) for name, item in part.items() if name not in ("data", "datasets")} if isinstance(part, dict) else part


@pytest.mark.parametrize("kind", CHARTS)
def test_it_is_the_chart_that_altair_makes(kind):
    chart = CHARTS[kind](ONE, OTHER)
    plain = chart.to_dict()
    assert without_data(spec(chart)) == without_data({**plain, "config": {**plain["config"], **CONFIG}})


def test_between_the_labels_of_a_logarithmic_axis_the_grid_is_fainter():
    x, y = alt.X("x:Q", scale=alt.Scale(type="log"), axis=alt.Axis(tickCount=3)), alt.Y("x:Q")
    chart = alt.LayerChart(layer=[alt.Chart(ONE).mark_line().encode(x, y)])
    encoding = spec(chart)["layer"][0]["encoding"]
    assert encoding["x"]["axis"] == {"gridOpacity": FAINT, "tickCount": 3}
    assert "axis" not in encoding["y"]
    vl_convert.vegalite_to_svg(json.dumps({**chart.to_dict(), "layer": [{**spec(chart)["layer"][0], "data": chart.to_dict()["data"]}]}))


@pytest.mark.parametrize("kind", CHARTS)
def test_each_mark_has_the_data_it_had(kind):
    chart = CHARTS[kind](ONE, OTHER)
    made, plain = spec(chart), chart.to_dict()
    assert len(places(made)) == len(places(plain))
    for here, there in zip(places(made), places(plain), strict=True):
        rows = read(made["datasets"][here["name"]])
        assert rows.astype(object).where(rows.notna(), None).to_dict("records") == plain["datasets"][there["name"]]


def test_a_chart_that_grows_keeps_its_specification():
    grown = pd.concat([ONE, ONE.assign(x=9.0)], ignore_index=True)
    before, after = (spec(CHARTS["layers"](frame, OTHER)) for frame in (ONE, grown))
    assert {**before, "datasets": None} == {**after, "datasets": None}
    assert before["datasets"]["d0"] != after["datasets"]["d0"]
    assert before["datasets"]["d1"] == after["datasets"]["d1"]


def test_the_chart_itself_stays_as_it_was():
    chart = CHARTS["several"](ONE, OTHER)
    before = chart.to_dict()
    spec(chart)
    assert chart.to_dict() == before


def test_an_unchecked_specification_is_the_same_and_leaves_the_checks_on():
    assert unchecked(lambda: points(ONE)) == spec(points(ONE))
    assert schemapi.DEBUG_MODE
