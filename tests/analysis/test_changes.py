"""What curves lose between two places, against scipy's paired t test."""

from __future__ import annotations

import numpy as np
import pytest
from pandas import DataFrame
from scipy import stats

from core.analysis import changes

BATCH = {64: (0.92, 0.93, 0.91), 2: (0.70, 0.65, 0.75)}
LAYER = {64: (0.92, 0.93, 0.91), 2: (0.93, 0.92, 0.915)}


def values(**curves):
    rows = [
        {"curve": curve, "place": place, "seed": seed, "status": "finished" if np.isfinite(value) else "diverged", "value": value}
        for curve, places in curves.items()
        for place, found in places.items()
        for seed, value in enumerate(found)
    ]
    return DataFrame(rows, columns=["curve", "place", "seed", "status", "value"])


def test_a_change_is_paired_by_seed():
    found = changes.changes(values(batch=BATCH, layer=LAYER), 64, 2).set_index("curve")
    test = stats.ttest_rel(BATCH[2], BATCH[64]).confidence_interval(0.95)
    assert found.loc["batch", ["low", "high"]].tolist() == pytest.approx([test.low, test.high])
    assert found.loc["batch", ["before", "after", "mean", "n"]].tolist() == pytest.approx([0.92, 0.70, -0.22, 3])
    assert list(found.index) == ["batch", "layer"]


def test_it_is_told_in_words_with_the_direction_that_the_metric_has():
    found = changes.changes(values(batch=BATCH, layer=LAYER), 64, 2)
    said = changes.in_words(found, 64, 2, place="batch size", metric="val_accuracy")
    assert said.startswith("From batch size 64 to 2 validation accuracy gets worse for “batch” (by 0.22, 0.07 to 0.37); ")
    assert said.endswith("; no change can be told for “layer” (3 seeds)")
    assert "gets better for “batch”" in changes.in_words(found, 64, 2, place="batch size", metric="val_loss")
    alone = changes.in_words(found[1:], 64, 2, place="batch size", metric="val_loss")
    assert alone == "From batch size 64 to 2 in validation loss: no change can be told for “layer” (3 seeds)"


def test_a_seed_that_diverged_at_either_place_is_counted_and_in_no_mean():
    found = changes.changes(values(batch={64: (0.9, 0.8), 2: (0.7, np.nan)}), 64, 2).iloc[0]
    assert (found["n"], found["diverged"]) == (1, 1)
    assert found["before"] == 0.9
    assert np.isnan(found["low"])


def test_a_single_seed_tells_nothing_apart():
    found = changes.changes(values(batch={64: (0.9,), 2: (0.2,)}), 64, 2)
    assert "no change can be told for “batch” (1 seed)" in changes.in_words(found, 64, 2, place="batch size", metric="val_accuracy")


def test_without_values_at_both_places_nothing_is_said():
    found = changes.changes(values(batch={64: (0.9,)}), 64, 2)
    assert found.empty
    assert "No seed has a value" in changes.in_words(found, 64, 2, place="batch size", metric="val_accuracy")
