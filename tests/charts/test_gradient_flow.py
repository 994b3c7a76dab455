"""Layers from input to output and depths: which moment is shown, whose means, and what cannot be drawn is said."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import vl_convert
from pandas import DataFrame
from scipy import stats

from core.analysis.shown import layerwise
from core.charts import activation_functions, gradient_flow
from tests.charts.frames import NAMES, history
from tests.charts.frames import layers as layer_rows

ENDINGS = {("SGD", 1): ("diverged", 3)}


def drawn(chart):
    svg = vl_convert.vegalite_to_svg(json.dumps(chart.to_dict()))
    assert "NaN" not in svg
    return svg


def test_a_moment_is_each_runs_last_evaluation_up_to_it():
    rows = layer_rows(history(endings=ENDINGS))
    found = layerwise.at_moment(rows, 4.0)
    assert found.groupby("run")["epoch"].unique().str[0].to_dict() == {run: 3.0 if run == "SGD-1" else 4.0 for run in rows["run"].unique()}
    assert (found.groupby("run")["place"].apply(list).map(tuple) == (1, 2, 3)).all()
    assert (layerwise.at_moment(rows, 0.0)["step"] == 0).all()


def test_a_shorter_networks_layers_are_counted_from_its_own_input():
    rows = layer_rows(history(["SGD"], seeds=1), ("hidden1", "output"))
    deeper = layer_rows(history(["Adam"], seeds=1), ("hidden1", "hidden2", "output"))
    found = layerwise.at_moment(DataFrame(rows.to_dict("records") + deeper.to_dict("records")), 0.0)
    places = found[found["layer"] == "output"].set_index("variant")["place"]
    assert places.to_dict() == {"SGD": 2, "Adam": 3}


@pytest.mark.parametrize("log", [True, False])
def test_means_and_intervals_are_scipys(log):
    frame = DataFrame({"variant": "a", "seed": range(4), "value": [1.0, 2.0, 8.0, np.inf]})
    (row,) = layerwise.means(frame, ["variant"], "value", log=log).to_dict("records")
    values = np.log([1, 2, 8]) if log else np.array([1, 2, 8])
    low, high = stats.t.interval(0.95, 2, values.mean(), stats.sem(values))
    back = np.exp if log else np.asarray
    assert (row["mean"], row["low"], row["high"], row["n"]) == pytest.approx((*back([values.mean(), low, high]), 3))
    if log:
        assert row["mean"] == pytest.approx(stats.gmean([1, 2, 8]))


def test_what_cannot_be_drawn_is_said():
    frame = DataFrame({"variant": ["a", "a", "b", "c"], "seed": [0, 1, 0, 0], "place": 1, "layer": "hidden1", "value": [1.0, 2, 0, np.nan]})
    said = " ".join(gradient_flow.by_layer(frame, variants=("a", "b", "c"), column="value").title.text)
    assert "2 seeds" in said
    assert "not finite, not drawn: c" in said
    assert "exactly 0, not drawn: b" in said
    linear = " ".join(gradient_flow.by_layer(frame, variants=("a", "b", "c"), column="value", log=False).title.text)
    assert "exactly 0" not in linear
    assert linear.startswith("mean of 2 seeds")


def test_a_band_of_a_fraction_stays_between_0_and_1():
    frame = DataFrame({"variant": "a", "seed": [0, 1], "place": 1, "layer": "hidden1", "dead_fraction": [0.1, 0.9]})
    spec = gradient_flow.by_layer(frame, variants=("a",), column="dead_fraction", log=False).to_dict()
    rows = next(rows for rows in spec["datasets"].values() if rows and "low" in rows[0])
    assert (rows[0]["low"], rows[0]["mean"], rows[0]["high"]) == (0, 0.5, 1)


def depths(rows):
    return DataFrame(rows, columns=["variant", "seed", "depth", "ratio"])


DEPTHS = {
    "ordinary": depths([(name, seed, depth, 2.0**-depth * (1 + seed)) for name in NAMES for seed in (0, 1) for depth in (2, 8)]),
    "nothing": depths([]),
    "no gradient": depths([("SGD", 0, 2, np.nan), ("SGD", 0, 4, 0.0)]),
    "enormous": depths([("SGD", 0, 2, 1e-200), ("SGD", 0, 64, 1e200)]),
}


@pytest.mark.parametrize("frame", DEPTHS.values(), ids=DEPTHS)
def test_a_measure_is_drawn_against_depth(frame):
    chart = gradient_flow.by_depth(frame, variants=NAMES, column="ratio", title="first / last", level=1.0)
    drawn(chart)
    assert len(chart.to_dict()["description"]) > 40


def test_more_lines_than_colours_are_drawn_in_several_panels():
    names = tuple(f"line {place}" for place in range(11))
    frame = depths([(name, 0, depth, 1.0) for name in names for depth in (2, 8)])
    chart = gradient_flow.by_depth(frame, variants=names, column="ratio", title="first / last").to_dict()
    assert len(chart["vconcat"] if "vconcat" in chart else chart["concat"]) == 2
    drawn(gradient_flow.by_depth(frame, variants=names, column="ratio", title="first / last"))


def test_large_and_small_numbers_on_the_axis_are_short():
    svg = drawn(gradient_flow.by_depth(DEPTHS["enormous"], variants=NAMES, column="ratio", title="first / last"))
    assert {"1e-200", "1", "1e200"} <= set(re.findall(r">([^<]+)</text>", svg))


X = np.linspace(-4, 4, 9)
CURVE = DataFrame({"x": X, "value": np.maximum(X, 0), "slope": (X > 0) * 1.0})


def test_a_function_is_drawn_with_its_derivative_dashed():
    chart = activation_functions.single(CURVE, CURVE[6:7], name="ReLU")
    assert "stroke-dasharray" in drawn(chart)
    spec = chart.to_dict()
    assert "ReLU" in spec["description"]
    rows = next(rows for rows in spec["datasets"].values() if len(rows) == 18)
    assert {row["part"] for row in rows} == {"f(x)", "f′(x)"}


@pytest.mark.parametrize("column", ["value", "slope"])
def test_functions_are_drawn_over_each_other(column):
    both = DataFrame([*CURVE.assign(variant="ReLU").to_dict("records"), *CURVE.assign(variant="<b>").to_dict("records")])
    drawn(activation_functions.several(both, both[both["x"] == 1], variants=("ReLU", "<b>"), column=column))
