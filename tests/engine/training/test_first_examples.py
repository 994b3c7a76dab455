"""Training on the first examples of the shuffled training part, beside a plain PyTorch loop over just those."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

import core
from core.data.loading import DataError
from core.data.tables import keep_table, tables_folder
from core.engine import sizes
from core.engine.batches import tensors_of
from core.engine.stack import begin
from core.engine.streams import epoch_order
from core.engine.training_data import split_of
from core.settings import RunSettings, SettingsError
from tests.data.tables import csv, frame
from tests.engine.reference import assert_same_weights, history, stacked_training
from tests.engine.test_contracts import settings


def theirs(run):
    """(network, its loss on the examples) of a loop over the first of the shuffled training examples, NumPy's own shuffle."""
    split = core.load_data(run.data)
    order = np.random.default_rng([run.data.split_seed, 2]).permutation(len(split.x_train))
    chosen = sorted(order[: run.training.examples])
    x, y = torch.tensor(split.x_train[chosen]), torch.tensor(split.y_train[chosen])
    model = core.build_model(run)
    optimizer = torch.optim.Adam(model.parameters())
    for epoch in range(run.training.epochs):
        for batch in torch.from_numpy(epoch_order(run, epoch, len(x))).split(run.training.batch_size):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
            optimizer.step()
    return model, nn.functional.cross_entropy(model(x), y).item(), (y == model(x).argmax(1)).double().mean().item()


@pytest.mark.parametrize("examples", [2, 17, 32, 106])
def test_it_is_a_plain_loop_over_those_examples_which_are_what_training_loss_and_accuracy_are_of(examples):
    runs = [settings(training={"examples": examples}, seed=seed) for seed in (0, 3)]
    models, records = stacked_training(runs)
    for run in runs:
        model, loss, accuracy = theirs(run)
        assert_same_weights(models[run.key], model, 1e-10)
        last = history(records, run)[-1]
        assert last["train_loss_eval"] == pytest.approx(loss, abs=1e-10)
        assert last["train_accuracy"] == accuracy
        assert last["samples"] == 3 * examples
        assert last["step"] == 3 * math.ceil(examples / 11)


def test_the_data_of_a_run_are_those_that_it_trains_on_and_those_of_its_settings_of_the_data_are_all():
    run = settings(training={"examples": 17})
    trained_on = tensors_of(begin([run])).train
    ours = core.load_data(run)
    assert np.array_equal(ours.x_train, trained_on.x_ND)
    assert np.array_equal(ours.y_train, trained_on.y_N)
    assert len(core.load_data(run.data).x_train) > 17


def test_fewer_examples_are_among_more_and_all_are_the_training_part():
    several = [split_of(settings(training={"examples": count})) for count in (5, 40, 106)]
    rows = [{row.tobytes() for row in split.x_train} for split in several]
    assert rows[0] < rows[1] < rows[2]
    assert np.array_equal(several[-1].x_train, core.load_data(settings().data).x_train)
    for split in several:
        assert np.array_equal(split.x_val, core.load_data(settings().data).x_val)


def test_sizes_know_it_without_reading_the_data_and_with_a_table_by_reading_it():
    run = settings(training={"examples": 17, "drop_last": True})
    epoch = sizes.epoch(run)
    assert (epoch.examples, epoch.draws, epoch.updates) == (17, 11, 1)
    assert begin([run]).steps_per_epoch == 1
    sha256 = keep_table(csv(frame()), tables_folder(), "test.csv")
    table = settings(data={"kind": "table", "sha256": sha256, "target": "bought"}, training={"examples": 9, "batch_size": 4})
    assert sizes.epoch(table).updates == begin([table]).steps_per_epoch == 3


def test_a_share_of_labels_is_of_those_examples():
    run = settings(training={"examples": 20, "labelled": 0.5})
    assert sizes.epoch(run).examples == begin([run]).of_an_epoch.examples == 10
    student = settings(training={"examples": 20, "labelled": 0.5}, distillation={"kind": "soft_targets", "teacher_epochs": 2})
    assert sizes.epoch(student).examples == 20
    assert [row["status"] for row in stacked_training([student])[1].ended] == ["finished"]


def test_class_weights_and_pruning_scores_see_those_examples_alone():
    run = settings(training={"examples": 12}, loss={"kind": "focal", "class_weights": "balanced"}, pruning={"kind": "snip", "epochs": [0]})
    assert len(tensors_of(begin([run])).train) == 12
    assert [row["status"] for row in stacked_training([run])[1].ended] == ["finished"]


def test_runs_of_other_examples_train_in_stacks_of_their_own_to_the_same_numbers():
    runs = [settings(training={"examples": count}) for count in (None, 8, 30)]
    together = core.train(runs)
    for run in runs:
        assert_same_weights(together.model(run), core.train([run]).model(run), 1e-12)


def test_more_examples_than_there_are_are_refused():
    with pytest.raises(SettingsError, match=r"training\.examples: 107 of 106 training examples; lower it, or leave it empty for all"):
        settings(training={"examples": 107})
    with pytest.raises(SettingsError, match=r"training\.examples: 1: input should be greater than or equal to 2"):
        settings(training={"examples": 1})
    sha256 = keep_table(csv(frame()), tables_folder(), "test.csv")
    run = RunSettings.model_validate({"data": {"kind": "table", "sha256": sha256, "target": "bought"}, "training": {"examples": 50}})
    with pytest.raises(DataError, match=r"training\.examples is 50, and the training part has 36"):
        begin([run])
