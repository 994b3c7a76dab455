"""Gradient inversion: its objective against autograd's gradcheck, its matching against all permutations, and what it finds."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from core.data.loading import load_data
from core.labs.privacy import data_recovery, gradient_inversion
from core.labs.privacy.data_recovery import DATA, Leak
from core.labs.privacy.gradient_inversion import Inversion, invert


def test_the_gradient_can_itself_be_differentiated():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Sigmoid(), nn.Linear(4, 2)).double()
    y_B = torch.tensor([0, 1])
    x_BD = torch.randn(2, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: gradient_inversion.gradient(model, x, y_B), x_BD)
    functional.cross_entropy(model(x_BD), y_B).backward()
    expected = torch.cat([parameter.grad.flatten() for parameter in model.parameters()])
    torch.testing.assert_close(gradient_inversion.gradient(model, x_BD, y_B).detach(), expected)


def test_two_checkpoints_give_the_gradient():
    leak = Leak(batch_size=3, hidden=6)
    rows = data_recovery.batch_rows(3, 2)
    model, target_P = gradient_inversion._target(leak, rows, 2)
    split = load_data(DATA)
    expected = gradient_inversion.gradient(model, torch.tensor(split.x_train[rows]), torch.tensor(split.y_train[rows]))
    torch.testing.assert_close(target_P, expected.detach(), rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("size", [1, 2, 8])
def test_small_batches_are_found_again(size):
    inversion = Inversion(batch_size=size)
    found = invert(inversion, 101)
    assert (found.examples["error"] < 0.01).all(), found.examples
    assert found.trace["mismatch"].iloc[-1] < 1e-9 < 1e-2 < found.trace["mismatch"].iloc[0]
    np.testing.assert_allclose(found.recovered, found.originals, atol=0.01)


def test_thirty_two_examples_are_not_found_in_a_short_search():
    found = invert(Inversion(batch_size=32, iterations=20), 101)
    assert (found.examples["error"] > 0.01).all()
    assert len(found.trace) <= 2 * 20 + 1


def test_the_examples_are_matched_so_that_the_errors_sum_to_the_least():
    found = invert(Inversion(batch_size=4, iterations=8), 7)
    original, recovered = (load_data(DATA).x_train[found.examples["row"]], _network_units(found.recovered))
    error = np.linalg.norm(recovered[:, None] - original[None], axis=2) / np.linalg.norm(original, axis=1)
    least = min(sum(error[place, to] for to, place in enumerate(order)) for order in itertools.permutations(range(4)))
    assert found.examples["error"].sum() == pytest.approx(least)
    assert found.examples["error"].tolist() == pytest.approx(np.diag(error).tolist())


def _network_units(pictures):
    raw = load_data(DATA.model_copy(update={"scale": "none"})).x_train
    spread = np.where(raw.std(0) == 0, 1, raw.std(0))
    return (pictures.reshape(len(pictures), -1) * 16 - raw.mean(0)) / spread


def test_a_seed_finds_the_same_again():
    one, again, other = (invert(Inversion(batch_size=2, iterations=5), seed).examples["error"].tolist() for seed in (1, 1, 2))
    assert one == again != other
