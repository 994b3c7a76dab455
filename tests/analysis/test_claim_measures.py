"""What claims are about, run by run, on made-up histories."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pandas import DataFrame, Series

from core.analysis import claim_measures as measures
from core.analysis.sensitivity import values as values_of

INF = np.inf


def history(metric="val_loss", **runs):
    """Runs as name_seed = losses from step 0 on, ten updates and one epoch from one evaluation to the next; None ends one as diverged."""
    rows = []
    for name, losses in runs.items():
        variant, seed = name.split("_")
        shown = [loss for loss in losses if loss is not None]
        last = "diverged" if len(shown) < len(losses) else "finished"
        for place, loss in enumerate(shown):
            status = last if place == len(shown) - 1 else "running"
            row = {"variant": variant, "seed": int(seed), "run": name, "step": 10 * place, "epoch": float(place), metric: loss}
            rows.append({**row, "status": status})
    return DataFrame(rows)


def places(**curves):
    rows = [
        {"curve": curve, "place": place, "seed": seed, "value": value}
        for curve, found in curves.items()
        for place, seeds in found.items()
        for seed, value in enumerate(seeds)
    ]
    return DataFrame(rows)


def test_a_target_that_was_missed_takes_infinitely_many_updates():
    frame = history(a_1=[3, 1, 0.5, 0.7], a_2=[3, 2, 1.5, 1.2], b_1=[0.2, 1, 1, 1], b_2=[3, np.nan, None])
    found = measures.updates_to(frame, "val_loss", 0.6)
    assert found["a"].to_dict() == {1: 20, 2: INF}
    assert found["b"].to_dict() == {1: 0, 2: INF}
    assert measures.updates_to(frame, "val_loss", 0.6, count="epoch")["a"][1] == 2
    risen = history("val_accuracy", a_1=[0.1, 0.5, 0.9])
    assert measures.updates_to(risen, "val_accuracy", 0.5)["a"][1] == 10


def test_a_run_that_blew_up_has_the_worst_value():
    frame = history(a_1=[3, 1], a_2=[3, 1e24], a_3=[3, 2, None], a_4=[3, np.nan])
    assert measures.last_values(frame, "val_loss", blown_up=1e3)["a"].to_dict() == {1: 1, 2: INF, 3: INF, 4: INF}
    assert measures.last_values(frame, "val_loss")["a"][2] == 1e24
    scores = history("val_accuracy", a_1=[0.1, 0.5], a_2=[0.1, 0.9, None])
    assert measures.last_values(scores, "val_accuracy", blown_up=0.2)["a"].to_dict() == {1: 0.5, 2: -INF}


def test_rows_may_come_in_any_order():
    frame = history(a_1=[3, 2, 1], a_2=[5, 4, 3])
    assert measures.last_values(frame[::-1], "val_loss")["a"].to_dict() == {1: 1, 2: 3}


def test_to_train_takes_an_accuracy_and_not_only_a_finite_loss():
    frame = history("train_accuracy", a_1=[0.1, 0.95], a_2=[0.1, 0.1], a_3=[0.1, 0.99, None], a_4=[0.1, 0.9])
    assert measures.trains(frame)["a"].to_dict() == {1: True, 2: False, 3: False, 4: True}
    losses = history("train_loss_eval", a_1=[3, 0.1], a_2=[3, 0.2])
    assert measures.trains(losses, 0.1, "train_loss_eval")["a"].to_dict() == {1: True, 2: False}


def test_late_measures_see_the_last_epochs_alone():
    frame = history(a_1=[9, 5, 1, 3], a_2=[9, 1, 1, 1], a_3=[9, 5, np.inf, 1], a_4=[9, 5, 4, 3, None])
    assert measures.late_mean(frame, epochs=2)["a"].to_dict() == {1: 2, 2: 1, 3: INF, 4: INF}
    spread = measures.late_spread(frame, epochs=2)["a"]
    assert spread.to_dict() == pytest.approx({1: np.std([1, 3], ddof=1), 2: 0, 3: INF, 4: INF})
    assert np.isnan(measures.late_spread(frame, epochs=1)["a"][1]), "one evaluation has no spread"


def test_a_gap_is_of_one_run_and_moment():
    frame = history(a_1=[3, 1, 0.5], b_1=[3, 2]).assign(train_loss=lambda rows: rows["val_loss"] * 2)
    assert measures.gap(frame).to_dict() == {("a", 1): -0.5, ("b", 1): -2}
    at_two = measures.gap(frame, epoch=2)
    assert at_two["a"][1] == -0.5
    assert np.isnan(at_two["b"][1]), "it was not evaluated then"


def test_the_distance_of_curves_is_the_mean_of_their_logarithms_differences():
    frame = history("train_loss_eval", a_1=[1, 2, 4], b_1=[7, 4, 1], a_2=[1, 2, 3], b_2=[1, 2, 3], a_3=[1, 2], b_3=[1, 2, None])
    found = measures.curve_distance(frame, "a", "b")
    assert found.to_dict() == pytest.approx({1: (np.log(2) + np.log(4)) / 2, 2: 0, 3: INF}), "the start does not count"


def test_a_network_that_was_taken_back_is_not_what_a_run_is_at_that_moment():
    frame = history(a_1=[3, 1, 0.5], b_1=[3, 2, 1]).assign(train_loss=lambda rows: rows["val_loss"] * 2, moment="")
    before = frame[frame["epoch"] == 2].assign(moment="before rewind", val_loss=0.001, train_loss=7.0)
    both = pd.concat([frame, before])  # in any order
    assert measures.gap(both, epoch=2).to_dict() == measures.gap(frame, epoch=2).to_dict()
    assert measures.last_values(both, "val_loss").to_dict() == measures.last_values(frame, "val_loss").to_dict()
    assert measures.curve_distance(both, "a", "b", "val_loss").to_dict() == measures.curve_distance(frame, "a", "b", "val_loss").to_dict()


def test_rates_that_train_are_counted_for_each_seed():
    without = {0.1: (True, True), 1.0: (True, False), 10.0: (False, False)}
    warmed = {0.1: (True, False), 1.0: (True, False), 10.0: (True, False)}
    trained = places(without=without, warmed=warmed).rename(columns={"value": "trained"})
    assert measures.share_of_places(trained)["without"].to_dict() == pytest.approx({0: 2 / 3, 1: 1 / 3})
    assert measures.share_of_places(trained)["warmed"].to_dict() == {0: 1, 1: 0}


def test_the_range_of_rates_is_the_stretch_around_the_best_one():
    frame = places(a={0.01: (5, 1), 0.1: (1.9, 1), 1: (1, INF), 10: (1.5, np.nan), 100: (3, 1), 1000: (1.9, 1)}, b={1: (np.nan, 2)})
    found = measures.range_width(frame)
    assert found.loc[("a", 0)].tolist() == pytest.approx([4, 0.1, 10, 2]), "1000 counts, and is no neighbour"
    assert found.loc[("a", 1)].tolist() == pytest.approx([4, 0.01, 0.1, 1])
    assert found.loc[("b", 0), "places"] == 0
    assert np.isnan(found.loc[("b", 0), "decades"])
    assert found.loc[("b", 1)].tolist() == [1, 1, 1, 0]
    assert measures.range_width(frame, factor=1.6).loc[("a", 0)].tolist() == pytest.approx([2, 1, 10, 1])


def test_the_best_rate_is_one_that_no_seed_misses():
    frame = places(a={0.1: (50, 60), 1: (1, INF), 10: (1, np.nan)}, b={0.1: (INF, INF), 1: (INF, 3), 10: (INF, 5)})
    assert measures.best_places(frame).to_dict() == {"a": 0.1, "b": 1.0}
    assert measures.at_best(frame)["a"].to_dict() == {0: 50, 1: 60}
    assert measures.at_best(frame)["b"].to_dict() == {0: INF, 1: 3}
    scores = places(a={0.1: (0.5, 0.6), 1: (0.9, 0.8), 10: (0.99, np.nan)})
    assert measures.best_places(scores, "val_accuracy")["a"] == 1
    missed = places(a={0.1: (np.nan, 0.6)})
    assert measures.at_best(missed, "val_accuracy")["a"].to_dict() == {0: -INF, 1: 0.6}


def test_values_of_a_sweep_go_in_as_they_are():
    frame = history(a_1=[3, 1], a_2=[3, 2], b_1=[3, 0.5], b_2=[3, 0.6, None])
    runs = frame.groupby("run").tail(1)[["variant", "seed", "run", "status"]]
    at = DataFrame({"variant": ["a", "b"], "curve": "SGD", "place": [0.1, 1.0]})
    assert measures.best_places(values_of(frame, runs, at)).to_dict() == {"SGD": 0.1}


def test_differences_of_differences_go_seed_by_seed():
    index = pd.Index([7, 8], name="seed")
    a, b, c, d = (Series(values, index=index) for values in ([8.0, 9], [2.0, 3], [1.0, 6], [2.0, 2]))
    assert measures.difference_of_differences((a, b), (c, d[::-1])).to_dict() == {7: 7, 8: 2}


def test_runs_that_end_at_the_same_bits_are_one_value():
    assert measures.different_values(Series([0.1 + 0.2] * 30)) == 1
    assert measures.different_values(Series([0.1 + 0.2, 0.3])) == 2
    assert measures.different_values(Series([np.nan, 1.0])) == 2, "a run without a number is not the same as one with"
