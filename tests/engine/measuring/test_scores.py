"""Scores of networks and of the trivial baseline against scikit-learn's, in the target's own unit."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn import metrics
from sklearn.dummy import DummyClassifier, DummyRegressor

import core
from core.data.tables import keep_table, tables_folder
from core.engine.measuring.scores import Activity, Scores, highest, scores
from core.engine.records import SCORES

SMALL = {"model": {"kind": "mlp", "hidden": [6]}, "training": {"epochs": 2, "dtype": "float64"}}
PARTS = {"val": ("x_val", "y_val"), "test": ("x_test", "y_test")}


def trained(data, **changes):
    """Two runs of different seeds, their result and their data."""
    runs = [core.RunSettings.model_validate(SMALL | {"data": data, "seed": seed} | changes) for seed in (0, 3)]
    return runs, core.train(runs), core.load_data(runs[0].data)


def outputs(result, run, x):
    with torch.no_grad():
        return result.model(run)(torch.tensor(x)).numpy()


def of_regression(target, guess, split):
    """In the target's own unit."""
    target, guess = target * split.target_unit + split.target_mean, guess * split.target_unit + split.target_mean
    return {
        "rmse": metrics.root_mean_squared_error(target, guess),
        "mae": metrics.mean_absolute_error(target, guess),
        "r2": metrics.r2_score(target, guess),
    }


def of_classes(target, guess):
    return {"accuracy": metrics.accuracy_score(target, guess), "f1": metrics.f1_score(target, guess, average="macro")}


def test_every_score_is_held_against_scikit_learn():
    """A score that is added has to be added to one of the two functions above, too."""
    split = core.load_data(core.RunSettings.model_validate({"data": "diabetes"}).data)
    numbers = np.arange(6.0)
    references = {*of_regression(numbers, numbers, split), *of_classes(numbers.astype(int), numbers.astype(int))}
    assert references | {"loss"} == set(SCORES)


def measured(result, run, part):
    """The part's scores of a run as it ended: validation from its history, test from its row."""
    frame = result.history if part == "val" else result.runs
    row = frame[frame["run"] == run.key].iloc[-1]
    return {name: row[f"{part}_{name}"] for name in SCORES}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("scale", ["standard", "none"])
def test_errors_of_a_regression_are_in_the_targets_unit_as_scikit_learn_has_them(part, scale):
    runs, result, split = trained({"kind": "diabetes", "scale": scale})
    for run in runs:
        x, y = (getattr(split, name) for name in PARTS[part])
        expected = of_regression(y, outputs(result, run, x)[:, 0], split)
        found = measured(result, run, part)
        assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-9)
        assert math.isnan(found["f1"])
    assert result.runs["target_std"].unique().tolist() == [pytest.approx(split.target_std)]
    assert 60 < split.target_std < 90, "diabetes progression spreads by some 77"


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("data", [{"kind": "iris"}, {"kind": "imbalanced", "samples": 200}], ids=lambda data: data["kind"])
def test_accuracy_and_f1_are_scikit_learns(part, data):
    runs, result, split = trained(data)
    for run in runs:
        x, y = (getattr(split, name) for name in PARTS[part])
        expected = of_classes(y, outputs(result, run, x).argmax(1))
        found = measured(result, run, part)
        assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-9)
        assert math.isnan(found["rmse"])


def test_the_same_table_in_dollars_and_in_thousands_has_errors_a_thousand_times_apart():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"rooms": rng.uniform(1, 8, 80), "age": rng.uniform(0, 90, 80)})
    table["price"] = 1e5 + 4e4 * table["rooms"] - 500 * table["age"] + rng.normal(0, 1e4, 80)
    by_unit = []
    for unit in (1.0, 1000.0):
        sha256 = keep_table(table.assign(price=table["price"] / unit).to_csv(index=False).encode(), tables_folder(), "prices.csv")
        _, result, _ = trained({"kind": "table", "sha256": sha256, "target": "price"})
        by_unit.append(result.summary("val_rmse").iloc[0])
    dollars, thousands = by_unit
    for name in ("mean", "best", "test_rmse", "test_mae", "target_std", "baseline", "baseline_test_rmse"):
        assert dollars[name] == pytest.approx(1000 * thousands[name], rel=1e-9), name
    assert dollars["test_loss"] == pytest.approx(thousands["test_loss"], rel=1e-9), "in units of the training target's variance"
    assert 1e4 < dollars["target_std"] < 1e6


