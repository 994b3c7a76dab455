"""The pictures of the page of optimizers: they draw, also what is awkward; and the lines of equal value are where they should be."""

from __future__ import annotations

import json

import altair as alt
import numpy as np
import pytest
import vl_convert
from pandas import DataFrame

from core.analysis.shown import isolines
from core.charts import optimizers

NAMES = ("sgd lr=0.1", '"]; alert(1) //')


@pytest.fixture(autouse=True)
def without_limit():
    with alt.data_transformers.enable("default", max_rows=None):
        yield


def bowl(side=40):
    places = np.linspace(-2, 2, side)
    y, x = np.meshgrid(places, places, indexing="ij")
    return DataFrame({"x": x.ravel(), "y": y.ravel(), "loss": (x**2 + y**2).ravel()})


def paths(steps=9, explode=False):
    rows = []
    for place, name in enumerate(NAMES):
        for step in range(steps):
            far = 1e30 if explode and place == 1 and step == steps - 1 else 1.0
            x, y = far * 1.5 * 0.8**step, far * (1 - place) * 0.5**step
            status = ("diverged" if far > 1 else "finished") if step == steps - 1 else "running"
            rows.append((name, step, x, y, x**2 + y**2, x**2 + y**2, 2.0, 1.0, status))
    return DataFrame(rows, columns=["variant", "step", "x", "y", "loss", "excess", "grad_norm", "distance", "status"])


def surface(table, step=9, **options):
    minima = DataFrame({"x": [0.0], "y": [0.0]})
    return optimizers.surface(bowl(), table, minima, variants=NAMES, lowest=0.0, step=step, **options)


@pytest.mark.parametrize(
    "table", [paths(), paths(steps=1), paths(explode=True), paths().iloc[:0]], ids=["two", "start", "diverged", "none"]
)
@pytest.mark.parametrize("chart", [surface, lambda table: optimizers.descent(table, variants=NAMES, step=3)], ids=["surface", "descent"])
def test_it_draws(chart, table):
    spec = chart(table).to_dict()
    assert len(spec["description"]) > 40
    assert vl_convert.vegalite_to_svg(json.dumps(spec)).startswith("<svg")


def test_a_click_selects_a_place_only_where_it_may():
    assert [param["name"] for param in surface(paths()).to_dict()["params"]] == [optimizers.START]
    assert "params" not in surface(paths(), clickable=False).to_dict()


def test_paths_are_drawn_up_to_the_step():
    trail = surface(paths(), step=4).layer[4].data
    assert list(trail["step"]) == [0, 1, 2, 3, 4] * 2


def test_costs_stand_in_order_of_cost():
    table = DataFrame({"variant": ["adam", "sgd"], "state": [2.0, 0.0], "milliseconds": [0.2, 0.1], "relative": [2.0, 1.0]})
    spec = optimizers.costs(table).to_dict()
    assert spec["encoding"]["y"]["sort"] == ["sgd", "adam"]
    vl_convert.vegalite_to_svg(json.dumps(spec))


def test_lines_of_equal_value_of_a_bowl_are_circles():
    lines = isolines.isolines(bowl(), np.array([0.5, 2.0])).dropna()
    for level, line in lines.groupby("level"):
        np.testing.assert_allclose(np.hypot(line["x"], line["y"]), level**0.5, atol=0.01)
        angles = np.sort(np.arctan2(line["y"], line["x"]))
        assert np.diff(angles).max() < 0.3, "the circle has no gap"


def test_a_piece_is_two_places_and_a_break():
    lines = isolines.isolines(bowl(7), np.array([1.0]))
    assert list(lines["place"]) == list(range(len(lines)))
    assert list(lines["x"].isna()) == [False, False, True] * (len(lines) // 3)


def test_levels_grow_by_a_factor_from_the_lowest():
    levels = isolines.levels(bowl()["loss"].to_numpy() - 3, -3.0, 5)
    assert np.diff(np.log(levels + 3)) == pytest.approx(np.full(4, np.log((levels[1] + 3) / (levels[0] + 3))))
    assert isolines.levels(np.ones(9), 1.0).size == 0, "a plane has none"
