"""The step table beside torch's SGD and the closed form."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.labs.identities import step_table


@pytest.mark.parametrize("seed", range(100, 108))
def test_the_closed_form_holds_and_growth_begins_at_two_over_the_eigenvalue(seed):
    found = step_table.errors(seed)
    assert found["closed_form"] < 1e-12
    assert found["rotated"] < 1e-11
    assert found["growth"] == 0


@pytest.mark.parametrize("lr", [0.02, 0.15, 0.2, 0.23])
def test_the_steps_are_those_of_torchs_sgd(lr):
    eigenvalues, start = np.array([0.5, 3.0, 10.0]), np.array([1.0, -2.0, 0.3])
    path = step_table.descend(eigenvalues, start, lr, updates=15)
    curvature, theta = torch.tensor(eigenvalues), torch.tensor(start, requires_grad=True)
    optimizer = torch.optim.SGD([theta], lr=lr)
    for ours in path:
        np.testing.assert_allclose(ours, theta.detach(), rtol=1e-12)
        optimizer.zero_grad()
        ((curvature * theta**2).sum() / 2).backward()
        optimizer.step()


def test_a_wrong_step_is_found_out(monkeypatch):
    right = step_table.descend
    monkeypatch.setattr(step_table, "descend", lambda eigenvalues, start, lr, updates: right(eigenvalues, start, lr * 1.01, updates))
    found = step_table.errors(100)
    assert found["closed_form"] > 1e-3
    assert found["growth"] > 0
