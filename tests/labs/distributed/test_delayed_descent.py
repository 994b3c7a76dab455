"""Delayed descent on a quadratic: the bound in closed form, against the roots and against the steps themselves."""

from __future__ import annotations

import numpy as np
import pytest

from core.labs.distributed import delayed_descent


def test_the_roots_give_the_bound_of_the_closed_form():
    assert delayed_descent.table()["error"].max() < 1e-9
    assert delayed_descent.bound(0) == 2
    assert delayed_descent.bound(1) == pytest.approx(1)
    assert delayed_descent.bound(200) == pytest.approx(np.pi / 400, rel=0.01)
    assert delayed_descent.table([0, 2])["delay"].tolist() == [0, 2]


@pytest.mark.parametrize("delay", [0, 1, 2, 5])
def test_the_growth_is_the_spectral_radius_of_the_matrix_of_the_delay(delay):
    rate = 0.17
    matrix = np.zeros((delay + 1, delay + 1))
    matrix[0, 0] = 1
    matrix[0, delay] -= rate
    matrix[1:, :-1] += np.eye(delay)
    assert delayed_descent.growth(rate, delay) == pytest.approx(np.abs(np.linalg.eigvals(matrix)).max())


def path(rate: float, delay: int, updates: int) -> np.ndarray:
    """w of the descent itself, which stood at 1 before it began; one beyond 1e300 is infinite."""
    w = np.ones(updates + delay + 1)
    for t in range(delay, updates + delay):
        w[t + 1] = w[t] - rate * w[t - delay] if abs(w[t]) < 1e300 else np.inf
    return w[delay:]


@pytest.mark.parametrize("delay", [0, 1, 3, 7])
def test_the_steps_die_out_below_the_bound_and_grow_above_it(delay):
    bound = delayed_descent.bound(delay)
    assert np.abs(path(0.95 * bound, delay, 3_000)[-10:]).max() < 1e-2
    assert np.abs(path(1.05 * bound, delay, 3_000)[-10:]).max() > 1e2
