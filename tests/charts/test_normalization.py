"""The charts of normalization: drawn from ordinary and from awkward data, and the numbers of activations by depth."""

from __future__ import annotations

import json

import numpy as np
import pytest
import vl_convert
from pandas import DataFrame
from scipy import stats

from core.analysis.shown import layerwise
from core.charts import normalization
from core.labs.networks import norm_axes
from tests.charts.frames import LAYERS, NAMES, history, layers


def drawn(chart):
    spec = chart.to_dict()
    assert len(spec["description"]) > 40
    svg = vl_convert.vegalite_to_svg(json.dumps(spec))
    assert "NaN" not in svg
    return svg


@pytest.mark.parametrize("convolved", [False, True], ids=["fully connected", "convnet"])
@pytest.mark.parametrize("kind", ["batch", "layer", "group", "instance", "rms", "weight"])
def test_a_tensor_is_drawn_with_its_numbers_and_the_chosen_set_stands_out(kind, convolved):
    found = norm_axes.normalized(norm_axes.tensor(0, convolved=convolved), kind)
    chart = normalization.axes(found.cells, value="x", sets=list(found.sets["name"]), chosen=1)
    rows = next(iter(chart.to_dict()["datasets"].values()))
    assert sum(row["strong"] for row in rows) == found.sets["cells"][1]
    assert {row["name"] for row in rows if row["strong"]} == {found.sets["name"][1]}
    svg = drawn(chart)
    assert all(row["text"] in svg for row in rows)


def test_numbers_near_zero_have_no_sign():
    cells = norm_axes.normalized(norm_axes.tensor(0, convolved=False), "batch").cells.assign(x=-0.01)
    chart = normalization.axes(cells, value="x", sets=list("abcdef"), chosen=0)
    assert {row["text"] for row in next(iter(chart.to_dict()["datasets"].values()))} == {"0.0"}


OUTPUTS = DataFrame(
    {"variant": ["SGD", "Adam"] * 2, "example": [0, 0, 1, 1], "output": 0, "train": [1.0, 2, 3, 4], "evaluation": [1.0, 2, 2, -4]}
)


@pytest.mark.parametrize("rows", [4, 1, 0], ids=["ordinary", "one", "nothing"])
def test_both_modes_are_drawn_on_the_axes_of_all_variants(rows):
    specs = [normalization.modes(OUTPUTS[:rows], variants=NAMES, variant=name) for name in NAMES]
    domains = [spec.to_dict()["layer"][0]["encoding"]["x"]["scale"]["domain"] for spec in specs]
    assert domains[0] == domains[1]
    assert rows < 4 or domains[0] == [-4, 4]
    for spec in specs:
        drawn(spec)


@pytest.mark.parametrize("closed", [0.2, np.nan], ids=["closed form", "none"])
def test_running_averages_are_drawn_from_the_first_batch_on(closed):
    table = DataFrame({"variant": "batches of 2", "batches": [0, 1, 2], "mean": [0.0, 0.4, 0.3], "expected_mean": closed})
    chart = normalization.running(table, variants=["batches of 2"], column="mean", title="error", expected="expected_mean")
    assert [row["batches"] for row in next(iter(chart.to_dict()["datasets"].values()))] == [1, 2]
    drawn(chart)


TABLES = {
    "ordinary": history(),
    "one seed": history(seeds=1),
    "one variant": history(["SGD"]),
    "nothing": history().iloc[:0],
    "diverged": history(endings={("SGD", 1): ("diverged", 3)}),
}


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_activations_by_depth_are_drawn(table, first):
    means = layerwise.by_depth(layers(table), "weight_norm", first=first)
    for reference in (None, 0.58):
        drawn(normalization.profile(means, variants=NAMES, column="weight_norm", when="last measured", reference=reference))


@pytest.mark.parametrize("first", [False, True])
def test_the_interval_by_depth_is_scipys_over_the_seeds_at_that_moment(first):
    frame = layers(history(endings={("Adam", 1): ("stopped", 4)}))
    means = layerwise.by_depth(frame, "weight_norm", first=first).set_index(["variant", "layer"])
    for variant in NAMES:
        for layer in LAYERS:
            own = frame[(frame["variant"] == variant) & (frame["layer"] == layer)].groupby("run")["weight_norm"]
            values = own.first() if first else own.last()
            row = means.loc[(variant, layer)]
            low, high = stats.t.interval(0.95, len(values) - 1, values.mean(), stats.sem(values))
            assert row[["mean", "low", "high", "n"]].tolist() == pytest.approx([values.mean(), low, high, len(values)])
            assert row["place"] == LAYERS.index(layer) + 1


def test_the_output_is_no_hidden_layer():
    frame = layers(history(), ("hidden1", "hidden2", "output"))
    assert list(layerwise.by_depth(frame, "weight_norm")["layer"].unique()) == ["hidden1", "hidden2"]
