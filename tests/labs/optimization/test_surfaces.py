"""Surfaces of two numbers: their minima are where the literature has them, and autograd's gradients are those of the function."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from core.labs.optimization import surfaces

LITERATURE = {  # Jamil & Yang 2013, arXiv:1308.4008
    "rosenbrock": [(1, 1)],
    "beale": [(3, 0.5)],
    "himmelblau": [(3, 2), (-2.805118, 3.131312), (-3.779310, -3.283186), (3.584428, -1.848127)],
}


@pytest.mark.parametrize("name", LITERATURE)
def test_minima_are_where_the_literature_has_them(name):
    surface = surfaces.make(name)
    assert np.allclose(sorted(surface.minima), sorted(LITERATURE[name]), atol=1e-6)
    assert [surface.loss(*point) for point in surface.minima] == pytest.approx([0] * len(surface.minima), abs=1e-20)


@pytest.mark.parametrize("name", surfaces.NAMES)
def test_no_place_is_lower_than_the_minima(name):
    surface = surfaces.make(name, condition=7.0, angle=30.0)
    assert surfaces.grid(surface)["loss"].min() >= surface.lowest
    for point in surface.minima:
        found = minimize(lambda w: surface.loss(*w), np.add(point, (0.02, -0.01)), tol=1e-12)
        assert found.x == pytest.approx(point, abs=1e-4)
        assert surface.loss(*point) == pytest.approx(surface.lowest, abs=1e-12)


@pytest.mark.parametrize("name", surfaces.NAMES)
def test_gradients_are_those_of_finite_differences(name):
    surface = surfaces.make(name, condition=7.0, angle=30.0)
    points = np.random.default_rng(3).uniform(-1.5, 1.5, (11, 2))
    x, y = points.T
    step = 1e-6
    along = (surface.loss(x + step, y) - surface.loss(x - step, y)) / 2 / step
    across = (surface.loss(x, y + step) - surface.loss(x, y - step)) / 2 / step
    expected = np.stack([along, across], axis=1)
    np.testing.assert_allclose(surface.gradients(points), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("angle", [0.0, 35.0])
def test_the_condition_number_is_the_ratio_of_the_quadratics_curvatures(angle):
    surface = surfaces.make("quadratic", condition=50.0, angle=angle)
    hessian = surface.gradients(np.eye(2))  # of f = w H w / 2 the gradient at a unit vector is a column of H
    assert np.linalg.eigvalsh(hessian) == pytest.approx([1, 50])


def test_the_distance_is_that_to_the_nearest_minimum():
    assert surfaces.make("saddle").distances(np.array([[0, 1.5], [3, -1]])) == pytest.approx([0.5, 3])


@pytest.mark.parametrize("name", surfaces.NAMES)
def test_start_and_minima_lie_in_the_picture(name):
    surface = surfaces.make(name)
    x_low, x_high, y_low, y_high = surface.frame
    assert all(x_low < x < x_high and y_low < y < y_high for x, y in (surface.start, *surface.minima))
