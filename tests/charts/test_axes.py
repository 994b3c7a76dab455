"""Axes as a viewer sees them: which places have a label."""

from __future__ import annotations

import numpy as np
import pytest
from pandas import DataFrame

from core.charts import batch_size, gradient_flow, optimizers, recurrent
from core.charts.results import curves, weights
from core.charts.results.layers import heatmap
from tests.charts.drawn import axes
from tests.charts.frames import NAMES, histograms, history, layers


def spanning(low, high):
    """A history whose losses run from high to low."""
    table = history(epochs=20)
    return table.assign(**{name: np.geomspace(high, low, 21)[table["epoch"].astype(int)] for name in ("val_loss", "train_loss_eval")})


def loss(low, high):
    return curves.loss_curves(spanning(low, high), variants=NAMES, log_y=True, focus=False)


def by_depth(low, high):
    table = DataFrame({"variant": "SGD", "seed": 0, "depth": [1, 2], "norm": [low, high]})
    return gradient_flow.by_depth(table, variants=["SGD"], column="norm", title="gradient norm")


def lag(low, high):
    norms = DataFrame({"variant": "rnn", "seed": 0, "lag": [0, 1], "norm": [high, low]})
    table = norms.rename(columns={"norm": "mean"}).assign(low=np.nan, high=np.nan, n=1)
    return recurrent.gradient_lag(norms, table, DataFrame({"lag": [], "mean": []}), variants=["rnn"])


def descent(low, high):
    paths = DataFrame({"variant": "SGD", "step": [0, 1], "excess": [high, low]})
    return optimizers.descent(paths, variants=["SGD"], step=1)


def batches(low, high):
    return batch_size.along(spanning(low, high), variants=NAMES, log_y=True)


@pytest.mark.parametrize("chart", [loss, by_depth, lag, descent, batches])
@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0004, 2.9, {"0.001", "0.01", "0.1", "1"}),
        (0.03, 2.9, {"0.05", "0.1", "0.2", "0.5", "1", "2"}),
        (2e-8, 0.3, {"1e-7", "1e-6", "1e-5", "1e-4", "0.001", "0.01", "0.1"}),
    ],
)
def test_a_logarithmic_axis_is_labelled_at_powers_of_ten_and_at_2_and_5_where_there_are_few(chart, low, high, expected):
    (found,) = axes(chart(low, high), "y")
    assert set(found) == expected


@pytest.mark.parametrize(("low", "high"), [(0.41, 0.44), (0.3, 0.9), (1e-30, 1e20), (2e-11, 5e-10)])
def test_a_logarithmic_axis_of_any_reach_has_labels_that_differ(low, high):
    (found,) = axes(loss(low, high), "y")
    assert 2 <= len(found) == len(set(found)) <= 12


def test_panels_that_share_a_logarithmic_axis_have_the_same_labels():
    names = [f"v{place}" for place in range(10)]
    first, second = axes(curves.loss_curves(history(names), variants=names, log_y=True), "y")
    assert first == second
    assert "1" in first


def norms(table, x):
    return weights.norms(with_axis(layers(table), table), variants=NAMES, x=x)


def heat(table, x):
    return heatmap(with_axis(layers(table), table), variants=NAMES, x=x)


def spread(table, x):
    return weights.histograms(with_axis(histograms(table), table), variants=NAMES, layers=["1 linear"], x=x)


def curve(table, x):
    return curves.loss_curves(table, variants=NAMES, x=x)


def with_axis(frame, table):
    """The rows of layers with the examples seen beside them."""
    return frame.merge(table[["run", "step", "samples"]], on=["run", "step"])


@pytest.mark.parametrize("chart", [curve, norms, heat, spread])
@pytest.mark.parametrize("epochs", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("x", ["epoch", "step", "samples"])
def test_epochs_and_updates_are_whole_numbers_however_few_there_were(chart, epochs, x):
    for found in axes(chart(history(epochs=epochs), x), "x"):
        assert found
        assert all(text.isdigit() for text in found)
        assert len(set(found)) == len(found)
