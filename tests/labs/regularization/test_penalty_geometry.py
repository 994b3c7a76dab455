"""The geometry of penalties against closed forms and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from core.labs.regularization import penalty_geometry as geometry
from core.labs.regularization.penalty_geometry import Bowl

BOWLS = [Bowl(1.8, 0.7, 0.3), Bowl(-1.0, 2.0, -0.6), Bowl(2.0, 2.0, 0.0), Bowl(0.5, -2.2, 0.8)]


@pytest.mark.parametrize("bowl", BOWLS)
def test_the_loss_is_the_quadratic_form(bowl):
    w = np.array([0.3, -1.2])
    by_hand = 0.5 * ((w[0] - bowl.w1) ** 2 + (w[1] - bowl.w2) ** 2) + bowl.correlation * (w[0] - bowl.w1) * (w[1] - bowl.w2)
    assert bowl.loss(w[None])[0] == pytest.approx(by_hand)
    assert bowl.loss(bowl.contour(0.7)) == pytest.approx(0.7)


@pytest.mark.parametrize("p", [0.5, 1.0, 2.0, 3.5])
def test_the_ball_lies_at_its_budget_and_has_exact_corners(p):
    ball = geometry.ball(p, 1.3, 360)
    assert geometry.norm(ball, p) == pytest.approx(1.3)
    assert ball[0] == pytest.approx(ball[-1])
    assert ball[90, 0] == 0.0
    assert ball[90, 1] == pytest.approx(1.3)


@pytest.mark.parametrize("p", [1.0, 1.5, 2.0, 4.0])
@pytest.mark.parametrize("bowl", BOWLS)
def test_the_constrained_minimum_is_that_of_scipy(bowl, p):
    within = {"type": "ineq", "fun": lambda w: 1.0 - np.sum(np.abs(w) ** p)}
    found = minimize(lambda w: bowl.loss(w[None])[0], bowl.best * 0.2, constraints=within, method="SLSQP", options={"ftol": 1e-12})
    assert bowl.loss(geometry.constrained_minimum(bowl, p, 1.0)[None])[0] <= found.fun + 1e-6


@pytest.mark.parametrize(
    ("b", "budget", "expected"), [((1.8, 0.5), 1.0, (1.0, 0.0)), ((1.5, 1.0), 1.5, (1.0, 0.5)), ((0.2, 0.3), 1.0, (0.2, 0.3))]
)
def test_on_a_round_bowl_l1_is_the_projection_onto_the_diamond(b, budget, expected):
    """Duchi et al. 2008: soft thresholding by what brings the sum of absolutes to the budget."""
    assert geometry.constrained_minimum(Bowl(*b), 1.0, budget) == pytest.approx(expected, abs=1e-7)


def test_on_a_round_bowl_l2_shortens_the_vector():
    assert geometry.constrained_minimum(Bowl(1.8, 0.6), 2.0, 1.0) == pytest.approx(np.array([1.8, 0.6]) / np.hypot(1.8, 0.6), abs=1e-6)


@pytest.mark.parametrize("p", [0.5, 1.0])
def test_a_zero_at_a_corner_is_exact_and_l2_has_none(p):
    bowl = Bowl(1.8, 0.5, 0.2)
    assert geometry.constrained_minimum(bowl, p, 0.8)[1] == 0.0
    assert abs(geometry.constrained_minimum(bowl, 2.0, 0.8)[1]) > 0.1


def test_the_path_ends_at_the_bowls_own_minimum():
    path = geometry.budget_path(BOWLS[0], 1.0, np.array([0.1, 1.0, 5.0]))
    assert path.shape == (3, 2)
    assert path[-1] == pytest.approx(BOWLS[0].best)
    assert geometry.norm(path[:2], 1.0) == pytest.approx([0.1, 1.0])


@pytest.mark.parametrize(("penalty", "value"), [("l1", np.abs), ("l2_squared", np.square)])
def test_a_proximal_step_minimises_its_objective(penalty, value):
    fine = np.linspace(-3, 3, 60_001)
    for w in (-1.7, -0.1, 0.0, 0.25, 1.4):
        least = fine[np.argmin(0.5 * (fine - w) ** 2 + 0.3 * value(fine))]
        assert geometry.shrunk(np.array([w]), penalty, 0.3)[0] == pytest.approx(least, abs=2e-4)


def test_a_group_is_shortened_as_a_whole():
    pair = np.array([0.9, 0.9])
    norm = np.hypot(*pair)
    assert geometry.shrunk(pair, "l2_norm", 0.3) == pytest.approx(pair * (1 - 0.3 / norm))
    assert not geometry.shrunk(np.array([0.2, 0.2]), "l2_norm", 0.3).any()
