"""Curves over a number among the settings, and what a range test says."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from pandas import DataFrame
from scipy import stats

from core.analysis import range_test, sensitivity

RATES = (0.01, 0.1, 1.0)


def stored(ends: dict[tuple[str, float], list[float]], start: float = 2.3):
    """History, runs and places of two evaluations a run, the last at the given loss; NaN: the seed diverged."""
    rows, runs, places = [], [], []
    for (curve, place), losses in ends.items():
        variant = f"{curve}, lr={place}"
        places.append((variant, curve, place))
        for seed, loss in enumerate(losses):
            run, status = f"{variant}-{seed}", "diverged" if math.isnan(loss) else "finished"
            rows += [(variant, seed, run, 0, "running", start), (variant, seed, run, 9, status, loss)]
            runs.append((variant, seed, run, status))
    history = DataFrame(rows, columns=["variant", "seed", "run", "step", "status", "val_loss"])
    return history, DataFrame(runs, columns=["variant", "seed", "run", "status"]), DataFrame(places, columns=["variant", "curve", "place"])


def test_a_point_is_the_mean_of_the_seeds_that_did_not_diverge():
    history, runs, places = stored({("sgd", 0.1): [0.2, 0.4, 0.9, math.nan, 5.0]})
    found = sensitivity.points(sensitivity.values(history, runs, places)).iloc[0]
    assert (found["n"], found["diverged"], found["worse"]) == (5, 1, 1)
    ended = [0.2, 0.4, 0.9, 5.0]
    assert (found["mean"], found["low"], found["high"]) == pytest.approx(
        (np.mean(ended), *stats.t.interval(0.95, 3, np.mean(ended), stats.sem(ended)))
    )


@pytest.mark.parametrize(
    ("losses", "place", "edge"), [((0.1, 0.2, 0.3), 0.01, "lowest"), ((0.3, 0.1, 0.2), 0.1, ""), ((3, 2, 1), 1, "highest")]
)
def test_the_best_place_says_when_it_is_at_the_edge(losses, place, edge):
    history, runs, places = stored({("sgd", rate): [loss] * 2 for rate, loss in zip(RATES, losses, strict=True)})
    found = sensitivity.best(sensitivity.points(sensitivity.values(history, runs, places)))
    assert found[["curve", "place", "edge"]].to_numpy().tolist() == [["sgd", place, edge]]


def test_the_mean_of_the_lucky_ones_is_not_the_best():
    history, runs, places = stored({("sgd", 0.01): [0.5] * 4, ("sgd", 0.1): [0.4] * 4, ("sgd", 1.0): [0.1, 0.1, math.nan, math.nan]})
    points = sensitivity.points(sensitivity.values(history, runs, places))
    assert sensitivity.best(points)["place"].item() == 0.1
    assert sensitivity.best(points[points["place"] == 1])["place"].item() == 1, "unless there is no other"


def test_curves_stay_in_the_order_of_the_comparison_and_places_ascend():
    history, runs, places = stored({("sgd", 1.0): [1], ("sgd", 0.1): [1], ("adam", 0.1): [1]})
    found = sensitivity.points(sensitivity.values(history, runs, places))
    assert list(zip(found["curve"], found["place"], strict=True)) == [("sgd", 0.1), ("sgd", 1.0), ("adam", 0.1)]


@pytest.mark.parametrize(("worst", "end"), [(2.0, None), (1e9, 2.3 + 0.6 * 2.2)])
def test_the_picture_ends_a_little_beyond_the_untrained_network(worst, end):
    history, runs, places = stored({("sgd", 0.1): [0.1, 0.1], ("sgd", 1.0): [worst, worst]})
    points = sensitivity.points(sensitivity.values(history, runs, places))
    assert sensitivity.limit(points, sensitivity.untrained(history)) == (None if end is None else pytest.approx(end))


def test_a_run_is_held_against_itself_before_training():
    history, runs, places = stored({("easy", 0.1): [1.2, 0.5], ("hard", 0.1): [1.2, 0.5]})
    history.loc[(history["step"] == 0) & history["variant"].str.startswith("easy"), "val_loss"] = 1.0
    values = sensitivity.values(history, runs, places)
    assert dict(sensitivity.starts(values)) == {"easy": 1.0, "hard": 2.3}
    assert list(sensitivity.points(values)["worse"]) == [1, 0]


def test_curves_that_begin_alike_have_one_start():
    history, runs, places = stored({("sgd", 0.1): [1, 2], ("adam", 0.1): [3]})
    history.loc[(history["step"] == 0) & (history["seed"] == 1), "val_loss"] = 2.5
    assert dict(sensitivity.starts(sensitivity.values(history, runs, places))) == {"": 2.3}
    assert sensitivity.starts(sensitivity.values(history[history["step"] > 0], runs, places)).empty


def test_the_rows_at_chosen_places_stand_for_their_curves():
    history, runs, places = stored({("sgd", 0.1): [1, 2], ("sgd", 1.0): [3, 4], ("adam", 0.1): [5, 6]})
    values = sensitivity.values(history, runs, places)
    found = sensitivity.at_place(values, runs, DataFrame({"curve": ["sgd", "adam"], "place": [1.0, 0.1]}))
    assert list(zip(found["variant"], found["run"].str[:-2], strict=True)) == [("sgd", "sgd, lr=1.0")] * 2 + [("adam", "adam, lr=0.1")] * 2


def test_nothing_stored_is_no_points():
    history, runs, places = stored({("sgd", 0.1): [1]})
    points = sensitivity.points(sensitivity.values(history.iloc[:0], runs, places))
    assert points.empty
    assert sensitivity.best(points).empty
    assert sensitivity.limit(points, math.nan) is None


def ramp(seeds: int = 2) -> DataFrame:
    """A loss that falls along a cosine with its steepest at 10^-2, is lowest at 10^-1 and explodes after."""
    x = np.linspace(-3, 1, 81)
    loss = np.where(x < -1, 1 + np.cos((x + 3) / 2 * np.pi), 10.0 ** (3 * (x + 1)) - 1)
    frame = DataFrame({"step": np.arange(1, 82), "lr": 10**x, "train_loss_eval": loss})
    return pd.concat([frame.assign(variant="sgd", seed=seed) for seed in range(seeds)], ignore_index=True)


def test_a_range_test_is_read_at_its_steepest_its_lowest_and_its_end():
    found = range_test.readings(range_test.curve(ramp())).iloc[0]
    assert math.log10(found["steepest"]) == pytest.approx(-2, abs=0.11)
    assert math.log10(found["lowest"]) == pytest.approx(-1, abs=0.06)
    assert found["tenth"] == pytest.approx(found["lowest"] / 10)
    assert math.log10(found["blown_up"]) == pytest.approx(math.log10(4) / 3 - 1, abs=0.06)
    assert found["n"] == 2


def test_a_loss_that_only_rises_has_no_steepest_fall():
    frame = ramp().assign(train_loss_eval=lambda rows: rows["lr"])
    assert math.isnan(range_test.readings(range_test.curve(frame))["steepest"].item())


def test_the_mean_ends_where_half_of_the_seeds_have_no_value():
    frame = ramp(seeds=2)
    frame.loc[(frame["seed"] == 1) & (frame["step"] > 40), "train_loss_eval"] = np.nan
    assert range_test.curve(frame)["step"].max() == 40


def test_no_measurements_give_no_readings():
    assert range_test.readings(range_test.curve(ramp().iloc[:0])).empty


def test_the_lowest_seed_of_a_place_and_the_share_that_failed_there():
    seeds = DataFrame({"curve": ["a", "a", "a", "b"], "place": [1.0, 1.0, 2.0, 1.0], "value": [3.0, 2.0, 5.0, 4.0]})
    assert list(sensitivity.lowest(seeds).itertuples(index=False, name=None)) == [("a", 1.0, 2.0), ("a", 2.0, 5.0), ("b", 1.0, 4.0)]
    assert list(sensitivity.failed(DataFrame({"n": [4, 2], "diverged": [1, 0], "worse": [2, 0]}))) == [0.75, 0.0]
