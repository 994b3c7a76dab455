"""Sequences whose examples have several positions to be classified: the copy task, against plain torch; and the adding problem."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score
from torch import nn

import core
from core.engine.batches import Subset
from core.engine.measuring.scores import losses, scores
from core.engine.streams import epoch_order
from core.settings import SettingsError
from tests.engine.reference import assert_same_weights, history, stacked_training
from tests.engine.test_contracts import settings

SYMBOLS, LENGTH = 4, 3
COPY = {"kind": "copy", "samples": 67, "symbols": SYMBOLS, "length": LENGTH, "delay": 2}


def copying(**changes):
    """A small run on the copy task: 8 steps of 6 features, 40 training examples in batches of 11, 3 positions of 4 classes."""
    return settings(data=COPY, optimizer={"kind": "sgd", "lr": 0.2, "momentum": 0.9}, **changes)


def as_images(outputs, positions):
    """Logits (N, K * C) as torch's cross_entropy wants them: (N, C, K)."""
    return outputs.view(len(outputs), positions, -1).transpose(1, 2)


def plain_copying(run):
    """The network after plain training, and the mean loss of each epoch."""
    split = core.load_data(run.data)
    model = core.build_model(run)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9)
    x, y = torch.tensor(split.x_train), torch.tensor(split.y_train)
    means = []
    for epoch in range(run.training.epochs):
        total = 0.0
        for batch in torch.from_numpy(epoch_order(run, epoch, len(x))).split(11):
            loss = nn.functional.cross_entropy(as_images(model(x[batch]), LENGTH), y[batch])
            total += loss.item() * len(batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        means.append(total / len(x))
    return model, means


def test_a_stack_learns_to_copy_as_plain_torch_would():
    runs = [copying(seed=seed) for seed in (0, 3, 4)]
    models, records = stacked_training(runs)
    for run in runs:
        model, means = plain_copying(run)
        assert_same_weights(models[run.key], model, 1e-10)
        np.testing.assert_allclose([row["train_loss"] for row in history(records, run)[1:]], means, atol=1e-10)


def test_the_networks_outputs_are_the_classes_of_each_position():
    run = copying()
    split = core.load_data(run.data)
    assert (split.outputs, split.targets) == (SYMBOLS, LENGTH)
    assert core.build_model(run).output.out_features == SYMBOLS * LENGTH


def test_what_is_recorded_are_scikit_learns_scores_over_all_positions():
    run = copying()
    models, records = stacked_training([run, run.model_copy(update={"seed": 2})])
    split = core.load_data(run.data)
    with torch.no_grad():
        logits = models[run.key](torch.tensor(split.x_val))
    guess, target = logits.view(-1, SYMBOLS).argmax(1).numpy(), split.y_val.ravel()
    row = history(records, run)[-1]
    assert row["val_accuracy"] == pytest.approx(accuracy_score(target, guess))
    assert row["val_f1"] == pytest.approx(f1_score(target, guess, average="macro"))
    loss = nn.functional.cross_entropy(as_images(logits, LENGTH), torch.tensor(split.y_val)).item()
    assert row["val_loss"] == pytest.approx(loss, abs=1e-12)


def test_the_loss_of_an_example_is_the_mean_over_its_positions():
    outputs, target = torch.randn(2, 5, LENGTH * SYMBOLS, dtype=torch.float64), torch.randint(SYMBOLS, (2, 5, LENGTH))
    ours = losses(outputs, target, "classification")
    for run in range(2):
        theirs = nn.functional.cross_entropy(as_images(outputs[run], LENGTH), target[run], reduction="none").mean(1)
        torch.testing.assert_close(ours[run], theirs)


def test_one_position_scores_as_no_positions_do():
    outputs, target = torch.randn(3, 31, 5, dtype=torch.float64), torch.randint(5, (31,))
    plain, one = scores(outputs, target, "classification"), scores(outputs, target[:, None], "classification")
    for name in ("loss", "accuracy", "f1"):
        torch.testing.assert_close(getattr(plain, name), getattr(one, name))


def test_a_batch_takes_the_targets_of_its_own_examples():
    x, y = torch.arange(14.0).view(7, 2), torch.arange(21).view(7, 3)
    index = torch.tensor([[6, 0, 2, 2], [1, 5, 0, 3]])
    batch_x, batch_y = Subset(x, y).take(index)
    assert torch.equal(batch_x, x[index])
    assert torch.equal(batch_y, y[index])
    assert torch.equal(Subset(x, y[:, 0]).take(index)[1], y[:, 0][index])


def test_alone_equals_stacked():
    runs = [copying(seed=seed) for seed in (0, 5)]
    together, _ = stacked_training(runs)
    alone, _ = stacked_training(runs[1:])
    assert_same_weights(alone[runs[1].key], together[runs[1].key], 1e-12)


def test_a_teachers_soft_targets_are_refused_where_an_example_has_several_positions():
    run = copying(distillation={"kind": "soft_targets", "teacher_hidden": [4], "teacher_epochs": 1})
    with pytest.raises(SettingsError, match=r"distillation\.kind: soft_targets needs one class an example, and copy has 3"):
        core.train([run])


def test_always_saying_one_is_recorded_as_a_sixth_on_the_adding_problem():
    """The untrained network says 0 to everything with a bias of 1 put in: the recorded loss must be the known baseline."""
    data = {"kind": "adding", "samples": 4000, "steps": 4}
    run = settings(data=data, model="linear", training={"epochs": 1, "batch_size": 500})
    start = {name: torch.zeros_like(value) for name, value in core.build_model(run).state_dict().items()}
    start["output.bias"] += 1
    _, records = stacked_training([run], initial=[start])
    assert history(records, run)[0]["train_loss_eval"] == pytest.approx(1 / 6, abs=0.01)
    assert history(records, run)[0]["train_r2"] == pytest.approx(0, abs=0.01)