@pytest.mark.parametrize("value", [0.1, 1 / 3, 7.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_r2_of_a_constant_target_is_nan(value, dtype):
    guess = torch.tensor([[[1.0], [2.0], [4.0]]], dtype=dtype)
    found = scores(guess, torch.full((3,), value, dtype=dtype), "regression")
    assert found.r2.isnan().all()
    assert found.rmse.isfinite().all()


def test_the_scores_are_those_that_are_recorded():
    assert tuple(field.name for field in dataclasses.fields(Scores)) == SCORES


@pytest.mark.parametrize("data", [
    {"kind": "iris"}, {"kind": "imbalanced", "samples": 300}, {"kind": "digits", "label_noise": 0.3}, {"kind": "diabetes"},
    {"kind": "diabetes", "label_noise": 0.5}, {"kind": "diabetes", "scale": "none"},
], ids=str)  # fmt: skip
def test_the_baseline_is_scikit_learns_dummy(data):
    _, result, split = trained(data)
    regression = split.class_names is None
    dummy = (DummyRegressor() if regression else DummyClassifier(strategy="prior")).fit(split.x_train, split.y_train)
    for part, (x, y) in PARTS.items():
        features, target = getattr(split, x), getattr(split, y)
        guess = dummy.predict(features)
        if regression:
            expected = of_regression(target, guess, split) | {"loss": metrics.mean_squared_error(target, guess)}
        else:
            loss = metrics.log_loss(target, dummy.predict_proba(features), labels=range(split.outputs))
            expected = of_classes(target, guess) | {"loss": loss}
        for _, row in result.runs.iterrows():
            assert {name: row[f"baseline_{part}_{name}"] for name in expected} == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_without_validation_and_test_data_there_is_no_baseline():
    _, result, _ = trained({"kind": "iris", "validation_fraction": 0, "test_fraction": 0})
    assert result.runs.filter(like="baseline_").isna().all(axis=None)
    assert math.isnan(result.summary("train_loss_eval")["baseline"].iloc[0])


def test_each_position_of_a_sequence_counts_in_the_baseline():
    _, result, split = trained({"kind": "copy", "samples": 100, "symbols": 3, "length": 4, "delay": 2}, model="recurrent")
    most = np.bincount(split.y_train.ravel()).argmax()
    assert result.runs["baseline_test_accuracy"].tolist() == [pytest.approx((split.y_test == most).mean())] * 2


@pytest.mark.parametrize("classes", [2, 7, 300])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_class_of_the_highest_output_is_the_first_of_equals(classes, dtype):
    outputs_RNC = torch.randint(-2, 3, (3, 50, classes), generator=torch.Generator().manual_seed(classes)).to(dtype)
    outputs_RNC[0, 0] = -torch.inf
    outputs_RNC[1, 2, 1] = torch.inf
    expected = [[row.tolist().index(max(row.tolist())) for row in of_run] for of_run in outputs_RNC]
    assert highest(outputs_RNC).tolist() == expected
    assert highest(outputs_RNC.mT.contiguous().mT).tolist() == expected, "the same for examples in columns"


def test_a_class_is_given_even_where_an_output_is_no_number():
    outputs_RNC = torch.full((1, 2, 3), torch.nan)
    assert 0 <= int(highest(outputs_RNC).min()) <= int(highest(outputs_RNC).max()) < 3


@pytest.mark.parametrize("positions", [(), (4,), (4, 3)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_activations_are_measured_the_same_however_they_lie_in_memory(positions, dtype):
    """A unit with a spread, one that is constant, one that is dead, one whose spread float32 squares to nothing."""
    a_RBH = torch.randn(2, 10, 4, *positions, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    a_RBH[:, :, 1], a_RBH[:, :, 2] = 5.0, 0.0
    a_RBH[:, :, 3] *= 1e-24
    a_RBH = a_RBH.to(dtype)
    as_columns = a_RBH.movedim(1, -1).contiguous().movedim(-1, 1)
    steps_first = a_RBH.movedim(1, 2).movedim(-1, 0).contiguous().movedim(0, -1).movedim(2, 1)
    values_RHN = a_RBH.double().movedim(1, -1).flatten(2)
    mean_R = values_RHN.mean((1, 2))
    std_R = values_RHN.var(2, correction=0).mean(1).sqrt()
    close = 1e-5 if dtype == torch.float32 else 1e-12
    for laid_out in (a_RBH, as_columns, steps_first):
        activity = Activity()
        for chunk in laid_out.split(6, dim=1):
            activity.add("layer", chunk)
        assert activity.mean("layer").tolist() == pytest.approx(mean_R.tolist(), rel=close)
        assert activity.std("layer").tolist() == pytest.approx(std_R.tolist(), rel=close)
        assert activity.dead("layer").tolist() == [[False, False, True, False]] * 2
        small_RH = activity.squares_RH["layer"][:, 3] / activity.count["layer"]
        expected = (values_RHN[:, 3] - values_RHN[:, 3, :1]).square().mean(1)
        assert small_RH.tolist() == pytest.approx(expected.tolist(), rel=1e-5, abs=0)
