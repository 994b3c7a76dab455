"""Heat maps and histograms: the numbers in their cells."""

from __future__ import annotations

import json

import numpy as np
import pytest
import vl_convert
from pandas import DataFrame
from scipy import stats

from core.analysis.shown import layerwise
from core.analysis.shown.binning import rebinned
from core.charts.parts import bins, marks
from core.charts.results import layers, weights
from tests.charts.frames import LAYERS, NAMES, histograms, history
from tests.charts.frames import layers as layer_rows


@pytest.fixture
def rows():
    return layer_rows(history())


def test_a_heat_map_shows_the_median_over_seeds(rows):
    rows.loc[rows["run"] == "SGD-0", "grad_norm"] = np.inf
    rows.loc[(rows["run"] == "SGD-1") & (rows["step"] == 7), "grad_norm"] = np.nan
    found = layerwise.medians(rows, "grad_norm").set_index(["variant", "layer", "step"])["value"]
    expected = rows[np.isfinite(rows["grad_norm"])].groupby(["variant", "layer", "step"])["grad_norm"].median()
    assert found.to_dict() == pytest.approx(expected.to_dict())


def test_a_cell_without_any_finite_value_is_there_and_grey(rows):
    rows.loc[(rows["variant"] == "SGD") & (rows["step"] > 20), "grad_norm"] = np.nan
    chart = layers.heatmap(rows, variants=NAMES)
    assert chart.data["value"].isna().sum() == 3 * 4
    assert vl_convert.vegalite_to_svg(json.dumps(chart.to_dict())).count("#8a8a8a") == 3 * 4
    assert "grey: no finite value" in " ".join(chart.title.text)


def test_heat_maps_that_share_their_colours_have_the_same_ends(rows):
    span = layers.span_of(rows, "grad_norm")
    charts = [layers.heatmap(rows[rows["variant"] == name], variants=(name,), span=span) for name in NAMES]
    ends = [chart.spec.encoding.color.to_dict()["condition"]["scale"]["domain"] for chart in charts]
    assert ends[0] == ends[1] == list(span)
    assert list(span) == layers.heatmap(rows, variants=NAMES).spec.encoding.color.to_dict()["condition"]["scale"]["domain"]


def test_before_the_first_update_there_is_no_cell_for_its_size(rows):
    assert layerwise.medians(rows, "update_ratio")["step"].min() == 7
    assert layerwise.medians(rows, "grad_norm")["step"].min() == 0


def test_layers_are_in_the_order_of_the_network(rows):
    renamed = rows.assign(layer=rows["layer"].map(dict(zip(LAYERS, ("z", "m", "a"), strict=True))))
    assert layers.heatmap(renamed, variants=NAMES).spec.encoding.y.to_dict()["sort"] == ["z", "m", "a"]


def test_no_more_cells_than_the_pixels_of_a_panel_can_show():
    rows = layer_rows(history(epochs=400))
    chart = layers.heatmap(rows, variants=NAMES, width=200)
    in_a_row = chart.data.groupby(["variant", "layer"], observed=True).size()
    assert in_a_row.max() <= chart.spec.width / 2 < 400


def test_cells_reach_halfway_to_their_neighbours():
    frame = DataFrame({"layer": ["a", "a", "a", "b"], "epoch": [0.0, 1.0, 4.0, 2.0]})
    found = marks.cells(frame, ["layer"], "epoch")
    assert found["left"].tolist() == [-0.5, 0.5, 2.5, 1.5]
    assert found["right"].tolist() == [0.5, 2.5, 5.5, 2.5]


def test_layer_means_have_scipys_t_intervals(rows):
    found = layerwise.layer_means(rows, "weight_norm").set_index(["variant", "layer", "step"])
    for key, values in rows.groupby(["variant", "layer", "step"])["weight_norm"]:
        low, high = stats.t.interval(0.95, len(values) - 1, values.mean(), stats.sem(values))
        assert found.loc[key, ["mean", "low", "high"]].tolist() == pytest.approx([values.mean(), low, high])


def test_deep_networks_are_one_heat_map():
    rows = layer_rows(history(), [f"{place} linear" for place in range(7)])
    assert weights.norms(rows, variants=NAMES).spec.mark.type == "rect"


def test_the_same_bins_leave_a_histogram_as_it_was():
    counts = np.array([[1.0, 5, 2, 2], [0, 10, 0, 0]])
    low, high = np.array([0.0, 0.0]), np.array([4.0, 4.0])
    assert rebinned(low, high, counts, np.linspace(0, 4, 5)) == pytest.approx(counts / 10)


def test_counts_are_spread_evenly_over_their_bin_and_what_is_outside_goes_into_the_outermost():
    counts = np.array([[4.0, 8.0, 4.0]])
    found = rebinned(np.array([0.0]), np.array([3.0]), counts, np.array([0.5, 1.0, 1.5, 2.5]))
    assert found == pytest.approx(np.array([[4, 4, 8]]) / 16)


def test_histograms_of_other_ranges_are_compared_by_the_weights_behind_them():
    rng = np.random.default_rng(0)
    weights_ = rng.normal(size=200_000)
    fine, edges = np.histogram(weights_, 64)
    target = np.linspace(edges[0], edges[-1], 33)
    expected = np.histogram(weights_, target)[0] / len(weights_)
    assert rebinned(edges[:1], edges[-1:], fine[None].astype(float), target)[0] == pytest.approx(expected, abs=2e-3)


def test_weights_that_are_all_equal_are_in_one_bin():
    found = rebinned(np.array([0.0]), np.array([0.0]), np.array([[7.0, 0.0]]), np.linspace(-1, 1, 6))
    assert found.sum() == 1
    assert (found > 0).sum() == 1


def test_the_cells_of_each_moment_hold_all_weights_once():
    cells = bins.cells(histograms(history(seeds=1)))
    assert cells.groupby(["panel", "left"])["share"].sum().to_numpy() == pytest.approx(1)


def test_one_exploding_run_does_not_stretch_the_bins_and_a_diverged_one_is_left_out():
    rows = histograms(history(seeds=1))
    rows.loc[rows.index[-1], ["low", "high"]] = -1e12, 1e12
    rows.loc[rows.index[-2], ["low", "high"]] = np.nan
    cells = bins.cells(rows)
    assert cells["high"].max() < 20
    moments = cells[cells["panel"] == "Adam, 1 linear"]["epoch"].unique()
    assert len(moments) == 6


def test_all_panels_of_a_layer_have_the_same_bins():
    cells = bins.cells(histograms(history(seeds=1)))
    ranges = cells.groupby(["layer", "variant"]).agg(low=("low", "min"), high=("high", "max"))
    assert (ranges.groupby("layer").nunique() == 1).all(axis=None)


def test_histograms_are_of_one_seed():
    chart = weights.histograms(histograms(history()), variants=NAMES, seed=2)
    assert "seed 2" in " ".join(chart.title.text)
