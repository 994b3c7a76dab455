"""What titles say: names, units, and the sample that training metrics are of."""

from __future__ import annotations

import json

import numpy as np
import pytest
from pandas import DataFrame

from core.analysis import metrics
from core.analysis.shown import generalisation
from core.charts import early_stopping
from core.charts.results import curves
from core.engine.records import HISTORY_COLUMNS, LAYER_COLUMNS
from tests.charts.frames import NAMES, history


def test_within_a_sample_every_title_of_what_is_measured_on_training_data_says_so():
    with metrics.of_sample("1,000 examples"):
        said = {column: metrics.title(column, metrics.NATS) for column in (*HISTORY_COLUMNS, *LAYER_COLUMNS)}
        assert metrics.title("train_loss_eval", metrics.STANDARDISED) == "training loss (MSE / target variance, 1,000 examples)"
        assert metrics.name("train_accuracy") == "training accuracy (1,000 examples)"
    assert said["train_accuracy"] == "training accuracy (fraction, 1,000 examples)"
    assert {column for column, text in said.items() if "1,000 examples" in text} == metrics.OF_TRAINING
    assert metrics.title("train_accuracy", metrics.NATS) == "training accuracy (fraction)", "it ends with the sample"


@pytest.mark.parametrize("make", [
    lambda table: curves.loss_curves(table, variants=NAMES, metric="val_accuracy"),
    lambda table: curves.loss_curves(table, variants=NAMES, metric="train_loss_eval"),
], ids=["dashed", "itself"])  # fmt: skip
def test_a_chart_made_within_a_sample_says_it(make):
    with metrics.of_sample("1,000 examples"):
        assert "1,000 examples" in json.dumps(make(history()).to_dict())
    assert "1,000 examples" not in json.dumps(make(history()).to_dict())


def test_a_training_twin_that_is_not_measured_is_neither_drawn_nor_named():
    table = history().assign(train_loss_eval=np.nan)
    assert "dashed" not in json.dumps(curves.loss_curves(table, variants=NAMES).to_dict())
    assert generalisation.ends_by_part(table, "val_loss")[1] == ("validation",)
    stops = DataFrame({name: [] for name in ("rule", "epoch", "value", "kept_epoch", "kept")})
    one = table[table["run"] == table["run"].iloc[0]]
    assert "dashed" not in json.dumps(early_stopping.stopping_points(one, stops, rules=["patience"]).to_dict())
