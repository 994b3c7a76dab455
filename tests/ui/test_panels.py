"""The parts of the workbench that are not drawing: which buttons make sense, what the line over the bar says, what a grid holds."""

from __future__ import annotations

import struct
from dataclasses import replace

import numpy as np
import pytest
from pandas import DataFrame

from core.analysis import metrics
from core.comparison import Comparison
from core.engine.measuring import grids
from core.runs.store import Progress, Store
from core.ui.pages.distillation import distillation
from core.ui.pages.pruning import pruning
from core.ui.results import table, view, words
from core.ui.results.live import Reader
from core.ui.results.steering import possible
from core.ui.results.tabs import boundary
from core.ui.results.view import View
from tests.runs.helpers import comparison, settings

TWO = comparison(0.1, 0.01, seeds=3)
NEW = Progress("new", 6, 0, 0, 0.0, 18, None, "", None, True, "", 0)


@pytest.mark.parametrize(
    ("changes", "actions"),
    [
        ({}, {"run", "step"}),
        ({"state": "queued", "pending": "run"}, {"pause", "cancel"}),
        ({"state": "queued"}, {"pause", "cancel"}),
        ({"state": "running"}, {"pause", "cancel"}),
        ({"state": "running", "pending": "pause"}, {"cancel"}),
        ({"state": "running", "pending": "cancel"}, set()),
        ({"state": "paused"}, {"resume", "step", "cancel"}),
        ({"state": "paused", "pending": "step"}, {"resume", "cancel"}),
        ({"state": "cancelled"}, {"run", "step"}),
        ({"state": "failed"}, {"run", "step"}),
        ({"state": "finished", "runs_done": 6}, set()),
        ({"state": "new", "runs_done": 6}, set()),
    ],
)
def test_only_what_makes_sense_can_be_clicked(changes, actions):
    assert possible(replace(NEW, **changes)) == actions


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "6 runs, none stored yet, about 1 s to train"),
        ({"runs_done": 2}, "6 runs, 2 stored, about 1 s to train"),
        ({"state": "queued", "pending": "run"}, "6 runs, starting · epoch 0 of 3"),
        ({"state": "queued"}, "6 runs, waiting its turn · epoch 0 of 3"),
        ({"state": "running", "epochs_done": 11.0, "seconds_left": 3.2}, "6 runs · epoch 1 of 3 · 4 s left"),
        ({"state": "running", "epochs_done": 11.0, "runs_diverged": 2}, "6 runs · epoch 1 of 3 · 2 diverged"),
        ({"state": "running", "pending": "pause"}, "6 runs, pausing · epoch 0 of 3"),
        ({"state": "paused", "epochs_done": 12.0}, "6 runs, paused · epoch 2 of 3"),
        ({"state": "cancelled", "epochs_done": 9.0}, "6 runs · stopped at epoch 1 of 3 · Run continues from there, about 1 s"),
        ({"state": "cancelled", "runs_done": 1, "runs_diverged": 1}, "6 runs, 1 stored, about 1 s to train · 1 diverged"),
        ({"state": "finished", "runs_done": 6}, "All 6 runs stored"),
        ({"state": "finished", "runs_done": 6, "runs_diverged": 2}, "All 6 runs stored · 2 diverged"),
    ],
)
def test_the_line_over_the_bar_says_how_far_it_is(tmp_path, changes, line):
    results = Reader(Store(f"sqlite:///{tmp_path / 'tandem.db'}"), TWO).latest()
    assert words.standing(replace(results, progress=replace(NEW, **changes))) == line


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.0, "1 s"), (0.2, "1 s"), (3.1, "4 s"), (89, "89 s"), (91, "2 min"), (3600, "60 min"), (9000, "2.5 h")]
)
def test_an_estimate_is_rounded_as_it_deserves(seconds, said):
    assert words.duration(seconds) == said


def test_a_table_calls_its_columns_what_the_table_of_metrics_does():
    every = [*metrics.METRICS, "variant", "half", "curve"]
    columns = table._columns("Validation F1", View("val_f1"), DataFrame(columns=every), metrics.NATS)
    assert list(columns) == every
    assert columns["parameters"]["label"] == "Parameters"
    assert columns["mean"]["label"] == "Validation F1"
    assert columns["test_r2"]["label"] == "Test R²"
    assert "not defined if all targets are equal" in columns["test_r2"]["help"]


@pytest.mark.parametrize("page", [pruning, distillation])
def test_the_tables_of_pages_have_the_test_scores_of_every_task(page):
    assert set(metrics.TESTS) <= set(page._of_quality("val_loss", metrics.NATS))


def test_what_may_be_lost_of_an_error_in_the_targets_unit_is_a_share_of_the_targets_spread_in_the_variants_own_data():
    runs = DataFrame({"variant": ["a", "a", "b"], "target_std": [50.0, 50.0, 4.0]})
    points = DataFrame({"name": ["a", "b"]})
    small, rmse = (pruning._tolerance(points, runs, metric) for metric in ("val_accuracy", "val_rmse"))
    assert list(rmse / small) == pytest.approx([50, 4])


def test_a_grid_is_read_as_the_engine_wrote_it():
    side = grids.SIDE
    assert side == boundary.SIDE
    classes = np.arange(side * side, dtype=np.float32).reshape(side, side)  # rows from low y to high y
    confidences = classes / 10_000
    frame = boundary.decoded(struct.pack("<4f", -1, 3, 10, 12) + classes.tobytes() + confidences.tobytes())
    assert frame.iloc[0].to_dict() == pytest.approx({"x": -1, "y": 10, "class": 0, "confidence": 0})
    assert frame.iloc[side - 1].to_dict() == pytest.approx({"x": 3, "y": 10, "class": side - 1, "confidence": (side - 1) / 10_000})
    assert frame.iloc[-1].to_dict() == pytest.approx({"x": 3, "y": 12, "class": side * side - 1, "confidence": (side * side - 1) / 10_000})


OF_SAMPLES = [
    ({}, ""),
    ({"evaluate_train": "none"}, ""),
    ({"evaluate_train": "sample", "evaluate_examples": 20}, "20 examples"),
    ({"evaluate_train": "sample", "evaluate_examples": 36}, ""),  # that is all of them
]


@pytest.mark.parametrize(("training", "said"), OF_SAMPLES, ids=str)
def test_a_sample_of_the_training_data_is_said_with_what_is_measured_on_it(tmp_path, training, said):
    asked = comparison(0.1, training={"epochs": 3, "batch_size": 16} | training)
    results = Reader(Store(f"sqlite:///{tmp_path / 'tandem.db'}"), asked).latest()
    assert words.sample(results) == said
    assert view.named(results, "train_accuracy") == f"Training accuracy{f' ({said})' * bool(said)}"
    assert view.named(results, "val_accuracy") == "Validation accuracy"
    assert ("train_accuracy" in view.metrics(results)) == (training.get("evaluate_train") != "none")


def test_samples_that_vary_are_all_said(tmp_path):
    sizes = [{"evaluate_train": "all"}, {"evaluate_train": "sample", "evaluate_examples": 20}, {"evaluate_train": "none"}]
    variants = [{"name": str(place), **{f"training.{name}": value for name, value in size.items()}} for place, size in enumerate(sizes)]
    asked = Comparison.load({"base": settings().model_dump(), "variants": variants, "seeds": 1})
    assert words.sample(Reader(Store(f"sqlite:///{tmp_path / 'tandem.db'}"), asked).latest()) == "20 examples or all"
