"""The sentences of pages: on made-up results whose lesson is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pandas import DataFrame, Series
from scipy import stats

from core.analysis import lessons

SEEDS = pd.Index(range(5), name="seed")


def seeds(mean: float, spread: float = 0.004) -> Series:
    """Five values with exactly this mean."""
    return Series(mean + spread * np.array([-2, -1, 0, 1, 2]), index=SEEDS)


def test_shares_are_whole_per_cents_unless_two_would_look_alike():
    assert lessons.amounts("val_accuracy", 0.923, 0.42) == ["92 %", "42 %"]
    assert lessons.amounts("val_accuracy", 0.923, 0.918) == ["92.3 %", "91.8 %"]
    assert lessons.amounts("val_accuracy", 0.5, 0.5) == ["50 %", "50 %"]
    assert lessons.amounts("val_loss", 0.43219, 151.2) == ["0.432", "151"]


@pytest.mark.parametrize(
    ("ratio", "said"),
    [
        (0.0, "nothing"),
        (float("nan"), "nothing"),
        (1 / 640, "1/640"),
        (1 / 351_557, "1/350,000"),
        (0.71, "71 %"),
        (1.2, "120 %"),
        (12.3, "12 times"),
        (1e-9, "1e-09"),
    ],
)
def test_a_ratio_is_said_as_people_say_it(ratio, said):
    assert lessons.portion(ratio) == said


def test_the_small_type_has_the_paired_interval():
    first, second = seeds(0.92, 0.003), seeds(0.60, 0.01)
    low, high = stats.ttest_rel(first, second).confidence_interval()
    assert lessons.certainty(first, second, "val_accuracy") == (
        f"Difference +32.0 points, 95 % interval +{100 * low:.1f} to +{100 * high:.1f}, paired over 5 seeds."
    )


def test_a_certain_difference_that_nobody_would_mind_is_called_too_small():
    assert "too small to matter" in lessons.certainty(seeds(0.925, 0.004), seeds(0.920, 0.0039), "val_accuracy")
    assert "too small to matter" not in lessons.certainty(seeds(0.935, 0.004), seeds(0.920, 0.0039), "val_accuracy")
    assert "too small to matter" in lessons.certainty(seeds(1.04, 0.004), seeds(1.0, 0.0039), "val_loss")


def test_what_cannot_be_told_apart_is_not_said_to_differ():
    other = Series([0.91, 0.93, 0.92, 0.90, 0.94], index=SEEDS)
    assert "cannot be told apart" in lessons.certainty(seeds(0.921), other, "val_accuracy")
    assert lessons.certainty(seeds(0.9)[:1], other[:1], "val_accuracy") == "With one seed there is no interval."


def test_the_gradient_that_reaches_the_first_layer():
    ends = DataFrame({"variant": ["relu", "sigmoid", "tanh"], "ratio": [0.71, 1 / 640, 0.3]})
    values = {"relu": seeds(0.95), "sigmoid": seeds(0.37), "tanh": seeds(0.9)}
    found = lessons.through_depth(ends, values, "val_accuracy")
    assert found.said == (
        "With sigmoid, 1/640 of the last layer's gradient reaches the first layer; with relu, 71 %. "
        "They reach a final validation accuracy of 37 % and 95 %."
    )
    assert found.small.startswith("Difference −58.0 points")


def test_networks_through_which_the_gradient_comes_alike_have_no_such_lesson():
    ends = DataFrame({"variant": ["a", "b"], "ratio": [0.71, 0.712]})
    assert lessons.through_depth(ends, {"a": seeds(0.9), "b": seeds(0.9)}, "val_accuracy") is None
    assert lessons.through_depth(ends, {"a": seeds(0.9)}, "val_accuracy") is None


def test_small_and_large_batches_in_equal_epochs():
    values = {"16": seeds(0.92), "256": seeds(0.42), "64": seeds(0.8)}
    found = lessons.in_equal_epochs(values, "val_accuracy", {"16": 16, "64": 64, "256": 256}, {"16": 340, "64": 85, "256": 25}, 5)
    assert found.said == (
        "After 5 epochs, batches of 16 reach a validation accuracy of 92 % with 340 updates, and batches of 256 reach 42 % with 25."
    )
    assert lessons.in_equal_epochs(values, "val_accuracy", {"16": 16}, {"16": 340}, 5) is None


def test_what_stopping_saves():
    values = {"no rule": seeds(0.72), "patience": seeds(0.82), "threshold": seeds(0.6)}
    epochs = {"no rule": 40.0, "patience": 13.2, "threshold": 3.0}
    found = lessons.stopped_in_time(values, "test_accuracy", epochs, "no rule", ["patience", "threshold"])
    assert found.said == "patience keeps the weights of epoch 13 instead of epoch 40: the test accuracy is 82 % instead of 72 %."
    assert lessons.stopped_in_time(values, "test_accuracy", epochs, "no rule", []) is None


def test_what_is_left_of_a_network_that_was_cut():
    values = {"magnitude": seeds(0.95), "random": seeds(0.28), "dense": seeds(0.96)}
    dense = {"magnitude": "dense", "random": "dense"}
    found = lessons.cut_to(values, "val_accuracy", 0.8, ["random", "magnitude"], dense)
    assert (
        found.said
        == "With 80 % of the weights pruned, magnitude reaches a validation accuracy of 95 % and random 28 %; without pruning it is 96 %."
    )
    alone = lessons.cut_to(values, "val_accuracy", 0.8, ["magnitude"], dense)
    assert alone.said == "With 80 % of the weights pruned, magnitude reaches a validation accuracy of 95 %; without pruning it is 96 %."
    assert alone.small.startswith("Difference −1.0 points")


def test_how_much_of_the_gap_to_the_teacher_is_closed():
    values = {"taught": seeds(0.85), "alone": seeds(0.70), "teacher": seeds(0.95)}
    found = lessons.gap_closed(values, "val_accuracy", "taught", "alone", "teacher")
    assert found.said == (
        "With a teacher, the small network reaches a validation accuracy of 85 %, alone 70 %; the teacher has 95 %. "
        "The student closes 60 % of the gap."
    )
    assert found.small.startswith("taught against alone: difference +15.0 points")


def test_no_share_of_a_gap_is_given_where_there_is_none():
    worse = lessons.gap_closed({"t": seeds(0.85), "a": seeds(0.95), "T": seeds(0.9)}, "val_accuracy", "t", "a", "T")
    assert "gap" not in worse.said
    beyond = lessons.gap_closed({"t": seeds(0.99), "a": seeds(0.8), "T": seeds(0.9)}, "val_accuracy", "t", "a", "T")
    assert "gap" not in beyond.said
    assert lessons.gap_closed({"t": seeds(0.9), "a": seeds(0.8)}, "val_accuracy", "t", "a", "T") is None


def places(**curves: dict[float, float]) -> DataFrame:
    rows = [
        (curve, place, seed, value)
        for curve, at in curves.items()
        for place, mean in at.items()
        for seed, value in seeds(mean, 0.002 * (1 + len(curve))).items()
    ]
    return DataFrame(rows, columns=["curve", "place", "seed", "value"])


def test_the_place_at_which_all_are_compared_decides_who_wins():
    values = places(sgd={0.01: 1.17, 0.1: 0.3, 0.3: 0.28}, rmsprop={0.01: 0.18, 0.1: 0.31, 0.3: 151.0})
    found = lessons.one_place_decides(values, "val_loss", "learning rate")
    assert found.said == (
        "The same learning rate for all decides which is better: at 0.01, rmsprop beats sgd, 0.18 to 1.17; "
        "at 0.3, sgd beats rmsprop, 0.28 to 151."
    )


def test_one_that_is_ahead_everywhere_leaves_nothing_to_the_place():
    values = places(sgd={0.01: 1.2, 0.1: 0.5}, adam={0.01: 0.3, 0.1: 0.2})
    assert lessons.one_place_decides(values, "val_loss", "learning rate") is None


def test_a_reversal_that_nobody_would_mind_is_none():
    values = places(sgd={0.01: 1.2, 0.1: 0.2}, adam={0.01: 0.3, 0.1: 0.201})
    assert lessons.one_place_decides(values, "val_loss", "learning rate") is None


def test_who_regularizes_and_who_sets_weights_to_zero():
    values = {"none": seeds(0.72), "L1, proximal": seeds(0.85), "L2": seeds(0.80)}
    found = lessons.zeros_and_score(
        values, "val_accuracy", {"none": 0.0, "L1, proximal": 0.55, "L2": 0.0}, dict.fromkeys(["L1, proximal", "L2"], "none")
    )
    assert found.said == (
        "With “L1, proximal”, the validation accuracy is 85 %; with “none”, it is 72 %. "
        "“L1, proximal” sets 55 of 100 weights to exactly 0; the others set none."
    )
    assert lessons.zeros_and_score(values, "val_accuracy", {}, {}) is None


def test_who_regularizes_is_held_against_the_same_network_without():
    values = {"sgd": seeds(0.9), "sgd, L1": seeds(0.91), "adam": seeds(0.6), "adam, L1": seeds(0.95)}
    found = lessons.zeros_and_score(values, "val_accuracy", {}, {"sgd, L1": "sgd", "adam, L1": "adam"})
    assert found.said == "With “adam, L1”, the validation accuracy is 95 %; with adam, it is 60 %."
