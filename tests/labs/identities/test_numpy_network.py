"""The network in NumPy beside PyTorch's layers, scipy's finite differences and means over masks that are known."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch
from scipy.optimize import approx_fprime
from torch import nn

from core.labs.identities import network_checks as checks
from core.labs.identities import numpy_network as network

SEEDS = range(100, 108)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_identities_hold_in_float64(seed):
    found = checks.errors(seed)
    assert found["forward"] < 1e-12
    assert found["backward"] < 1e-12
    assert found["differences"] < 1e-7
    assert found["mean_over_masks"] < 1e-12


class SameMask(nn.Module):
    """A dropout layer whose mask is given: what is dropped is not drawn."""

    def __init__(self, keep, p):
        super().__init__()
        self.factor = torch.tensor(keep / (1 - p))

    def forward(self, x):
        return x * self.factor


def test_outputs_and_gradients_are_those_of_torchs_layers():
    given = checks.problem(seed=3, p=0.25)
    first, last = nn.Linear(checks.INPUTS, checks.HIDDEN).double(), nn.Linear(checks.HIDDEN, checks.OUTPUTS).double()
    parameters = [first.weight, first.bias, last.weight, last.bias]
    with torch.no_grad():
        for parameter, value in zip(parameters, given.weights, strict=True):
            parameter.copy_(torch.tensor(value.T))
    model = nn.Sequential(first, nn.ReLU(), SameMask(given.keep_NH, 0.25), last)
    y = model(torch.tensor(given.x_NI))
    nn.MSELoss()(y, torch.tensor(given.target_NO)).backward()
    ours = checks.by_numpy(given)
    np.testing.assert_allclose(ours.y_NO, y.detach(), atol=1e-13)
    for gradient, parameter in zip(ours.gradients, parameters, strict=False):
        np.testing.assert_allclose(gradient, parameter.grad.numpy().T, atol=1e-13)


def test_the_gradient_by_the_inputs_is_scipys():
    given = checks.problem(seed=5)

    def loss(flat):
        passed = network.forward(given.weights, flat.reshape(given.x_NI.shape), given.keep_NH, given.p)
        return network.loss(passed.y_NO, given.target_NO)

    expected = approx_fprime(given.x_NI.ravel(), loss, 1e-7).reshape(given.x_NI.shape)
    np.testing.assert_allclose(checks.by_numpy(given).gradients[-1], expected, atol=1e-5)


def test_evaluation_is_dropout_of_nothing():
    given = checks.problem(seed=1)
    everything = np.ones_like(given.keep_NH)
    passed = network.forward(given.weights, given.x_NI, everything, 0.0)
    np.testing.assert_array_equal(passed.d_NH, passed.h_NH)


FAULTS = {"no factor": lambda grad, keep, p: grad * keep, "no mask": lambda grad, keep, p: grad / (1 - p)}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_backward_pass_without_the_factor_or_the_mask_is_found_out(monkeypatch, fault):
    monkeypatch.setattr(network, "dropout_backward", FAULTS[fault])
    found = checks.errors(100)
    assert found["backward"] > 1e-3
    assert found["differences"] > 1e-3


def test_dropout_that_is_not_inverted_changes_the_mean(monkeypatch):
    monkeypatch.setattr(network, "dropout", lambda h, keep, p: h * keep)
    assert checks.errors(100)["mean_over_masks"] > 0.1


def test_a_mask_drops_its_share_and_all_is_refused():
    keep = network.draw_keep((200, 500), 0.3, np.random.default_rng(0))
    assert set(np.unique(keep)) == {0.0, 1.0}
    assert keep.mean() == pytest.approx(0.7, abs=0.005)
    with pytest.raises(ValueError, match="below 1, not 1"):
        network.draw_keep((2,), 1.0, np.random.default_rng(0))


def test_the_mean_over_random_masks_nears_the_input_as_the_root_of_their_number():
    found = checks.sampled_means(seed=100)
    np.testing.assert_allclose(found["error"], found["expected"], rtol=0.1)
    assert found["expected"].iloc[-1] == pytest.approx(np.sqrt(0.4 / 0.6) / 100)


def test_every_update_lowers_the_loss_at_a_small_rate():
    given = checks.problem(seed=2)
    weights, losses = given.weights, []
    for _ in range(50):
        passed = network.forward(weights, given.x_NI, given.keep_NH, given.p)
        losses.append(network.loss(passed.y_NO, given.target_NO))
        gradient, _ = network.backward(weights, passed, given.target_NO, given.keep_NH, given.p)
        weights = network.step(weights, gradient, lr=0.01)
    assert (np.diff(losses) < 0).all()


def test_the_code_that_a_page_prints_runs_by_itself():
    namespace = {"__name__": "printed"}
    exec(inspect.getsource(network), namespace)
    given = checks.problem(seed=6)
    passed = namespace["forward"](given.weights, given.x_NI, given.keep_NH, given.p)
    np.testing.assert_array_equal(passed.y_NO, checks.by_numpy(given).y_NO)
