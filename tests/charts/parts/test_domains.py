"""What of the y axis is shown when a run explodes."""

from __future__ import annotations

import numpy as np
import pytest
from pandas import DataFrame

from core.analysis.shown import over_seeds
from core.charts.parts import domains
from tests.charts.frames import history


def lines(*values, run="a"):
    return DataFrame({"run": run, "value": np.array(values, dtype=float)})


FALLING = (2.3, 1.0, 0.5, 0.3, 0.2, 0.15, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1)


def test_a_spike_is_left_out_and_counted():
    found = domains.domain(lines(*FALLING, 400.0), log_y=False, focus=True)
    assert found.notes == ("1 value above the axis",)
    assert 2.3 <= found.high <= 3
    assert found.low is None


def test_the_first_values_of_ordinary_curves_are_never_left_out():
    assert domains.domain(lines(*FALLING), log_y=False, focus=True) == domains.Domain()


def test_a_plunge_is_left_out_below():
    found = domains.domain(lines(*(0.5 + 0.02 * np.arange(30)), -1e6, -2e6), log_y=False, focus=True)
    assert found.notes == ("2 values below the axis",)
    assert -1 < found.low <= 0.5


def test_without_focus_all_is_shown():
    assert domains.domain(lines(*FALLING, 400.0), log_y=False, focus=False) == domains.Domain()


def test_a_logarithmic_axis_counts_what_has_no_place_and_focuses_by_factors():
    values = (2.3, 1.0, 0.5, 0.3, 0.2, 0.15, 0.1, 0.0, -1.0, *([0.1] * 30), 1e9)
    found = domains.domain(lines(*values), log_y=True, focus=True)
    assert found.notes == ("2 values at or below 0 not drawn", "1 value above the axis")
    assert 2.3 <= found.high <= 10


@pytest.mark.parametrize("values", [(), (1.0,), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0, 5.0)])
@pytest.mark.parametrize("log_y", [False, True])
def test_few_or_equal_values_have_a_domain(values, log_y):
    found = domains.domain(lines(*values), log_y=log_y, focus=True)
    assert all(np.isfinite(end) for end in (found.low, found.high) if end is not None)


def test_a_diverging_run_among_others_is_beyond_the_axis():
    table = history(seeds=5, epochs=20, endings={("SGD", 1): ("diverged", 9)})
    found = domains.domain(over_seeds.seed_lines(table), log_y=False, focus=True)
    assert found.notes == ("1 value above the axis",)
    assert found.high < 5
