"""Activation functions and their derivatives, against closed forms."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from scipy import special, stats

from core.choices import activations
from core.labs.networks import activation_functions

CHOICES = {choice.model_fields["kind"].default: choice for choice in get_args(get_args(activations.Activation)[0])}

CLOSED = {
    "identity": (lambda x: x, lambda x: np.ones_like(x)),
    "sigmoid": (special.expit, lambda x: special.expit(x) * special.expit(-x)),
    "tanh": (np.tanh, lambda x: 1 / np.cosh(x) ** 2),
    "relu": (lambda x: np.maximum(x, 0), lambda x: np.where(x > 0, 1.0, 0.0)),
    "leaky_relu": (lambda x: np.where(x > 0, x, 0.01 * x), lambda x: np.where(x > 0, 1.0, 0.01)),
    "prelu": (lambda x: np.where(x > 0, x, 0.25 * x), lambda x: np.where(x > 0, 1.0, 0.25)),
    "elu": (lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))), lambda x: np.where(x > 0, 1.0, np.exp(np.minimum(x, 0)))),
    "gelu": (lambda x: x * stats.norm.cdf(x), lambda x: stats.norm.cdf(x) + x * stats.norm.pdf(x)),
    "silu": (lambda x: x * special.expit(x), lambda x: special.expit(x) * (1 + x * special.expit(-x))),
    "softplus": (lambda x: np.logaddexp(0, x), special.expit),
}
"""f and f', written with NumPy and SciPy; at a corner the value that torch takes, the slope from the left."""


def test_every_activation_has_a_closed_form_here_and_a_formula_to_show():
    assert set(CLOSED) == set(CHOICES)
    assert all(choice.formula and choice.derivative for choice in CHOICES.values())


@pytest.mark.parametrize("kind", CHOICES)
def test_values_and_slopes_are_those_of_the_closed_form(kind):
    x = np.linspace(-5, 5, 41)
    value, slope = activation_functions.values(CHOICES[kind](), x)
    closed_value, closed_slope = CLOSED[kind]
    np.testing.assert_allclose(value, closed_value(x), atol=1e-12)
    np.testing.assert_allclose(slope, closed_slope(x), atol=1e-12)


LARGEST = {"sigmoid": 0.25, "tanh": 1, "relu": 1, "elu": 1, "softplus": 1, "identity": 1, "silu": 1.09984}


@pytest.mark.parametrize("kind", LARGEST)
def test_the_largest_slope_is_found(kind):
    assert activation_functions.facts(CHOICES[kind]()).largest == pytest.approx(LARGEST[kind], abs=1e-4)


def test_the_largest_slope_of_gelu_is_at_the_root_of_two():
    expected = CLOSED["gelu"][1](np.sqrt(2))
    assert activation_functions.facts(activations.Gelu()).largest == pytest.approx(float(expected), abs=1e-6)


CORNERS = {
    "relu": (activations.Relu(), 0, 1, 0),
    "leaky": (activations.LeakyRelu(negative_slope=0.2), 0.2, 1, 0.2),
    "prelu": (activations.Prelu(), 0.25, 1, 0.25),
    "elu of two": (activations.Elu(alpha=2), 2, 1, 2),
}


@pytest.mark.parametrize("name", CORNERS)
def test_at_a_corner_there_are_two_slopes_and_autograd_takes_one(name):
    activation, left, right, taken = CORNERS[name]
    found = activation_functions.facts(activation)
    assert (found.left, found.right, found.taken) == pytest.approx((left, right, taken), abs=1e-6)
    assert not found.smooth


@pytest.mark.parametrize("kind", ["sigmoid", "tanh", "elu", "gelu", "silu", "softplus", "identity"])
def test_the_others_are_differentiable_at_0(kind):
    found = activation_functions.facts(CHOICES[kind]())
    assert found.smooth
    assert found.taken == pytest.approx(found.left, abs=1e-6)


def test_a_curve_has_the_corner_among_its_places():
    curve = activation_functions.curve(activations.Relu())
    assert 0 in set(curve["x"])
    assert (curve["x"].min(), curve["x"].max()) == (-activation_functions.SIDE, activation_functions.SIDE)
