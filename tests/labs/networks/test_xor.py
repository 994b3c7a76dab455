"""Exclusive or: the network by hand, and the stack beside single networks trained by torch."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import torch
from torch import nn

from core.choices import activations
from core.labs.networks import xor

SEEDS = range(100, 300)
CHOICES = {choice.model_fields["kind"].default: choice() for choice in get_args(get_args(activations.Activation)[0])}


def test_the_network_by_hand_is_exact():
    table = xor.truth_table()
    assert table["output"].tolist() == table["expected"].tolist() == [int(a) ^ int(b) for a, b in zip(table["a"], table["b"], strict=True)]
    assert len(xor.BY_HAND.bias_H) == 2


def torchs(seed: int, width: int, activation: nn.Module) -> nn.Sequential:
    network = xor.start(seed, width)
    model = nn.Sequential(nn.Linear(2, width), activation, nn.Linear(width, 1)).double()
    values = (network.hidden_H2, network.bias_H, network.output_H[None], [network.bias])
    with torch.no_grad():
        for parameter, value in zip((*model[0].parameters(), *model[2].parameters()), values, strict=True):
            parameter.copy_(torch.tensor(np.asarray(value)))
    return model


@pytest.mark.parametrize("kind", sorted(set(CHOICES) - {"prelu"}))
def test_a_network_of_the_stack_is_trained_as_torch_trains_it_alone(kind):
    found = xor.train((3, 1, 2), (7, 8), activation=CHOICES[kind], lr=0.2, updates=40, every=20)
    for width, seed in ((3, 8), (1, 7), (2, 7)):
        model = torchs(seed, width, CHOICES[kind].build())
        optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
        x, y = torch.tensor([[-1.0, -1], [-1, 1], [1, -1], [1, 1]]).double(), torch.tensor([0.0, 1, 1, 0]).double()
        for _ in range(40):
            optimizer.zero_grad()
            nn.functional.binary_cross_entropy_with_logits(model(x)[:, 0], y).backward()
            optimizer.step()
        z = model(x)[:, 0].detach()
        row = found[(found["width"] == width) & (found["seed"] == seed) & (found["step"] == 40)].iloc[0]
        assert row["loss"] == pytest.approx(float(nn.functional.binary_cross_entropy_with_logits(z, y)), rel=1e-9)
        assert row["right"] == int(((z > 0) == (y > 0.5)).sum())


@pytest.fixture(scope="module")
def trained():
    return xor.train((1, 2, 4, 8), SEEDS)


def share_solved(trained):
    """The share of the seeds that have all four points right after the last update, by width."""
    return trained[trained["step"] == xor.UPDATES].groupby("width")["solved"].mean()


def test_width_one_never_succeeds_and_success_rises_with_the_width(trained):
    share = share_solved(trained)
    assert share[1] == 0
    assert share[4] - share[2] >= 0.3
    assert share[8] - share[2] >= 0.4


def test_one_unit_of_gelu_is_enough():
    assert share_solved(xor.train((1,), SEEDS, activation=activations.Gelu(), every=xor.UPDATES))[1] >= 0.9


def test_a_network_is_the_same_whatever_stands_beside_it(trained):
    alone = xor.train((4,), (123,), updates=200)
    beside = trained[(trained["width"] == 4) & (trained["seed"] == 123) & (trained["step"] <= 200)]
    np.testing.assert_allclose(alone["loss"], beside["loss"], rtol=1e-9)
    assert alone["step"].tolist() == [0, 100, 200]


def test_he_gives_the_output_layer_a_variance_of_two_over_the_width():
    drawn = np.array([xor.start(seed, 8).output_H for seed in range(500)])
    assert drawn.var() == pytest.approx(2 / 8, rel=0.05)
    np.testing.assert_array_equal(xor.start(3, 2).hidden_H2, xor.start(3, 8).hidden_H2[:2])
