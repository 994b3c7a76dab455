"""Both modes of a network, against torch by hand; running averages, against torch and the closed form."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from core.data.loading import load_data
from core.engine.network.networks import build_model
from core.engine.network.state_dicts import to_bytes
from core.labs.networks import norm_modes
from core.settings import RunSettings
from tests.engine.kinds import NEEDS, kinds


def run(norm="batch", size=4, **model):
    settings = {"data": {"kind": "iris"}, "training": {"batch_size": size, "dtype": "float64"}}
    return RunSettings.model_validate(settings | {"model": {"kind": "mlp", "hidden": [6], "normalization": norm, **model}})


@pytest.mark.parametrize("kind", [kind for _, kind in kinds("model.normalization") if kind != "batch"])
def test_every_norm_but_batch_norm_is_exactly_the_same_in_both_modes(kind):
    norm = {"kind": kind} | NEEDS.get(("model.normalization", kind), {})
    found = norm_modes.compare_modes(run(norm, dropout=0.5), warm_up=3)
    assert found.largest == 0
    assert found.disagree == 0


def test_batch_norm_in_train_mode_is_the_batchs_own_statistics_by_hand():
    settings, state = run(size=64), build_model(run(size=64)).state_dict()
    state["hidden1.normalization.running_mean"] += 0.3
    found = norm_modes.compare_modes(settings, to_bytes(state))
    x = load_data(settings.data).x_train
    order = np.random.default_rng(settings.seed).permutation(len(x))[:64]
    h = x[order] @ state["hidden1.linear.weight"].numpy().T + state["hidden1.linear.bias"].numpy()
    outputs = []
    for mean, var in ((h.mean(0), h.var(0)), (state["hidden1.normalization.running_mean"].numpy(), np.ones(6))):
        a = np.maximum((h - mean) / np.sqrt(var + 1e-5), 0)
        outputs.append(a @ state["output.weight"].numpy().T + state["output.bias"].numpy())
    assert list(found.outputs["train"]) == pytest.approx(list(outputs[0].ravel()), abs=1e-9)
    assert list(found.outputs["evaluation"]) == pytest.approx(list(outputs[1].ravel()), abs=1e-9)
    assert found.largest == pytest.approx(np.abs(outputs[0] - outputs[1]).max())
    right = load_data(settings.data).y_train[order]
    assert (found.train, found.evaluation) == tuple((each.argmax(1) == right).mean() for each in outputs)


def test_small_batches_put_the_modes_further_apart():
    """Averages that have settled, so that it is the batches that differ."""
    typical = [norm_modes.compare_modes(run(size=size), warm_up=100).typical for size in (2, 8, 64)]
    assert typical[0] > typical[1] > typical[2]


def test_putting_batches_through_in_train_mode_changes_nothing_unless_it_is_kept():
    model = build_model(run()).eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    x = torch.randn(8, 4, dtype=torch.float64)
    norm_modes.in_train_mode(model, x)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    norm_modes.in_train_mode(model, x, keep=True)
    assert not torch.equal(model.state_dict()["hidden1.normalization.running_mean"], before["hidden1.normalization.running_mean"])
    assert not any(module.training for module in model.modules())


@pytest.mark.parametrize("kind", ["convnet"])
def test_a_convnet_has_both_modes_and_running_averages_without_a_closed_form(kind):
    settings = RunSettings.model_validate(
        {"model": {"kind": kind, "channels": [4], "normalization": "batch"}, "training": {"batch_size": 4}}
    )
    assert norm_modes.compare_modes(settings, warm_up=2).largest > 0
    found = norm_modes.running_averages(settings, [2, 8], batches=3)
    assert found["expected_mean"].isna().all()
    assert np.isfinite(found[["mean", "variance"]].to_numpy()).all()


def test_the_running_averages_err_as_the_closed_form_says():
    """Over many seeds, whose squares are averaged: one path is one draw."""
    squares = []
    for seed in range(40):
        found = norm_modes.running_averages(run().model_copy(update={"seed": seed}), [4], batches=30)
        squares.append(found[["mean", "variance", "expected_mean", "expected_variance"]].to_numpy()[[1, 5, 30]] ** 2)
    mean, variance, expected_mean, expected_variance = np.sqrt(np.mean(squares, axis=0)).T
    assert list(mean) == pytest.approx(list(expected_mean), rel=0.15)
    assert list(variance) == pytest.approx(list(expected_variance), rel=0.15)


def test_with_batches_without_noise_only_the_start_is_forgotten():
    found = norm_modes.expected(2.0, 0.0, pd.Series([0, 1, 2]), 0.1)
    assert list(found) == pytest.approx([2, 1.8, 1.62])


def test_a_network_without_batch_norm_has_no_running_averages():
    with pytest.raises(ValueError, match="no batch norm"):
        norm_modes.running_averages(run("layer"), [2])


def test_a_regression_has_no_classes_to_disagree_on():
    settings = RunSettings.model_validate({"data": {"kind": "diabetes"}, "model": {"kind": "mlp", "hidden": [6], "normalization": "batch"}})
    found = norm_modes.compare_modes(settings)
    assert np.isnan([found.disagree, found.train, found.evaluation]).all()
    assert found.largest > 0


def test_differences_are_those_of_each_run_by_itself_and_none_with_layer_norm():
    found = norm_modes.differences(["batch", "layer"], [2, 8], seeds=2, warm_up=3).set_index(["norm", "size", "seed"])
    settings = {"model": {"kind": "mlp", "normalization": "batch"}, "training": {"batch_size": 8}, "seed": 1}
    alone = norm_modes.compare_modes(RunSettings.model_validate(settings), warm_up=3)
    assert found.loc[("batch", 8, 1)].tolist() == [alone.largest, alone.typical]
    assert (found.loc["layer"] == 0).all(axis=None)
    assert (found.loc["batch"] > 0).all(axis=None)
