"""Every chart, with ordinary and with awkward data: it compiles and draws, and says in words what it shows."""

from __future__ import annotations

import json
import pkgutil
import re
import sys
from importlib import import_module
from inspect import getmembers, isfunction

import altair as alt
import pytest
import vl_convert

import core.charts
from core.charts.parts import specs
from core.charts.results import curves
from tests.charts.frames import NAMES, history
from tests.charts.gallery import CHARTS, OTHERS, TABLES

DRAWN = {name: lambda name=name: CHARTS[name](*TABLES["two variants"]) for name in CHARTS} | OTHERS
"""Each chart of the gallery, once."""


@pytest.fixture(autouse=True)
def without_limit():
    """Altair alone refuses data of more than 5,000 rows; the page sends them apart from the chart."""
    with alt.data_transformers.enable("default", max_rows=None):
        yield


def parts(spec, kind):
    """All values under a key, at any depth."""
    if isinstance(spec, dict):
        yield from ([spec[kind]] if kind in spec else [])
        for key, value in spec.items():
            if key not in ("datasets", "data"):
                yield from parts(value, kind)
    elif isinstance(spec, list):
        for value in spec:
            yield from parts(value, kind)


def charts():
    """Every public function of `core.charts` that gives a chart; what its modules share draws none by itself."""
    modules = [import_module(found.name) for found in pkgutil.walk_packages(core.charts.__path__, "core.charts.")]
    shared = f"{core.charts.__name__}.parts."
    for module in modules:
        for name, function in getmembers(module, isfunction):
            own = function.__module__ == module.__name__ and not module.__name__.startswith(shared)
            if own and not name.startswith("_") and re.search(r"Charts?\b", str(function.__annotations__["return"])):
                yield function


def test_every_chart_of_the_package_is_in_the_gallery():
    called = set()
    before = sys.getprofile()
    sys.setprofile(lambda frame, event, _: called.add(frame.f_code) if event == "call" else None)
    try:
        for chart in DRAWN.values():
            chart()
    finally:
        sys.setprofile(before)
    known = list(charts())
    assert len(known) > 40
    assert [f"{chart.__module__}.{chart.__name__}" for chart in known if chart.__code__ not in called] == []


@pytest.mark.parametrize("chart", OTHERS)
def test_every_other_chart_draws(chart):
    svg = vl_convert.vegalite_to_svg(json.dumps(OTHERS[chart]().to_dict()))
    assert svg.startswith("<svg")
    assert "NaN" not in svg


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("table", TABLES)
def test_every_chart_draws_every_table(chart, table):
    spec = CHARTS[chart](*TABLES[table]).to_dict()
    svg = vl_convert.vegalite_to_svg(json.dumps(spec))
    assert svg.startswith("<svg")
    assert "NaN" not in svg


@pytest.mark.parametrize("chart", DRAWN)
def test_every_chart_has_titles_an_alternative_text_and_exact_values_on_hover(chart):
    spec = DRAWN[chart]().to_dict()
    assert len(spec["description"]) > 40
    for channel in ("x", "y"):
        encoded = [found for found in parts(spec, channel) if isinstance(found, dict)]
        untitled = [found for found in encoded if not titled(found)]
        assert not untitled or any(found.get("title") for found in encoded), "layers share an axis, and its title"
    assert list(parts(spec, "tooltip"))


def titled(encoded):
    """Whether an axis says what it is: by its title, or by its labels where these are names; one that is not drawn says nothing."""
    axis = encoded.get("axis", {})
    if "value" in encoded or axis is None or encoded.get("title") or axis.get("title"):
        return True
    return encoded["type"] in ("nominal", "ordinal") and (encoded["field"] == "variant" or "title" in encoded or "title" in axis)


@pytest.mark.parametrize("chart", DRAWN)
def test_no_chart_sets_the_colour_of_text_or_of_the_page(chart):
    """But for text that stands on a cell, and goes by the cell's own colour."""
    spec = without_conditions({**DRAWN[chart]().to_dict(), "datasets": None})
    named = {colour.lower() for colour in re.findall(r'"(#[0-9a-fA-F]{3,8}|white|black)"', json.dumps(spec))}
    assert not named & {"white", "black", "#fff", "#ffffff", "#000", "#000000"}
    assert not list(parts(spec, "labelColor")) + list(parts(spec, "titleColor")) + list(parts(spec, "background"))


def without_conditions(part):
    """A specification without what depends on the data."""
    if isinstance(part, list):
        return [without_conditions(item) for item in part]
    if not isinstance(part, dict):
        return part
    return {} if "condition" in part else {name: without_conditions(item) for name, item in part.items()}


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("table", ["ended in every way", "more than eight"])
def test_what_a_page_is_sent_is_the_chart_that_altair_makes(chart, table):
    made = CHARTS[chart](*TABLES[table])
    assert bare(specs.spec(made)) == bare(made.to_dict())


def bare(part):
    """A specification without its data, and without what `specs` adds to every chart."""
    if isinstance(part, list):
        return [bare(item) for item in part]
    if not isinstance(part, dict):
        return part
    left = {name: bare(item) for name, item in part.items() if name not in ("data", "datasets", "gridOpacity", *specs.CONFIG)}
    return {name: item for name, item in left.items() if item != {}}


@pytest.mark.parametrize("chart", [chart for chart in CHARTS if chart not in ("decision", "heat map")])
def test_a_growing_chart_stays_the_same_chart_to_the_browser(chart):
    """Only its data change; a browser that is sent another specification builds the whole chart anew."""
    whole, names = history(epochs=30), NAMES
    half = CHARTS[chart](whole.query("epoch <= 20"), names)
    assert without_data(half) == without_data(CHARTS[chart](whole, names))


def without_data(chart):
    spec = chart.to_dict()
    del spec["datasets"]
    return re.sub(r'"data-[0-9a-f]+"', '"data"', json.dumps(spec))


def test_an_explosion_in_the_data_is_drawn_within_the_axis():
    table = history(endings={("SGD", 1): ("diverged", 4)})
    table.loc[table["val_loss"] == 50, "val_loss"] = 1e30
    spec = curves.loss_curves(table, variants=NAMES).to_dict()
    ends = {scale["domainMax"] for scale in parts(spec, "scale") if "domainMax" in scale}
    assert len(ends) == 1
    assert 2 < ends.pop() < 5
    vl_convert.vegalite_to_svg(json.dumps(spec))
