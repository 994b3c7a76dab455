"""Which training examples an evaluation takes, and that training itself does not mind."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

import core
from core.engine.advance import advance
from core.engine.batches import measured_part, tensors_of
from core.engine.planning import plan
from core.engine.records import METRIC_COLUMNS, Records
from core.engine.stack import begin
from core.engine.stack_bytes import from_bytes, to_bytes
from core.settings import RunSettings
from tests.engine.reference import assert_same_weights, history, stacked_training
from tests.engine.test_contracts import rows_of, settings

OF_THE_TRAINING_SET = (*(name for name in METRIC_COLUMNS if name.startswith("train_") and name != "train_loss"), "dead_fraction")
SOME = {"evaluate_train": "sample", "evaluate_examples": 20}
CHANGES = [
    {},
    {"data": "diabetes"},
    {"stopping": {"kind": "patience", "patience": 1, "restore_best": True}},
    {"distillation": {"kind": "soft_targets", "teacher_epochs": 1, "teacher_hidden": [6]}},
    {"pruning": {"kind": "gradient", "sparsity": 0.5, "epochs": [1, 2], "rewind": 0}},
    {"schedule": "plateau"},
    {"model": {"normalization": "batch", "dropout": 0.3}},
    {"data": {"kind": "moons", "samples": 80}},
]


def with_measured(changes, **training):
    return settings(**changes | {"training": training | changes.get("training", {})})


@pytest.mark.parametrize("changes", CHANGES, ids=str)
@pytest.mark.parametrize("training", [SOME, {"evaluate_train": "none"}], ids=str)
def test_a_run_trains_the_same_whatever_is_measured(changes, training):
    run, less = with_measured(changes), with_measured(changes, **training)
    models, records = stacked_training([run])
    others, fewer = stacked_training([less])
    assert_same_weights(models[run.key], others[less.key], 0.0)
    untouched = [
        {name: value for name, value in row.items() if name not in (*OF_THE_TRAINING_SET, "run")} for row in rows_of(records, "history")
    ]
    ours = [{name: value for name, value in row.items() if name not in (*OF_THE_TRAINING_SET, "run")} for row in rows_of(fewer, "history")]
    assert repr(ours) == repr(untouched)


def test_a_sample_is_measured_as_the_plain_network_would_on_those_examples():
    run = settings(training=SOME)
    models, records = stacked_training([run])
    part = measured_part(begin([run]))
    assert len(part) == 20
    with torch.no_grad():
        outputs = models[run.key](part.x_ND)
    last = history(records, run)[-1]
    assert last["train_loss_eval"] == pytest.approx(nn.functional.cross_entropy(outputs, part.y_N).item(), abs=1e-10)
    assert last["train_accuracy"] == pytest.approx((outputs.argmax(1) == part.y_N).double().mean().item())
    seen = []
    hidden = dict(models[run.key].named_modules())["hidden1.activation"]
    hidden.register_forward_hook(lambda module, inputs, output: seen.append(output))
    models[run.key](part.x_ND)
    row = next(row for row in records.layers if row["layer"] == "hidden1" and row["step"] == last["step"])
    assert row["activation_mean"] == pytest.approx(seen[0].mean().item(), abs=1e-10)
    assert row["dead_fraction"] == (seen[0] == 0).all(0).double().mean().item()


def test_the_sample_is_of_the_split_alone_and_different_training_examples():
    stacks = [begin([settings(training=SOME, **more)]) for more in ({}, {"seed": 7}, {"optimizer": "sgd"}, {"model": {"hidden": [4]}})]
    parts = [measured_part(stack).x_ND for stack in stacks]
    assert all(torch.equal(part, parts[0]) for part in parts)
    assert len(parts[0].unique(dim=0)) == 20
    training = tensors_of(stacks[0]).train.x_ND
    assert all((row == training).all(1).any() for row in parts[0])
    other = measured_part(begin([settings(training=SOME, data={"kind": "wine", "split_seed": 1})])).x_ND
    assert not torch.equal(other, parts[0])


def test_the_sample_is_not_taken_from_the_examples_whose_labels_are_known():
    run = settings(data="digits", training={"labelled": 0.1, "evaluate_train": "sample", "evaluate_examples": 100})
    known = tensors_of(begin([run])).train.x_ND[torch.from_numpy(core.engine.stack.labelled(run))]
    among = [(row == known).all(1).any().item() for row in measured_part(begin([run])).x_ND]
    assert 0 < np.mean(among) < 0.3


def test_a_sample_larger_than_the_training_set_is_all_of_it():
    run = settings(training={"evaluate_train": "sample", "evaluate_examples": 10_000})
    assert measured_part(begin([run])) is tensors_of(begin([run])).train


def test_with_none_what_would_be_of_the_training_set_is_nan_and_all_else_is_there():
    run = settings(training={"evaluate_train": "none"})
    _, records = stacked_training([run])
    for row in history(records, run)[1:]:
        assert all(math.isnan(row[name]) for name in OF_THE_TRAINING_SET)
        assert all(math.isfinite(row[name]) for name in ("train_loss", "val_loss", "val_accuracy", "grad_norm", "weight_norm"))
    assert all(math.isnan(row["activation_mean"]) and math.isnan(row["dead_fraction"]) for row in records.layers)
    assert {row["status"] for row in records.ended} == {"finished"}


def test_runs_that_measure_differently_train_in_stacks_of_their_own():
    runs = [settings(training=training) for training in ({}, SOME, SOME | {"evaluate_examples": 30}, {"evaluate_train": "none"})]
    assert len(plan(runs)) == 4


def test_resumed_is_uninterrupted_and_alone_is_stacked():
    runs = [settings(training=SOME, seed=seed) for seed in (0, 1)]
    models, whole = stacked_training(runs)
    stack, pieces = begin(runs), Records()
    while not stack.finished:
        stack, new = advance(from_bytes(to_bytes(stack)), 1)
        pieces.extend(new)
    assert repr(rows_of(pieces, "history")) == repr(rows_of(whole, "history"))
    assert_same_weights(stacked_training(runs[:1])[0][runs[0].key], models[runs[0].key], 1e-10)


@pytest.mark.parametrize("validation", [0.2, 0.0])
def test_a_run_of_which_nothing_is_measured_still_diverges(validation):
    optimizer = {"kind": "sgd", "lr": 1.0, "weight_decay": 10.0}  # each update multiplies the weights by -9
    data = {"kind": "wine", "validation_fraction": validation}
    run = settings(data=data, model="linear", optimizer=optimizer, training={"epochs": 2, "evaluate_train": "none"})
    rows = history(stacked_training([run])[1], run)
    assert math.isfinite(rows[-1]["train_loss"])
    assert rows[-1]["status"] == "diverged"


def test_the_size_of_a_sample_that_is_not_taken_is_no_part_of_the_key():
    keys = [settings(training=training).key for training in ({}, {"evaluate_examples": 5}, SOME, SOME | {"evaluate_examples": 5})]
    assert keys[0] == keys[1]
    assert len({*keys[1:]}) == 3
    text = settings(training=SOME).model_dump_json()
    assert RunSettings.model_validate_json(text).key == keys[2]
