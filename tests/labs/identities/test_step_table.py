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
    table = step_table.table(lr, (0.5, 3.0, 10.0), (1.0, -2.0, 0.3), updates=15)
    curvature = torch.tensor([0.5, 3.0, 10.0], dtype=torch.float64)
    theta = torch.tensor([1.0, -2.0, 0.3], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([theta], lr=lr)
    for step in range(16):
        rows = table[table["step"] == step]
        loss = (curvature * theta**2).sum() / 2
        optimizer.zero_grad()
        loss.backward()
        np.testing.assert_allclose(rows["theta"], theta.detach(), rtol=1e-12)
        np.testing.assert_allclose(rows["gradient"], theta.grad, rtol=1e-12)
        np.testing.assert_allclose(rows["change"], -lr * theta.grad, rtol=1e-12)
        np.testing.assert_allclose(rows["loss"], float(loss.detach()), rtol=1e-12)
        optimizer.step()


def test_the_closed_form_is_a_column_beside_the_steps():
    table = step_table.table()
    np.testing.assert_allclose(table["theta"], table["closed"], rtol=1e-12)
    steep = table[(table["component"] == 2)].set_index("step")["theta"]
    assert steep[2] == pytest.approx(1.5 * (1 - 0.15 * 10) ** 2)


FATES = {0.05: "shrinks", 0.1: "is 0 at once", 0.15: "shrinks, changing sign", 0.2: "stays as large", 0.21: "grows"}


@pytest.mark.parametrize("lr", FATES)
def test_a_fate_is_what_becomes_of_the_component(lr):
    fate = step_table.fates(lr, (10.0,)).iloc[0]
    theta = step_table.descend(np.array([10.0]), np.array([1.0]), lr, 60)[:, 0]
    assert fate["fate"] == FATES[lr]
    assert fate["limit"] == 0.2
    assert theta[1] == pytest.approx(fate["factor"], abs=1e-15)
    becomes = {"grows": theta[-1] ** 2 > 10, "stays as large": abs(theta[-1]) == pytest.approx(1)}
    assert becomes.get(fate["fate"], abs(theta[-1]) < 1e-2)


def test_a_wrong_step_is_found_out(monkeypatch):
    right = step_table.descend
    monkeypatch.setattr(step_table, "descend", lambda eigenvalues, start, lr, updates: right(eigenvalues, start, lr * 1.01, updates))
    found = step_table.errors(100)
    assert found["closed_form"] > 1e-3
    assert found["growth"] > 0
