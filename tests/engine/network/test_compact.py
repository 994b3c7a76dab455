"""Networks without their pruned units: smaller, and the same outputs."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import core
from core.engine.network.compact import NotSeparableError, hidden_sizes, smaller
from tests.engine.reference import stacked_training
from tests.engine.test_contracts import settings

UNITS = {"kind": "units", "sparsity": 0.4, "epochs": [1]}


def trained(**model):
    run = settings(pruning=UNITS, model=model)
    models, _ = stacked_training([run])
    return run, models[run.key].eval()


def parameters(model):
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(
    "model",
    [
        {},
        {"normalization": "batch"},
        {"normalization": "weight"},
        {"activation": "sigmoid"},
        {"activation": "elu", "dropout": 0.2},
        {"bias": False},
        {"input_dropout": 0.1},
    ],
    ids=str,
)
def test_the_smaller_network_has_fewer_units_and_the_same_outputs(model):
    run, whole = trained(**model)
    small = smaller(whole)
    x = torch.tensor(core.load_data(run.data).x_val, dtype=torch.float64)
    assert hidden_sizes(whole) == (7, 5)
    assert hidden_sizes(small) == (7 - round(0.4 * 7), 5 - round(0.4 * 5))
    assert parameters(small) < parameters(whole)
    torch.testing.assert_close(small(x), whole(x), atol=1e-12, rtol=0)


def test_the_network_given_is_left_as_it_was():
    _, whole = trained()
    before = [parameter.clone() for parameter in whole.parameters()]
    smaller(whole)
    assert all(torch.equal(old, new) for old, new in zip(before, whole.parameters(), strict=True))


def test_nothing_goes_from_a_network_that_was_not_pruned():
    model = core.build_model(settings(model={"normalization": "layer"}))
    assert hidden_sizes(smaller(model)) == hidden_sizes(model)


def test_a_layer_that_nothing_listens_to_keeps_one_unit():
    model = core.build_model(settings()).eval()
    nn.init.zeros_(model.output.weight)
    small = smaller(model)
    x = torch.randn(4, model.hidden1.linear.in_features, dtype=torch.float64)
    assert hidden_sizes(small) == (7, 1)
    torch.testing.assert_close(small(x), model(x), atol=1e-12, rtol=0)


@pytest.mark.parametrize("norm", ["layer", "rms", "instance"])
def test_normalization_across_units_is_refused(norm):
    _, whole = trained(normalization=norm)
    with pytest.raises(NotSeparableError, match="over all units of the layer"):
        smaller(whole)


def test_networks_that_are_no_plain_mlp_are_refused():
    skip = core.build_model(settings(model={"hidden": [6, 6], "skip": True}))
    with pytest.raises(NotSeparableError, match="skip connection"):
        smaller(skip)
    convnet = core.build_model(core.RunSettings.model_validate({"data": "digits", "model": "convnet"}))
    with pytest.raises(NotSeparableError, match="only an MLP"):
        smaller(convnet)
