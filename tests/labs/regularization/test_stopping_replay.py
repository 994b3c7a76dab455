"""Replayed rules stop where the engine stops, and tell what it leaves."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
from torch.nn.functional import cross_entropy

from core.choices.stopping import NoStopping, Patience, Rise, Threshold, Watched
from core.data.loading import load_data
from core.labs.regularization import stopping_replay
from core.runs.compare import train
from core.settings import RunSettings

BASE = {"data": {"kind": "moons", "samples": 120, "label_noise": 0.3}, "model": {"kind": "mlp", "hidden": [32]}, "training": {"epochs": 25}}
RULES = {
    (name, metric): rule
    for metric in get_args(Watched)
    for name, rule in stopping_replay.rules(metric, patience=3, min_delta=0.005, evaluations=3, tolerance=0.02, target=0.6).items()
}


def settings(**more) -> RunSettings:
    return RunSettings.model_validate({**BASE, "optimizer": {"kind": "adam", "lr": 0.03}, **more})


@pytest.fixture(scope="module")
def history():
    return train([settings()]).history


@pytest.mark.parametrize("name", RULES, ids="-".join)
def test_a_rule_stops_a_replayed_run_where_it_stops_a_real_one(history, name):
    real = train([settings(stopping=RULES[name])]).history
    row = stopping_replay.replayed(history, {"rule": RULES[name]}).iloc[0]
    assert row["epoch"] == real["epoch"].max()
    assert row["stopped"] == (real["status"].iloc[-1] == "stopped")
    assert row["val_loss"] == pytest.approx(real["val_loss"].iloc[-1], rel=1e-4)


def test_the_best_kept_is_what_restoring_brings_back(history):
    rule = Patience(patience=4, restore_best=True)
    run = settings(stopping=rule)
    network, data = train([run]).model(run), load_data(run.data)
    loss = cross_entropy(network(torch.tensor(data.x_val, dtype=torch.float32)), torch.tensor(data.y_val)).item()
    row = stopping_replay.replayed(history, {"rule": rule}).iloc[0]
    assert row["kept_val_loss"] == pytest.approx(loss, rel=1e-4)
    assert row["kept_epoch"] < row["epoch"]


@pytest.mark.parametrize("pruning", ["none", {"kind": "magnitude", "epochs": [6], "sparsity": 0.3}], ids=["whole", "pruned"])
def test_the_history_up_to_the_weights_ends_with_those_that_the_run_ended_with(pruning):
    """Pruning makes the engine look for its best weights anew: those before are of another network."""
    run = settings(stopping=Patience(patience=4, restore_best=True), pruning=pruning)
    result, data = train([run]), load_data(run.data)
    loss = cross_entropy(result.model(run)(torch.tensor(data.x_val, dtype=torch.float32)), torch.tensor(data.y_val)).item()
    variant = str(result.history["variant"].iloc[0])
    kept = stopping_replay.up_to_the_weights(result.history, {variant: run})
    assert len(kept) < len(result.history)
    assert kept["val_loss"].iloc[-1] == pytest.approx(loss, rel=1e-4)


def test_a_run_that_restores_nothing_or_is_under_way_is_left_whole():
    run = settings(stopping=Patience(patience=4, restore_best=True))
    history = train([run]).history
    variant = str(history["variant"].iloc[0])
    assert len(stopping_replay.up_to_the_weights(history, {variant: settings(stopping=Patience(patience=4))})) == len(history)
    under_way = history.assign(status="running")
    assert len(stopping_replay.up_to_the_weights(under_way, {variant: run})) == len(history)


def rows(*losses: float) -> list[dict[str, float]]:
    return [{"val_loss": loss, "val_accuracy": 0.0, "val_f1": 0.0} for loss in losses]


@pytest.mark.parametrize(
    ("rule", "losses", "expected"),
    [
        (Patience(patience=2), (3, 2, 1, 2, 2, 2), (4, 2, True)),
        (Patience(patience=2, min_delta=0.5), (3, 2, 1.8, 1.7, 1), (3, 1, True)),
        (Patience(patience=9), (3, 2, 1, 2), (3, 2, False)),
        (Rise(evaluations=2), (3, 2, 3, 4, 5), (3, 1, True)),
        (Threshold(target=1.0), (3, 2, 1), (2, 2, False)),
        (NoStopping(), (3, 2, 1, 2), (3, 3, False)),
    ],
)
def test_by_hand(rule, losses, expected):
    """At its last evaluation a run has finished, whatever its rule says: as the engine has it."""
    assert tuple(stopping_replay.replay(rule, rows(*losses))) == expected


def test_a_value_that_is_not_a_number_is_no_gain():
    assert stopping_replay.replay(Patience(patience=2), rows(1.0, float("nan"), float("nan"), 0.5)) == (2, 0, True)


def test_nothing_measured_gives_no_rows(history):
    assert stopping_replay.replayed(history.iloc[:0], stopping_replay.rules("val_loss")).empty
