"""Linear layers in a row and ReLU networks that are linear, beside torch's layers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from core import RunSettings, build_model
from core.labs.identities import linear_networks as linear


@pytest.mark.parametrize("seed", range(100, 108))
def test_the_identities_hold_in_float64(seed):
    found = linear.errors(seed)
    assert found["collapsed"] < 1e-12
    assert found["pair"] < 1e-12
    assert found["bias"] < 1e-12
    assert found["classes"] == 0


def layers_of(model: nn.Module) -> list[linear.Layer]:
    maps = [module for module in model.modules() if isinstance(module, nn.Linear)]
    return [(layer.weight.detach().double().numpy(), layer.bias.detach().double().numpy()) for layer in maps]


def test_the_products_network_without_activation_is_one_layer():
    settings = {"data": "moons", "model": {"kind": "mlp", "hidden": [32, 7], "activation": "identity"}, "seed": 5}
    model = build_model(RunSettings.model_validate(settings)).double()
    x = linear.examples(3)
    weight, bias = linear.collapsed(layers_of(model))
    np.testing.assert_allclose(x @ weight.T + bias, model(torch.tensor(x)).detach(), atol=1e-12)
    assert weight.shape == (2, 2)


def test_with_relu_between_them_it_is_not():
    layers, x = linear.drawn(1), linear.examples(1)
    bent = linear.composed(layers, x, relu=True)
    torchs = nn.Sequential(*[part for weight, bias in layers for part in (as_layer(weight, bias), nn.ReLU())][:-1])
    np.testing.assert_allclose(bent, torchs(torch.tensor(x)).detach(), atol=1e-12)
    assert np.abs(bent - linear.composed([linear.collapsed(layers)], x)).max() > 0.1


def as_layer(weight, bias) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0]).double()
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(weight))
        layer.bias.copy_(torch.tensor(bias))
    return layer


def test_the_bias_serves_only_within_its_bound():
    x, one = np.linspace(-4, 4, 33), np.ones(1)
    pair, bias = (
        linear.composed(layers, x[:, None], relu=True)[:, 0] for layers in (linear.by_pair(one, 0.0), linear.by_bias(one, 0.0, 2.0))
    )
    np.testing.assert_allclose(pair, x, atol=1e-15)
    np.testing.assert_allclose(bias, np.maximum(x, -2), atol=1e-15)


def test_the_layer_of_layers_keeps_its_biases(monkeypatch):
    monkeypatch.setattr(linear, "collapsed", lambda layers: (layers[2][0] @ layers[1][0] @ layers[0][0], layers[2][1]))
    assert linear.errors(100)["collapsed"] > 0.1
