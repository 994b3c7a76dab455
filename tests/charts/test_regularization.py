"""The charts of the pages of regularization and early stopping."""

from __future__ import annotations

import json

import numpy as np
import pytest
import vl_convert
from pandas import DataFrame

from core.analysis.shown import generalisation
from core.charts import early_stopping, regularization
from core.charts.results import pairs
from tests.charts.frames import NAMES, history

STOPS = DataFrame({"rule": ["patience"], "epoch": [4.0], "value": [0.7], "kept_epoch": [2.0], "kept": [0.5]})
WEIGHTS = DataFrame({"strength": [0.1, 1.0] * 2, "feature": ["x1"] * 2 + ["x2"] * 2, "weight": [1.0, 0.5, 0.1, 0.0], "truth": 1.0}).assign(
    informative=[True, True, False, False]
)
LINES = DataFrame({"kind": ["ball", "ball", "contour", "contour", "path", "path"], "line": 0, "place": [0, 1] * 3, "w1": 0.5, "w2": 1.0})
POINTS = DataFrame({"kind": ["without penalty", "within the budget"], "w1": [1.8, 1.0], "w2": [0.7, 0.0], "loss": [0.0, 0.7]})
SHRUNK = DataFrame({"variant": ["L1"] * 3, "before": [-1.0, 0.0, 1.0], "after": [-0.7, 0.0, 0.7]})
DIVERGED = history(seeds=3, endings={("SGD", 1): ("diverged", 4)})

CHARTS = {
    "gap": lambda: pairs.generalisation_gap(history(), variants=NAMES),
    "gap, diverged": lambda: pairs.generalisation_gap(DIVERGED, variants=NAMES, metric="val_accuracy"),
    "gap, one seed": lambda: pairs.generalisation_gap(history(seeds=1), variants=NAMES),
    "gap, nothing yet": lambda: pairs.generalisation_gap(history().iloc[:0], variants=NAMES),
    "gap, training alone": lambda: pairs.generalisation_gap(history(), variants=NAMES, metric="train_accuracy"),
    "stopping": lambda: early_stopping.stopping_points(history(["SGD"], seeds=1), STOPS, rules=["patience", "rise"]),
    "stopping, none stops": lambda: early_stopping.stopping_points(history(["SGD"], seeds=1), STOPS.iloc[:0], rules=["rise"]),
    "geometry": lambda: regularization.geometry(LINES, POINTS, title="L1"),
    "shrinkage": lambda: regularization.shrinkage(SHRUNK, variants=["L1"]),
    "paths": lambda: regularization.weight_paths(WEIGHTS, title="L1"),
    "scores": lambda: regularization.path_scores(WEIGHTS.assign(variant="L1"), variants=["L1"], column="weight", title="weights"),
}


@pytest.mark.parametrize("chart", CHARTS)
def test_it_draws_and_says_in_words_what_it_shows(chart):
    spec = CHARTS[chart]().to_dict()
    assert vl_convert.vegalite_to_svg(json.dumps(spec)).startswith("<svg")
    assert len(spec["description"]) > 40
    assert "tooltip" in json.dumps(spec["layer"] if "layer" in spec else spec["encoding"])


def test_the_gap_is_the_mean_over_seeds_of_validation_minus_training():
    table = history(seeds=4)
    last = table[table["epoch"] == table["epoch"].max()]
    found = generalisation.gap_table(table, NAMES).set_index("variant")
    for name in NAMES:
        mine = last[last["variant"] == name]
        assert found.loc[name, "gap"] == pytest.approx(np.mean(mine["val_loss"] - mine["train_loss_eval"]))
        assert found.loc[name, ["training", "validation"]].tolist() == pytest.approx(
            [mine["train_loss_eval"].mean(), mine["val_loss"].mean()]
        )
        assert found.loc[name, "seeds"] == 4


def test_a_seed_that_diverged_is_in_no_mean_and_stands_as_a_cross():
    found = generalisation.gap_table(DIVERGED, NAMES).set_index("variant")
    assert found.loc["SGD", "seeds"] == 2
    assert found.loc["SGD", "validation"] < 1
    crosses = pairs.generalisation_gap(DIVERGED, variants=NAMES).layer[-1].data
    assert crosses["value"].max() == 50
    assert crosses["place"].max() < 1
    assert '"1 diverged"' in json.dumps(pairs.generalisation_gap(DIVERGED, variants=NAMES).to_dict()).replace("\\", "")


def test_a_filled_point_stands_at_the_stop_and_an_open_one_at_the_best():
    chart = early_stopping.stopping_points(history(["SGD"], seeds=1), STOPS, rules=["patience"])
    spec = json.dumps(chart.to_dict())
    assert '"kept_epoch"' in spec
    assert "dashed: training loss" in spec
