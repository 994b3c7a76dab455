"""The histogram of a table's target."""

from __future__ import annotations

import numpy as np

from core.analysis.shown import binning
from core.charts.results import targets


def test_every_finite_value_is_in_one_bin_and_nothing_else():
    values = np.concatenate([np.random.default_rng(0).normal(size=200), [np.nan, np.inf]])
    drawn = targets.histogram(values, title="price")
    counts, edges = np.histogram(values[:200], bins=binning.TARGET_BINS)
    assert list(drawn.data["rows"]) == list(counts)
    assert np.allclose(drawn.data["left"], edges[:-1])
    assert drawn.data["rows"].sum() == 200
    drawn.to_dict()  # checked against Vega-Lite's schema


def test_a_target_of_one_value_has_a_picture():
    assert targets.histogram(np.full(5, 3.0), title="price").data["rows"].sum() == 5
