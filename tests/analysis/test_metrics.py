"""The table of metrics against what the engine, the store and the stopping rules really have, found by introspection."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from pandas import DataFrame

import core
from core.analysis import metrics
from core.analysis.statistics import leading_verdict
from core.choices.base import classes
from core.choices.stopping import DIRECTIONS, Patience, Watched
from core.comparison import Comparison
from core.engine.records import HISTORY_COLUMNS, METRIC_COLUMNS, SCORES
from core.runs.store.recording import BETTER
from core.settings import RunSettings

ROOT = Path(__file__).resolve().parents[2]
TASKS = {"classification": "iris", "regression": "diabetes"}


@pytest.fixture(scope="module", params=TASKS)
def trained(request):
    """A task and a result of it."""
    base = {"data": TASKS[request.param], "model": {"kind": "mlp", "hidden": [4]}, "training": {"epochs": 1}}
    return request.param, core.train(Comparison.load({"base": base, "seeds": 2}).runs())


def numbers(frame: DataFrame) -> list[str]:
    return list(frame.select_dtypes("number").columns)


def test_every_column_of_numbers_has_a_row(trained):
    _, result = trained
    tables = {"history": result.history, "layers": result.layers, "end": result.runs, "summary": result.summary()}
    for where, frame in tables.items():
        rows = {column: metrics.find(column) for column in numbers(frame)}
        assert [column for column, row in rows.items() if row is None] == [], where
        shared = {"summary": ("summary", "end"), "layers": ("layers", "history")}
        places = shared.get(where, (where,))
        assert [column for column, row in rows.items() if not set(places) & set(row.where)] == [], f"of {where}, and said to be elsewhere"


def test_every_row_is_a_column_somewhere(trained):
    _, result = trained
    frames = (result.history, result.layers, result.runs, result.summary(), result.histograms)
    assert set(metrics.METRICS) - {name for frame in frames for name in frame.columns} == set()


def test_what_is_offered_of_a_task_is_measured_in_it_and_nothing_else_is(trained):
    task, result = trained
    offered = metrics.of_tasks({task})
    assert result.history[offered].tail(1).notna().all(axis=None), "offered without a value"
    other = set(metrics.of_tasks(metrics.BOTH)) - set(offered)
    assert result.history[list(other)].isna().all(axis=None), "measured, and not offered"
    assert metrics.tasks_of(result.history) == {task}
    assert [name for name in metrics.of_tasks({task}, validated=False) if name.startswith("val_")] == []


def test_a_training_twin_is_measured_where_its_metric_is(trained):
    task, result = trained
    for name in metrics.of_tasks({task}):
        twin = metrics.twin(name)
        assert (twin is not None) == name.startswith("val_"), name
        if twin:
            assert result.history[twin].notna().all(), twin
            assert metrics.METRICS[twin].better == metrics.METRICS[name].better
            assert metrics.METRICS[twin].unit == metrics.METRICS[name].unit


def test_the_engine_and_the_table_have_the_same_metrics():
    offered = [name for name, row in metrics.METRICS.items() if row.offered]
    assert set(offered) == set(METRIC_COLUMNS) - {"penalty"}, "a penalty has no better direction"
    assert set(METRIC_COLUMNS) <= set(HISTORY_COLUMNS)
    assert {f"test_{name}" for name in SCORES} == set(metrics.TESTS)


def test_the_best_of_a_run_is_in_the_direction_of_the_table():
    assert {name: BETTER[name] for name in METRIC_COLUMNS} == {
        name: max if metrics.higher_is_better(name) else min for name in METRIC_COLUMNS
    }
    assert metrics.higher_is_better("val_r2")
    assert not metrics.higher_is_better("val_rmse")


def test_stopping_rules_may_watch_what_the_table_says_in_its_direction():
    assert set(DIRECTIONS) == set(get_args(Watched)), "in core/choices/stopping.py one of the two lacks a metric"
    for name in get_args(Watched):
        assert metrics.METRICS[name].offered, name
        turned = Patience(metric=name).value({name: 0.5})
        assert turned == (-0.5 if metrics.higher_is_better(name) else 0.5), "rules take lower for better"


OF_STOPPING_RULES = {"core/choices/stopping.py"}
"""What rules may watch, which lies below the table, and is held equal to it above."""


def listed_metrics(file):
    """Lists and dicts written out in a file that name three metrics of runs or more, by line."""
    known = {name for name, row in metrics.METRICS.items() if row.better}
    for node in ast.walk(ast.parse(file.read_text())):
        values = node.keys if isinstance(node, ast.Dict) else getattr(node, "elts", [])
        names = {value.value for value in values if isinstance(value, ast.Constant) and isinstance(value.value, str)}
        if len(names & known) > 2:
            yield node.lineno, sorted(names & known)


def test_no_other_file_has_a_list_of_metrics_of_its_own():
    files = {str(file.relative_to(ROOT)): list(listed_metrics(file)) for file in sorted((ROOT / "core").rglob("*.py"))}
    assert {name: found for name, found in files.items() if found and name not in OF_STOPPING_RULES} == {}


def test_no_two_metrics_have_one_name():
    names = [row.name for row in metrics.METRICS.values()]
    assert len(set(names)) == len(names)


def test_parameters_are_called_parameters():
    assert metrics.heading("parameters") == "Parameters"
    assert "weights and biases" in metrics.about("parameters", metrics.NO_LOSS)


def test_losses_are_named_by_what_they_are_counted_in(trained):
    task, result = trained
    unit = metrics.loss_unit(result.history)
    assert metrics.title("val_loss", unit) == {
        "classification": "validation loss (nats)",
        "regression": "validation loss (MSE / target variance)",
    }[task]  # fmt: skip


def test_a_regression_on_targets_as_they_are_has_a_loss_in_their_squared_unit():
    run = core.RunSettings.model_validate(
        {"data": {"kind": "adding", "samples": 200, "steps": 5}, "model": "recurrent", "training": {"epochs": 1}}
    )
    assert metrics.loss_unit(core.train([run]).history) == metrics.AS_THEY_ARE


def test_losses_of_two_units_have_no_common_one():
    """Two runs on targets as they are, and one on standardised targets: the median over all rows would say one unit for all."""
    rmse, loss = [3.0, 2.0, 1.0, 2.0, 4.0, 5.0], [9.0, 4.0, 1.0, 4.0, 16.0, 1.0]
    history = DataFrame({"run": list("aaabbc"), "train_rmse": rmse, "train_loss_eval": loss, "val_rmse": 1.0})
    assert metrics.loss_units(history) == {metrics.AS_THEY_ARE, metrics.STANDARDISED}
    assert metrics.loss_unit(history) == ""
    assert metrics.title("val_loss", metrics.loss_unit(history)) == "validation loss"
    assert metrics.loss_unit(history[history["run"] != "c"]) == metrics.AS_THEY_ARE
    assert metrics.loss_unit(history[history["run"] == "c"]) == metrics.STANDARDISED


OF_NUMBERS = [cls.model_fields["kind"].default for cls in classes(RunSettings.model_fields["loss"]) if cls.task == "regression"]


@pytest.mark.parametrize("loss", OF_NUMBERS)
def test_the_unit_is_that_of_what_is_measured_not_of_what_is_minimised(loss):
    """In eval mode every regression is measured by its squared error."""
    run = {"data": {"kind": "diabetes", "scale": "none"}, "model": "linear", "loss": loss, "optimizer": {"kind": "sgd", "lr": 1e-9}}
    history = core.train([RunSettings.model_validate(run | {"training": {"epochs": 1}})]).history
    assert metrics.loss_unit(history) == metrics.AS_THEY_ARE


def test_a_verdict_says_why_an_r2_is_not_there():
    history = DataFrame({"variant": "A", "seed": [0, 1], "run": ["a", "b"], "step": 1, "epoch": 1.0, "val_r2": np.nan})
    runs = DataFrame({"variant": "A", "seed": [0, 1], "run": ["a", "b"], "status": "finished"})
    said = leading_verdict(history, runs, "val_r2")
    assert said == "No seed of any variant has a finite validation R²: it is not defined if all targets are equal"
