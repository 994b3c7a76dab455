"""Decay and penalty beside plain NumPy loops and ridge regression."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from core.labs.identities import weight_decay
from core.labs.identities.weight_decay import METHODS, Method


@pytest.mark.parametrize("seed", range(100, 108))
def test_for_plain_sgd_all_three_ways_are_one(seed):
    found = weight_decay.errors(seed)
    assert found["sgd"] < 1e-12
    assert found["coupled"] < 1e-12


@pytest.mark.parametrize("seed", range(100, 104))
def test_with_momentum_and_with_adam_decay_is_another_thing(seed):
    found = weight_decay.distances(seed)
    assert found["momentum"] > 0.05
    assert found["adam"] > 0.05
    assert found["nearest_adam"] > 0.05
    assert found["nearest_sgd"] < 1e-12


def by_hand(method: Method, seed: int, updates: int, *, decoupled: bool) -> np.ndarray:
    """SGD or Adam as in the papers, in NumPy."""
    x, y, w = weight_decay.drawn(seed)
    w, m, v, s = w.copy(), np.zeros_like(w), np.zeros_like(w), method.strength
    for t in range(1, updates + 1):
        g = 2 * x.T @ (x @ w - y) / len(y) + (0 if decoupled else s * w)
        if decoupled:
            w *= 1 - method.lr * s
        if method.kind == "sgd":
            m = method.momentum * m + g
            w -= method.lr * m
        else:
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
            w -= method.lr * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return w


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("way", weight_decay.WAYS)
def test_a_path_is_that_of_the_papers_formula(name, way):
    expected = by_hand(METHODS[name], 3, 25, decoupled=way == "decoupled")
    np.testing.assert_allclose(weight_decay.path(METHODS[name], way, seed=3, updates=25)[-1], expected, rtol=1e-9, atol=1e-10)


def test_the_penalty_ends_at_ridge_regression():
    method = Method(lr=0.5, strength=0.5)
    x, y, _ = weight_decay.drawn(2)
    expected = Ridge(alpha=len(y) * 0.5 / 2, fit_intercept=False).fit(x, y).coef_
    np.testing.assert_allclose(weight_decay.path(method, "l2_in_loss", 2, 2_000)[-1], expected, rtol=1e-8)


def test_every_strength_of_a_search_is_trained_as_if_alone():
    search = weight_decay.nearest(METHODS["Adam"], seed=1, strengths=(0.01, 0.2)).set_index("strength")["relative"]
    decayed = weight_decay.path(METHODS["Adam"], "decoupled", 1)[-1]
    for strength in (0.01, 0.2, METHODS["Adam"].strength):
        alone = weight_decay.path(METHODS["Adam"]._replace(strength=strength), "l2_in_loss", 1)[-1]
        assert search[strength] == pytest.approx(np.linalg.norm(alone - decayed) / np.linalg.norm(decayed), rel=1e-9)


def test_the_frames_have_every_step_of_every_way():
    found = weight_decay.trajectories(seed=0, updates=7)
    assert found.groupby(["method", "way"]).size().tolist() == [8] * 9
    assert (found.loc[found["way"] == "l2_in_loss", "apart"] == 0).all()
    assert (found.loc[found["step"] == 0, "apart"] == 0).all()
