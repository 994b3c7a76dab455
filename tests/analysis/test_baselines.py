"""The sentence about the trivial baseline."""

from __future__ import annotations

import numpy as np
from pandas import DataFrame
from scipy.stats import entropy

from core.analysis.baselines import of_counts, sentence

CLASSES = DataFrame({"baseline_test_loss": [2.3, 2.3], "baseline_test_accuracy": [0.1, 0.1], "baseline_test_r2": np.nan})


def test_the_scores_on_the_test_part_are_told():
    expected = "Always predicting the most frequent class (for the loss: the classes' shares) reaches: test loss 2.3, test accuracy 0.1."
    assert sentence(CLASSES) == expected


def test_of_several_data_sets_the_lowest_and_the_highest_are_told():
    assert "test accuracy 0.1 to 0.5" in sentence(CLASSES.assign(baseline_test_accuracy=[0.5, 0.1]))


def test_a_regression_has_its_targets_spread_beside_it():
    runs = DataFrame({"baseline_val_rmse": [71.44], "baseline_test_rmse": [np.nan], "target_std": [78.9]})
    said = sentence(runs)
    assert said.startswith("Always predicting the training targets' mean reaches: validation RMSE 71.44."), "where there is no test part"
    assert said.endswith("The target's standard deviation in the training part is 78.9.")


def test_before_a_run_has_ended_there_is_nothing_to_say():
    assert sentence(CLASSES.assign(baseline_test_loss=np.nan, baseline_test_accuracy=np.nan)) == ""
    assert sentence(DataFrame({"run": []})) == ""


def test_without_looking_at_the_columns_the_most_frequent_class_and_the_entropy_of_the_shares_are_reached():
    found = of_counts({"cat": 20, "dog": 70, "newt": 10, "none": 0}, 100)
    assert (found.name, found.share) == ("dog", 0.7)
    assert np.isclose(found.loss, entropy([0.2, 0.7, 0.1]))
