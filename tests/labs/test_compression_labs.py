"""Small labs of the compression pages: timing, soft targets."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import core
from core.engine.network import state_dicts
from core.labs import timing
from core.labs.networks import soft_targets


def test_the_network_in_numpy_is_the_network():
    run = core.RunSettings.model_validate({"model": {"kind": "mlp", "hidden": [9, 5]}, "training": {"dtype": "float64"}})
    model = core.build_model(run).eval()
    x = core.load_data(run.data).x_val[:7]
    ours = soft_targets.mlp_logits(state_dicts.arrays(state_dicts.to_bytes(model.state_dict())), x)
    np.testing.assert_allclose(ours, model(torch.tensor(x)).detach().numpy(), atol=1e-12)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0, 100.0])
def test_softened_probabilities_are_torchs(temperature):
    logits = np.random.default_rng(0).normal(0, 300, (5, 7))
    expected = torch.softmax(torch.tensor(logits) / temperature, 1).numpy()
    np.testing.assert_allclose(soft_targets.softened(logits, temperature), expected, atol=1e-12)


def test_entropy_grows_with_the_temperature_from_certainty_to_no_idea():
    logits = np.array([[3.0, 1.0, 0.0, -1.0]])
    values = [float(soft_targets.entropy(soft_targets.softened(logits, t))[0]) for t in (1e-3, 1.0, 4.0, 1e6)]
    assert values == sorted(values)
    assert values[0] == 0
    assert values[-1] == pytest.approx(np.log(4))


class Counting(nn.Module):
    def __init__(self, work):
        super().__init__()
        self.work, self.calls = work, 0

    def forward(self, x):
        self.calls += 1
        for _ in range(self.work):
            x = x @ x
        return x


def test_timing_tells_the_faster_network_and_runs_both_as_often():
    slow, fast = Counting(40), Counting(1)
    timed = timing.compare(slow, fast, torch.zeros(64, 64), repeats=9)
    assert slow.calls == fast.calls == 9 + timing.WARM_UP
    assert timed.first > timed.second > 0
    assert timed.ratio == timed.first / timed.second
