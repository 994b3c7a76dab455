"""What predictions come to, against scikit-learn on the very networks that made them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn import metrics

import core
from core.analysis import predictions
from core.engine.measuring.predictions import MOST, Predictions, kept_examples

SEEDS = (0, 3, 4)


def runs_of(data, **changes):
    given = {"data": data, "model": {"kind": "mlp", "hidden": [5]}, "training": {"epochs": 2}} | changes
    return [core.RunSettings.model_validate(given | {"seed": seed}) for seed in SEEDS]


@pytest.fixture(scope="module", params=["breast_cancer", "iris"])
def classified(request):
    runs = runs_of(request.param)
    result = core.train(runs)
    return runs, result, result.predictions(), core.load_data(runs[0].data)


def probabilities(result, run, x):
    with torch.no_grad():
        return result.model(run)(torch.tensor(x, dtype=torch.float32)).double().softmax(1).numpy()


def test_the_predictions_are_those_of_the_networks(classified):
    runs, result, frame, split = classified
    for run in runs:
        mine, expected = frame[frame["run"] == run.key], probabilities(result, run, split.x_test)
        columns = [f"probability_{name}" for name in split.class_names]
        assert mine[columns].to_numpy() == pytest.approx(expected, abs=1e-6)
        assert list(mine["target"]) == [split.class_names[label] for label in split.y_test]
        assert list(mine["predicted"]) == [split.class_names[label] for label in expected.argmax(1)]
        row = result.runs[result.runs["run"] == run.key].iloc[0]
        assert (mine["target"] == mine["predicted"]).mean() == pytest.approx(row["test_accuracy"])
        assert set(mine["part"]) == {"test"}
        assert set(mine["size"]) == {len(split.y_test)}


def test_the_confusion_matrix_is_scikit_learns_averaged_over_seeds(classified):
    _, _, frame, split = classified
    table = predictions.confusion(frame)
    names = list(split.class_names)
    assert predictions.classes(frame) == names
    each = [metrics.confusion_matrix(run["target"], run["predicted"], labels=names) for _, run in frame.groupby("seed")]
    counts = table.pivot(index="true", columns="predicted", values="count").loc[names, names]
    assert counts.to_numpy() == pytest.approx(np.mean(each, axis=0))
    shares = table.pivot(index="true", columns="predicted", values="share").loc[names, names]
    assert shares.to_numpy() == pytest.approx(np.sum(each, axis=0) / np.sum(each, axis=(0, 2))[:, None])
    assert set(table["seeds"]) == {len(SEEDS)}


def test_areas_are_scikit_learns_one_class_against_the_rest(classified):
    _, _, frame, split = classified
    for name in split.class_names:
        found = predictions.areas(frame, name).set_index("seed")
        for seed, run in frame.groupby("seed"):
            hit, score = run["target"] == name, run[f"probability_{name}"]
            assert found.loc[seed, "roc_auc"] == pytest.approx(metrics.roc_auc_score(hit, score), abs=1e-12)
            assert found.loc[seed, "average_precision"] == pytest.approx(metrics.average_precision_score(hit, score), abs=1e-12)
        by_variant = predictions.areas_by_variant(predictions.areas(frame, name))
        assert by_variant["roc_auc"].tolist() == [pytest.approx(found["roc_auc"].mean())]
        assert by_variant["n"].tolist() == [len(SEEDS)]


def test_curves_are_scikit_learns_read_at_the_same_places_and_averaged(classified):
    _, _, frame, split = classified
    name = split.class_names[0]
    rates, precisions = [], []
    for _, run in frame.groupby("seed"):
        hit, score = run["target"] == name, run[f"probability_{name}"]
        false, true, _ = metrics.roc_curve(hit, score, drop_intermediate=False)
        rates.append(
            [true[false <= place].max() if (false == place).any() else np.interp(place, false, true) for place in predictions.GRID]
        )
        precision, recall, _ = metrics.precision_recall_curve(hit, score)
        precisions.append([_at_recall(precision[:-1], recall[:-1], place) for place in predictions.GRID])
    for found, expected in ((predictions.roc(frame, name), rates), (predictions.precision_recall(frame, name), precisions)):
        assert found["mean"].to_numpy() == pytest.approx(np.mean(expected, axis=0), abs=1e-9)
        assert set(found["n"]) == {len(SEEDS)}
        assert (found["low"] <= found["mean"] + 1e-12).all()
        assert found[["low", "high"]].stack().between(0, 1).all()


def _at_rate(false, true, place):
    """Where the curve goes straight up, its upper end."""
    return true[false == place].max() if (false == place).any() else np.interp(place, false, true)


def _at_recall(precision, recall, place):
    """The precision of the highest threshold that reaches a recall; scikit-learn has the lowest threshold first."""
    reached = np.flatnonzero(recall >= place - 1e-12)
    return precision[reached[-1]]


def test_one_seed_has_curves_without_a_band():
    frame = core.train(runs_of("breast_cancer")[:1]).predictions()
    name = predictions.classes(frame)[0]
    assert predictions.roc(frame, name)[["low", "high"]].isna().all(axis=None)
    assert predictions.roc(frame, name)["mean"].notna().all()


def test_a_class_that_no_example_has_has_no_curve():
    frame = pd.DataFrame({"variant": "A", "seed": 0, "example": range(3), "target": "a", "predicted": "a"})
    frame = frame.assign(probability_a=[0.9, 0.8, 0.7], probability_b=[0.1, 0.2, 0.3])
    for name in ("a", "b"):
        assert predictions.roc(frame, name).empty
        assert predictions.precision_recall(frame, name).empty
        assert predictions.areas(frame, name)[["roc_auc", "average_precision"]].isna().all(axis=None)
    assert predictions.confusion(frame).set_index(["true", "predicted"]).loc[("b", "a"), "count"] == 0


@pytest.mark.parametrize("scale", ["standard", "none"])
def test_a_regression_is_predicted_in_the_targets_own_unit(scale):
    runs = runs_of({"kind": "diabetes", "scale": scale})
    result = core.train(runs)
    frame, split = result.predictions(), core.load_data(runs[0].data)
    assert set(split.target_unit * split.y_test + split.target_mean) == set(frame["target"])
    assert frame["target"].head(20).to_numpy() == pytest.approx(np.round(frame["target"].head(20)), abs=1e-9), "scores of progression"
    for run in runs:
        mine, row = frame[frame["run"] == run.key], result.runs[result.runs["run"] == run.key].iloc[0]
        assert metrics.root_mean_squared_error(mine["target"], mine["predicted"]) == pytest.approx(row["test_rmse"], rel=1e-5)
    table = predictions.against_true(frame)
    by_example = frame.groupby("example")["predicted"].agg(["mean", "min", "max"])
    assert table.set_index("example")[["mean", "low", "high"]].to_numpy() == pytest.approx(by_example.to_numpy())
    assert set(table["n"]) == {len(SEEDS)}


def test_without_a_test_part_the_validation_part_is_kept_and_without_both_nothing():
    frame = core.train(runs_of({"kind": "iris", "test_fraction": 0})).predictions()
    assert set(frame["part"]) == {"validation"}
    assert core.train(runs_of({"kind": "iris", "test_fraction": 0, "validation_fraction": 0})).predictions().empty


def test_each_position_of_a_sequence_counts_as_an_example():
    data = {"kind": "copy", "samples": 100, "symbols": 3, "length": 4, "delay": 2}
    runs = runs_of(data, model="recurrent")
    result = core.train(runs)
    frame, split = result.predictions(), core.load_data(runs[0].data)
    mine = frame[frame["run"] == runs[0].key]
    assert list(mine["target"].astype(int)) == split.y_test.ravel().tolist()
    row = result.runs[result.runs["run"] == runs[0].key].iloc[0]
    assert (mine["target"] == mine["predicted"]).mean() == pytest.approx(row["test_accuracy"])


def test_of_large_parts_the_same_examples_are_kept_of_every_run():
    runs = runs_of({"kind": "moons", "samples": 60_000}, training={"epochs": 1, "batch_size": 1000})
    frame = core.train(runs[:2]).predictions()
    kept = [list(run["example"]) for _, run in frame.groupby("run")]
    assert len(kept[0]) * 2 == MOST, "two classes"
    assert kept[0] == kept[1]
    assert kept[0] == sorted(set(kept[0]))
    assert set(frame["size"]) == {12_000}
    split = core.load_data(runs[0].data)
    assert frame["target"].head(len(kept[0])).astype(int).tolist() == split.y_test[kept[0]].tolist()


def test_what_is_kept_comes_back_and_the_same_gives_the_same_bytes():
    held = Predictions("test", 3, np.arange(2, dtype=np.int32), np.array([1, 0], np.int16), np.eye(2, dtype=np.float32), ("ä", "=b"))
    again = Predictions.from_bytes(held.to_bytes())
    assert (again.part, again.size, again.class_names) == ("test", 3, ("ä", "=b"))
    assert again.output.tolist() == [[1, 0], [0, 1]]
    assert held.to_bytes() == again.to_bytes()
    assert kept_examples(10, MOST, 0).tolist() == [int(kept_examples(10, MOST, 0)[0])], "one at least"


def test_a_run_that_diverged_has_none():
    runs = runs_of("diabetes", optimizer={"kind": "sgd", "lr": 1000.0})
    result = core.train(runs)
    assert set(result.runs["status"]) == {"diverged"}
    assert result.predictions().empty
