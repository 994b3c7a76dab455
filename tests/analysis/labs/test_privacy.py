"""What is recovered of training data, against scipy and cases worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from pandas import DataFrame
from scipy import stats

from core.analysis.labs import privacy

TRIES = {
    "one": DataFrame({"example": [0, 0, 1, 1], "error": [0.001, 0.001, 0.5, 0.5]}),
    "two": DataFrame({"example": [0, 1], "error": [0.2, 0.1]}),
}
AUC = {"open": [0.9, 0.8, 0.95], "closed": [0.6, 0.55, 0.5]}
ROWS = [
    (name, seed, epochs, auc + epochs / 100, 0.1, 0.9, 0.8)
    for name, each in AUC.items()
    for seed, auc in enumerate(each)
    for epochs in (1, 2)
]
ATTACKS = DataFrame(ROWS, columns=["variant", "seed", "epochs", "auc", "gap", "train_accuracy", "other_accuracy"])


def test_an_example_has_one_error_and_a_try_the_share_of_those_that_are_close():
    assert list(privacy.errors(TRIES["one"])) == [0.001, 0.5]
    assert privacy.found_shares(list(TRIES.values()), 0.15) == [0.5, 0.5]
    assert privacy.best(TRIES) == "two", "its worst example is the nearest"


def test_means_are_by_network_and_length_and_the_longest_is_labelled():
    means = privacy.means(ATTACKS)
    assert len(means) == 4
    row = means[(means["variant"] == "open") & (means["epochs"] == 2)].iloc[0]
    assert row["auc"] == pytest.approx(np.mean(AUC["open"]) + 0.02)
    assert set(privacy.longest(means)["epochs"]) == {2}
    assert privacy.longest(means.iloc[:0]).empty


def test_two_networks_are_compared_by_the_paired_interval():
    found = privacy.auc_difference(ATTACKS[ATTACKS["epochs"] == 1], "open", "closed")
    expected = stats.ttest_rel(AUC["open"], AUC["closed"]).confidence_interval()
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.n == 3
