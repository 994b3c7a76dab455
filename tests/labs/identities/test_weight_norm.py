"""Weight normalization beside torch's own and beside gradient descent by torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.utils.parametrizations import weight_norm as torchs

from core.labs.identities import weight_norm


@pytest.mark.parametrize("seed", range(100, 108))
def test_the_identities_hold_in_float64(seed):
    found = weight_norm.errors(seed)
    assert found["orthogonal"] < 1e-12
    assert found["growth"] < 1e-12
    assert found["gradient"] < 1e-12
    assert found["scale"] < 1e-12


def test_the_trajectory_is_that_of_torchs_weight_norm_under_sgd():
    unit, path = weight_norm.drawn(3), weight_norm.trajectory(lr=0.05, updates=30, seed=3)
    layer = torch.nn.Linear(weight_norm.WEIGHTS, 1, bias=False).double()
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(unit.v_D)[None])
    torchs(layer)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.05)
    for row in path[path["variant"] == "weight"].itertuples():
        loss = torch.nn.functional.mse_loss(layer(torch.tensor(unit.x_ND))[:, 0], torch.tensor(unit.y_N))
        assert row.loss == pytest.approx(float(loss.detach()), rel=1e-10)
        assert row.length == pytest.approx(float(layer.weight.detach().norm()), rel=1e-10)
        assert row.v_length == pytest.approx(float(layer.parametrizations.weight.original1.detach().norm()), rel=1e-10)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def test_without_it_the_path_ends_at_least_squares():
    unit = weight_norm.drawn(1)
    best = np.linalg.lstsq(unit.x_ND, unit.y_N)[0]
    path = weight_norm.trajectory(lr=0.2, updates=400, seed=1)
    last = path.groupby("variant").last()
    assert last.loc["none", "loss"] == pytest.approx(np.mean((unit.x_ND @ best - unit.y_N) ** 2), rel=1e-6)
    assert last.loc["none", "length"] == pytest.approx(np.linalg.norm(best), rel=1e-6)


def test_v_never_gets_shorter_and_both_start_alike():
    path = weight_norm.trajectory(lr=0.3, updates=80, seed=5)
    starts = path[path["step"] == 0]
    assert starts["loss"].nunique() == 1
    assert (path["v_length"].dropna().diff().dropna() >= -1e-12).all()


@pytest.mark.parametrize("seed", range(100, 104))
def test_above_its_limit_plain_descent_diverges_and_weight_norm_does_not(seed):
    unit = weight_norm.drawn(seed)
    limit = weight_norm.limit(unit)
    best = np.linalg.lstsq(unit.x_ND, unit.y_N)[0]
    least = np.mean((unit.x_ND @ best - unit.y_N) ** 2)
    below, above = (weight_norm.trajectory(factor * limit, seed=seed).groupby("variant")["loss"].last() for factor in (0.9, 1.2))
    assert below["none"] < 1.1 * least
    assert above["none"] > 1e6 * least
    assert above["weight"] < 2 * least


def test_a_path_ends_where_its_loss_is_no_longer_finite():
    lengths = weight_norm.trajectory(lr=20.0, updates=400, seed=2).groupby("variant").size()
    assert lengths["none"] < 401


def test_a_gradient_that_is_not_projected_is_found_out(monkeypatch):
    right = weight_norm.gradients
    monkeypatch.setattr(weight_norm, "gradients", lambda unit: right(unit)._replace(by_v_D=right(unit).by_v_D + 0.01 * unit.v_D))
    found = weight_norm.errors(100)
    assert found["orthogonal"] > 1e-3
    assert found["gradient"] > 1e-3


def test_the_first_step_makes_v_as_much_longer_as_pythagoras_says():
    lengths = weight_norm.lengths((0.3, 1.2), updates=2).set_index(["factor", "step"])["v_length"]
    unit = weight_norm.drawn()
    eigenvalues = np.linalg.eigvalsh(2 * unit.x_ND.T @ unit.x_ND / len(unit.y_N))
    pushed = weight_norm.by_autograd(unit).by_v_D
    for factor in (0.3, 1.2):
        expected = np.hypot(np.linalg.norm(unit.v_D), factor * 2 / eigenvalues.max() * np.linalg.norm(pushed))
        assert lengths[factor, 1] == pytest.approx(expected, rel=1e-10)
