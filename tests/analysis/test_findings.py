"""The sentences of pages: on made-up results whose lesson is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pandas import DataFrame, Series
from scipy import stats

from core.analysis import findings

SEEDS = pd.Index(range(5), name="seed")


def seeds(mean: float, spread: float = 0.004) -> Series:
    """Five values with exactly this mean."""
    return Series(mean + spread * np.array([-2, -1, 0, 1, 2]), index=SEEDS)


def test_shares_are_whole_per_cents_unless_two_would_look_alike():
    assert findings.amounts("val_accuracy", 0.923, 0.42) == ["92 %", "42 %"]
    assert findings.amounts("val_accuracy", 0.923, 0.918) == ["92.3 %", "91.8 %"]
    assert findings.amounts("val_accuracy", 0.5, 0.5) == ["50 %", "50 %"]
    assert findings.amounts("val_loss", 0.43219, 151.2) == ["0.432", "151"]


@pytest.mark.parametrize(
    ("ratio", "said"),
    [
        (0.0, "0 %"),
        (1 / 640, "1/640"),
        (1 / 351_557, "1/350,000"),
        (0.71, "71 %"),
        (1.2, "120 %"),
        (12.3, "12"),
        (6_812.0, "6,800"),
        (1e-9, "1e-09"),
    ],
)
def test_a_ratio_is_said_as_people_say_it(ratio, said):
    assert findings.portion(ratio) == said


def test_the_small_type_has_the_paired_interval():
    values = {"a": seeds(0.92, 0.003), "b": seeds(0.60, 0.01)}
    low, high = stats.ttest_rel(values["a"], values["b"]).confidence_interval()
    assert findings.certainty("a", "b", values, "val_accuracy") == (
        f"a minus b: +32.0 points, 95 % interval +{100 * low:.1f} to +{100 * high:.1f}, paired over 5 seeds."
    )


def certain(first: Series, second: Series, metric: str) -> str:
    return findings.certainty("x", "y", {"x": first, "y": second}, metric)


def test_a_certain_difference_whose_whole_interval_nobody_would_mind_is_called_too_small():
    assert "too small to matter" in certain(seeds(0.925, 0.004), seeds(0.920, 0.0039), "val_accuracy")
    assert "too small to matter" not in certain(seeds(0.935, 0.004), seeds(0.920, 0.0039), "val_accuracy")
    assert "too small to matter" in certain(seeds(1.04, 0.004), seeds(1.0, 0.0039), "val_loss")
    wide = Series([0.929, 0.921, 0.930, 0.934, 0.931], index=SEEDS)
    low, high = stats.ttest_rel(wide, seeds(0.920, 0.0)).confidence_interval()
    assert 0 < low < 0.01 < high
    assert "too small" not in certain(wide, seeds(0.920, 0.0), "val_accuracy")


def test_what_cannot_be_told_apart_is_not_said_to_differ():
    other = Series([0.91, 0.93, 0.92, 0.90, 0.94], index=SEEDS)
    assert "cannot be told apart; about" in certain(seeds(0.921), other, "val_accuracy")
    assert certain(seeds(0.9)[:1], other[:1], "val_accuracy") == "With one common seed there is no interval."


def test_variants_with_a_seed_that_diverged_are_not_among_the_means():
    values = {"whole": seeds(0.9), "lucky": seeds(0.99).where(SEEDS > 1)}
    assert list(findings.complete(values)) == ["whole"]


def test_the_gradient_that_reaches_the_first_layer():
    ends = DataFrame({"variant": ["relu", "sigmoid", "tanh"], "ratio": [0.71, 1 / 640, 0.3]})
    values = {"relu": seeds(0.95), "sigmoid": seeds(0.37), "tanh": seeds(0.9)}
    found = findings.through_depth(ends, values, "val_accuracy")
    assert found.said == (
        "Before training, the first hidden layer's gradient over the last one's is 1/640 with sigmoid and 71 % with relu. "
        "They end at a validation accuracy of 37 % and 95 %."
    )
    assert found.small.startswith("sigmoid minus relu: −58.0 points")


def test_a_network_without_hidden_layers_has_no_gradient_to_compare():
    ends = DataFrame({"variant": ["relu", "linear", "tanh"], "ratio": [0.71, float("nan"), 0.3]})
    found = findings.through_depth(ends, {name: seeds(0.9) for name in ends["variant"]}, "val_accuracy")
    assert "linear" not in found.said


def test_networks_through_which_the_gradient_comes_alike_have_no_such_sentence():
    ends = DataFrame({"variant": ["a", "b"], "ratio": [0.71, 0.712]})
    assert findings.through_depth(ends, {"a": seeds(0.9), "b": seeds(0.9)}, "val_accuracy") is None
    assert findings.through_depth(ends, {"a": seeds(0.9)}, "val_accuracy") is None


def test_small_and_large_batches_in_equal_epochs():
    values = {"16": seeds(0.92), "256": seeds(0.42), "64": seeds(0.8)}
    found = findings.in_equal_epochs(values, "val_accuracy", {"16": 16, "64": 64, "256": 256}, {"16": 340, "64": 85, "256": 25}, 5)
    assert found.said == (
        "After 5 epochs, batches of 16 reach a validation accuracy of 92 % with 340 updates, and batches of 256 reach 42 % with 25."
    )
    assert findings.in_equal_epochs(values, "val_accuracy", {"16": 16}, {"16": 340}, 5) is None


def test_what_stopping_saves():
    values = {"no rule": seeds(0.72), "patience": seeds(0.82), "threshold": seeds(0.6)}
    epochs = {"no rule": 40.0, "patience": 13.2, "threshold": 3.0}
    found = findings.stopped_in_time(values, "test_accuracy", epochs, "no rule", "patience")
    assert found.said == "patience keeps the weights of epoch 13 instead of those of epoch 40: test accuracy 82 % instead of 72 %."
    assert findings.stopped_in_time(values, "test_accuracy", epochs, "no rule", "another") is None


def test_what_is_left_of_a_network_that_was_cut():
    values = {"magnitude": seeds(0.95), "random": seeds(0.28), "dense": seeds(0.96)}
    dense = {"magnitude": "dense", "random": "dense"}
    found = findings.cut_to(values, "val_accuracy", 0.8, ["random", "magnitude"], dense)
    assert found.said == (
        "With 80 % of the weights cut, magnitude reaches a validation accuracy of 95 %, random 28 %; without pruning it is 96 %."
    )
    assert found.small.endswith("It is the best of 2, picked on the same data, which flatters it a little.")
    alone = findings.cut_to(values, "val_accuracy", 0.8, ["magnitude"], dense)
    assert alone.said == "With 80 % of the weights cut, magnitude reaches a validation accuracy of 95 %; without pruning it is 96 %."
    assert alone.small.startswith("magnitude minus dense: −1.0 points")


def test_networks_of_two_kinds_are_not_cut_in_one_sentence():
    values = {"a": seeds(0.9), "b": seeds(0.8), "dense a": seeds(0.95), "dense b": seeds(0.85)}
    assert findings.cut_to(values, "val_accuracy", 0.8, ["a", "b"], {"a": "dense a", "b": "dense b"}) is None


def test_how_much_of_the_gap_to_the_teacher_is_closed():
    values = {"taught": seeds(0.85), "alone": seeds(0.70), "teacher": seeds(0.95)}
    found = findings.gap_closed(values, "val_accuracy", "taught", "alone", "teacher")
    assert found.said == (
        "A taught student reaches a validation accuracy of 85 %, alone 70 %; its teacher reaches 95 %: 60 % of the gap is closed."
    )
    assert found.small.startswith("taught minus alone: +15.0 points")


def test_no_share_of_a_gap_is_given_where_there_is_none():
    worse = findings.gap_closed({"t": seeds(0.85), "a": seeds(0.95), "T": seeds(0.9)}, "val_accuracy", "t", "a", "T")
    assert "gap" not in worse.said
    beyond = findings.gap_closed({"t": seeds(0.99), "a": seeds(0.8), "T": seeds(0.9)}, "val_accuracy", "t", "a", "T")
    assert "gap" not in beyond.said
    assert findings.gap_closed({"t": seeds(0.9), "a": seeds(0.8)}, "val_accuracy", "t", "a", "T") is None


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
    found = findings.one_place_decides(values, "val_loss", "learning rate")
    assert found.said == (
        "A single learning rate for all decides which one wins: at 0.01, rmsprop beats sgd, 0.18 to 1.17; "
        "at 0.3, sgd beats rmsprop, 0.28 to 151."
    )


def test_one_that_is_ahead_everywhere_leaves_nothing_to_the_place():
    values = places(sgd={0.01: 1.2, 0.1: 0.5}, adam={0.01: 0.3, 0.1: 0.2})
    assert findings.one_place_decides(values, "val_loss", "learning rate") is None


def test_a_reversal_that_nobody_would_mind_is_none():
    values = places(sgd={0.01: 1.2, 0.1: 0.2}, adam={0.01: 0.3, 0.1: 0.201})
    assert findings.one_place_decides(values, "val_loss", "learning rate") is None


def test_who_regularizes_and_who_sets_weights_to_zero():
    values = {"none": seeds(0.72), "L1, proximal": seeds(0.85), "L2": seeds(0.80)}
    found = findings.zeros_and_score(
        values, "val_accuracy", {"none": 0.0, "L1, proximal": 0.55, "L2": 0.0}, dict.fromkeys(["L1, proximal", "L2"], "none")
    )
    assert found.said == (
        "With “L1, proximal”, the validation accuracy is 85 %; with “none”, it is 72 %. "
        "“L1, proximal” sets 55 of 100 weights to exactly 0; the others set none."
    )
    assert findings.zeros_and_score(values, "val_accuracy", {}, {}) is None


def test_who_regularizes_is_held_against_the_same_network_without():
    values = {"sgd": seeds(0.9), "sgd, L1": seeds(0.91), "adam": seeds(0.6), "adam, L1": seeds(0.95)}
    found = findings.zeros_and_score(values, "val_accuracy", {}, {"sgd, L1": "sgd", "adam, L1": "adam"})
    assert found.said == "With “adam, L1”, the validation accuracy is 95 %; with adam, it is 60 %."
