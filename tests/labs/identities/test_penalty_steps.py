"""Steps of the two norms beside autograd, scipy's minimum of the proximal objective, and the engine's own training."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from core.choices import penalties
from core.labs.identities import penalty_steps


@pytest.mark.parametrize("seed", range(100, 108))
def test_the_identities_hold_in_float64(seed):
    found = penalty_steps.errors(seed)
    assert found["squared"] < 1e-15
    assert found["norm"] < 1e-15
    assert found["at_zero"] == 0
    assert found["shortened"] < 1e-13
    assert found["paths"] < 1e-12


def test_only_the_proximal_step_of_the_plain_norm_makes_whole_groups_zero():
    found = penalty_steps.trajectories(seed=100)
    expected = sum(size < penalty_steps.STEPS * penalty_steps.RATE * penalty_steps.STRENGTH for size in penalty_steps.SIZES)
    last = found[found["step"] == penalty_steps.STEPS]
    assert last.groupby("way")["zero"].sum().to_dict() == {"l2_squared": 0, "l2_norm": 0, "l2_norm_proximal": expected}
    assert (last.loc[last["way"] == "l2_squared", "norm"] > 0).all()


@pytest.mark.parametrize("way", penalty_steps.WAYS)
def test_norms_follow_their_closed_form(way):
    found = penalty_steps.trajectories(lr=0.07, strength=0.3, steps=200, sizes=(0.1, 0.333, 1.7), seed=2)
    rows = found[found["way"] == way]
    np.testing.assert_allclose(rows["norm"], rows["closed"], atol=1e-12)


def test_the_subgradient_ends_within_a_step_of_zero_and_stays_off_it():
    rows = penalty_steps.trajectories(seed=1).query("way == 'l2_norm' and group == 1")
    late = rows["norm"].to_numpy()[10:]
    assert late.min() > 0
    assert late.max() < penalty_steps.RATE * penalty_steps.STRENGTH
    assert np.ptp(late) > 1e-3


def test_the_proximal_step_minimises_its_objective():
    w = penalty_steps.drawn(4, (0.3,))[0]

    def objective(v):
        return 0.5 * np.sum((v - w) ** 2) + 0.05 * np.linalg.norm(v)

    expected = minimize(objective, w * 0.9, tol=1e-12).x
    np.testing.assert_allclose(penalty_steps.one_step(w[None], "l2_norm_proximal", 0.1, 0.5)[0], expected, atol=1e-6)


def test_a_wrong_gradient_is_found_out(monkeypatch):
    monkeypatch.setattr(penalties, "group_gradient", lambda w: w)
    found = penalty_steps.errors(100)
    assert found["shortened"] > 1e-3
