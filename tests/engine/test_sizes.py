"""Sizes are told by the settings as the data, torch's loaders and torch's modules have them, for every kind of data and network."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
from torch.utils.data import DataLoader

import core
from core.choices.models import Model
from core.data.sets import Data
from core.data.tables import keep_table, tables_folder
from core.engine import sizes
from core.engine.advance import advance
from core.engine.stack import begin
from core.settings import RunSettings
from tests.data.tables import csv, frame
from tests.engine.reference import assert_same_weights, plain_torch_training, stacked_training
from tests.engine.test_contracts import every, kind_of, settings

READ_TO_TELL = {"table", "openml"}
KINDS = [kind_of(cls) for cls in get_args(get_args(Data)[0]) if kind_of(cls) not in READ_TO_TELL]


@pytest.mark.parametrize("fractions", [{}, {"validation_fraction": 0.37, "test_fraction": 0.11}, {"validation_fraction": 0.0}], ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_the_settings_of_every_data_set_tell_what_loading_finds(kind, fractions):
    data = RunSettings.model_validate({"data": {"kind": kind, **fractions}}).data
    split = core.load_data(data)
    assert data.parts == (len(split.x_train), len(split.x_val), len(split.x_test))
    assert (data.shape, data.outputs, data.targets) == (split.shape, split.outputs, split.targets)


@pytest.mark.parametrize("model", every(Model), ids=kind_of)
@pytest.mark.parametrize("kind", ["digits", "iris", "diabetes", "copy", "mnist1d"])
def test_parameters_are_those_of_the_network_on_those_data(kind, model):
    given = {"data": kind, "model": kind_of(model)}
    if kind_of(model) in ("convnet", "recurrent") and kind in ("iris", "diabetes"):
        with pytest.raises(ValueError, match=r"model\.kind"):
            RunSettings.model_validate(given)
        return
    run = RunSettings.model_validate(given)
    assert sizes.parameters(run) == sum(parameter.numel() for parameter in core.build_model(run).parameters())


def test_a_table_is_read_to_tell():
    sha256 = keep_table(csv(frame()), tables_folder(), "test.csv")
    run = settings(data={"kind": "table", "sha256": sha256, "target": "bought"}, training={"batch_size": 4})
    split = core.load_data(run.data)
    assert sizes.epoch(run).examples == len(split.x_train)
    assert sizes.sizes(run).inputs == split.x_train.shape[1]


BATCHES = [{"batch_size": size, "drop_last": drop} for size in (1, 7, 10, 53, 106, 500, "full") for drop in (False, True)]


@pytest.mark.parametrize("batches", BATCHES, ids=str)
@pytest.mark.parametrize("labelled", [1.0, 0.5, 0.01])
def test_an_epoch_has_the_updates_of_torchs_data_loader(batches, labelled):
    run = settings(training={"labelled": labelled, **batches})
    stack, found = begin([run]), sizes.epoch(run)
    examples = len(core.load_data(run.data).x_train) if stack.only_labelled is None else len(stack.only_labelled)
    size = examples if batches["batch_size"] == "full" else batches["batch_size"]
    loader = DataLoader(torch.arange(examples), batch_size=min(size, examples), drop_last=batches["drop_last"])
    assert found.examples == examples
    assert found.updates == len(loader) == stack.steps_per_epoch
    assert found.draws == sum(map(len, loader)) == stack.draws
    done, records = advance(stack, 1)
    assert records.history[-1]["step"] == len(loader)
    assert records.history[-1]["samples"] == found.draws
    assert done.runs


@pytest.mark.parametrize("accumulation", [1, 3])
def test_a_run_that_drops_its_last_batch_is_plain_torch_with_drop_last(accumulation):
    runs = [settings(training={"batch_size": 10, "drop_last": True, "accumulation": accumulation}, seed=seed) for seed in (0, 4)]
    assert len(core.load_data(runs[0].data).x_train) % 10
    models, _ = stacked_training(runs)
    for run in runs:
        assert_same_weights(models[run.key], plain_torch_training(run).model, 1e-10)


def test_batch_norm_trains_where_the_last_batch_would_have_one_example():
    """The default comparison of batch sizes 2 to 256: the digits' training part is odd."""
    for size in (2, 4, 16, 64, 256):
        given = {"model": {"kind": "mlp", "hidden": [4], "normalization": "batch"}, "training": {"batch_size": size, "epochs": 1}}
        kept = RunSettings.model_validate(given)
        if sizes.epoch(kept).draws % size == 1:
            with pytest.raises(core.SettingsError, match=r"training\.drop_last = true"):
                begin([kept])
        given["training"]["drop_last"] = True
        assert core.train([RunSettings.model_validate(given)]).history["status"].iloc[-1] == "finished"
