"""The numbers behind the curves, against scipy and against cases worked by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from core.analysis.shown import over_seeds
from core.charts.parts import bands
from tests.charts.frames import history


def test_means_and_bands_are_scipys_t_intervals_over_seeds():
    table = history(seeds=4)
    found = over_seeds.band(table).set_index(["variant", "step"])
    for key, values in table.groupby(["variant", "step"])["val_loss"]:
        low, high = stats.t.interval(0.95, 3, values.mean(), stats.sem(values))
        assert found.loc[key, ["mean", "low", "high"]].tolist() == pytest.approx([values.mean(), low, high])
        assert found.loc[key, "n"] == 4
    assert len(found) == 2 * 7


def test_one_seed_has_a_mean_and_no_band():
    found = over_seeds.band(history(seeds=1))
    assert found["mean"].notna().all()
    assert found[["low", "high"]].isna().all(axis=None)
    assert (found["n"] == 1).all()


def test_the_order_of_the_rows_of_different_runs_does_not_matter():
    table = history(["SGD", "Adam", "AdamW"])
    by_step = table.sort_values(["step", "seed"], kind="stable")
    pd.testing.assert_frame_equal(over_seeds.band(by_step), over_seeds.band(table))


def test_a_run_that_stopped_early_stays_in_the_mean_with_its_last_value():
    table = history(["A"], seeds=2, endings={("A", 1): ("stopped", 3)})
    found = over_seeds.band(table).set_index("epoch")
    last = table[(table["seed"] == 1) & (table["epoch"] == 3)]["val_loss"].item()
    other = table[(table["seed"] == 0) & (table["epoch"] == 5)]["val_loss"].item()
    assert found.loc[5, "mean"] == pytest.approx((last + other) / 2)
    assert found["n"].tolist() == [2] * 7
    assert found["carried"].tolist() == [0, 0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize("ending", ["diverged", "cancelled", "running"])
def test_other_runs_that_end_are_not_carried_on(ending):
    table = history(["A"], seeds=2, endings={("A", 1): (ending, 3)})
    found = over_seeds.band(table)
    assert found["n"].tolist() == [2, 2, 2, 1 if ending == "diverged" else 2, 1, 1, 1]
    assert found["carried"].sum() == 0
    assert np.isfinite(found["mean"]).all()


def test_on_the_axis_of_seconds_a_point_stands_at_the_mean_time_and_never_runs_backwards():
    table = history(["A"], seeds=3, endings={("A", 2): ("stopped", 3)})  # seed 2 is the slowest
    found = over_seeds.band(table, x="seconds")
    assert found["seconds"].tolist()[:4] == pytest.approx([0, 0.2, 0.4, 0.6])
    assert found["seconds"].is_monotonic_increasing


@pytest.mark.parametrize("x", ["epoch", "step", "samples", "seconds"])
def test_every_axis_is_a_column_once(x):
    found = over_seeds.band(history(), x=x)
    assert list(found.columns).count(x) == 1
    assert found["step"].nunique() == 7


def test_crosses_stand_at_the_last_finite_value_and_circles_where_runs_stopped():
    table = history(["A", "B"], endings={("A", 1): ("diverged", 4), ("B", 0): ("stopped", 2)})
    found = over_seeds.endings(table).set_index("variant")
    assert found["ending"].to_dict() == {"A": "diverged", "B": "stopped early"}
    assert found.loc["A", ["seed", "epoch", "value"]].tolist() == [1, 3, 50]
    assert found.loc["B", ["seed", "epoch"]].tolist() == [0, 2]


def test_labels_count_seeds_and_divergences():
    table = history(["A", "B"], endings={("A", 1): ("diverged", 4)})
    assert bands.labels(table, ["B", "A", "C"]) == ["B (n=3)", "A (n=3, 1 diverged)", "C (no data yet)"]


def test_on_a_logarithmic_axis_a_band_ends_at_the_lowest_seed_of_its_own_moment():
    table = history(["A"], seeds=3).assign(val_loss=lambda rows: 10.0 ** -rows["epoch"] * (1 + 4 * rows["seed"]))
    found = over_seeds.band(table)
    assert (found["low"] < 0).all()  # the interval of the mean of 1, 5 and 9 of anything
    drawn = bands.on_the_axis(found, table["val_loss"], log=True)
    assert drawn["low"].to_numpy() == pytest.approx(table.groupby("epoch")["val_loss"].min().to_numpy())
    linear = bands.on_the_axis(found, table["val_loss"])
    assert linear["low"].to_numpy() == pytest.approx(table["val_loss"].min())


def test_on_a_logarithmic_axis_an_interval_above_the_lowest_seed_is_left_as_it_is():
    table = history(["A"], seeds=30)
    found = over_seeds.band(table)
    drawn = bands.on_the_axis(found, table["val_loss"], log=True)
    assert (found["low"] > found["lowest"]).all()
    pd.testing.assert_series_equal(drawn["low"], found["low"])


def test_nothing_measured_is_an_empty_band():
    table = history()
    assert over_seeds.band(table.iloc[:0]).empty
    assert over_seeds.band(table.assign(val_loss=np.nan)).empty
    assert over_seeds.endings(table.iloc[:0]).empty


def test_a_diverged_seed_with_a_finite_last_value_is_not_in_the_mean_of_that_evaluation():
    table = history(["A"], endings={("A", 1): ("diverged", 4)})
    last = (table["seed"] == 1) & (table["status"] == "diverged")
    table.loc[last, "val_loss"] = 1e23
    found = over_seeds.band(table, "val_loss")
    assert found["mean"].max() < 1e3
    assert found.loc[found["step"] == table.loc[last, "step"].item(), "n"].item() == 2


def test_medians_leave_out_what_diverged():
    values = pd.DataFrame({"variant": ["A", "A", "A", "B"], "value": [1.0, 3.0, 99.0, 7.0], "ending": ["", "", "diverged", ""]})
    assert over_seeds.medians(values).to_dict("records") == [
        {"variant": "A", "median": 2.0, "n": 2},
        {"variant": "B", "median": 7.0, "n": 1},
    ]
    frame = pd.DataFrame({"variant": "A", "depth": [1, 1, 1, 2], "seed": [0, 1, 2, 0], "norm": [1.0, 5.0, 2.0, 8.0]})
    assert list(over_seeds.seed_medians(frame, ["variant", "depth"])["norm"]) == [2.0, 8.0]


def test_the_last_steps_are_those_of_the_run_that_is_furthest():
    frame = pd.DataFrame({"variant": ["A", "A", "B"], "run": ["a0", "a1", "b0"], "step": [4, 7, 3]})
    assert over_seeds.last_steps(frame) == {"A": 7, "B": 3}
