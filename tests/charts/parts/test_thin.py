"""Thinning: few points, and the same ones while a line grows."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from pandas import DataFrame

from core.charts.parts import thin


def line(length, variant="A"):
    return DataFrame({"variant": variant, "step": np.arange(length)})


@pytest.mark.parametrize("limit", [2, 3, 60, 250])
@pytest.mark.parametrize("length", [1, 2, 3, 59, 60, 61, 250, 251, 500, 501, 1000, 4097])
def test_at_most_the_limit_is_left_with_the_first_and_the_last(length, limit):
    steps = thin.thinned(line(length), "variant", limit)["step"].tolist()
    assert len(steps) <= limit
    assert (steps[0], steps[-1]) == (0, length - 1)


@pytest.mark.parametrize("limit", [4, 5, 60, 250])
@pytest.mark.parametrize("length", [61, 250, 251, 500, 501, 1000, 4097])
def test_no_spike_is_lost_wherever_it_stands(length, limit):
    for place in range(0, length, max(length // 40, 1)):
        for spike in (1e3, -1e3):
            frame = line(length).assign(loss=np.sin(np.arange(length)))
            frame.loc[place, "loss"] = spike
            shown = thin.thinned(frame, "variant", limit, value="loss")
            assert spike in shown["loss"].to_numpy(), (place, spike)
            assert len(shown) <= limit
            assert shown["step"].is_monotonic_increasing
            assert (shown["step"].iloc[0], shown["step"].iloc[-1]) == (0, length - 1)


def test_the_extremes_of_each_line_are_its_own_and_missing_values_are_none():
    two = pd.concat([line(1000, "A").assign(loss=1.0), line(1000, "B").assign(loss=np.nan)], ignore_index=True)
    two.loc[[333, 1777], "loss"] = [7.0, 9.0]
    shown = thin.thinned(two, "variant", 60, value="loss")
    assert set(shown["loss"].dropna()) == {1.0, 7.0, 9.0}
    assert shown["variant"].value_counts().max() <= 60


def test_a_line_within_the_limit_is_left_whole():
    assert len(thin.thinned(line(250), "variant", 250)) == 250


def test_points_that_are_shown_stay_until_the_line_has_doubled():
    shown = [set(thin.thinned(line(length), "variant", 60)["step"][:-1]) for length in range(62, 119)]
    for earlier, later in itertools.pairwise(shown):
        assert earlier <= later


def test_each_line_is_thinned_by_its_own_length():
    frame = pd.concat([line(1000, "long"), line(30, "short")], ignore_index=True)
    sizes = thin.thinned(frame, "variant", 100)["variant"].value_counts()
    assert sizes["short"] == 30
    assert 50 < sizes["long"] <= 100
