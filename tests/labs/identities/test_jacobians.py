"""Jacobians beside torch's functional ones and finite differences; slopes at 0 as PyTorch documents them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import special
from scipy.optimize import approx_fprime

from core.labs.identities import jacobians


@pytest.mark.parametrize("seed", range(100, 108))
def test_the_identities_hold_in_float64(seed):
    found = jacobians.errors(seed)
    assert found["sigmoid"] < 1e-15
    assert found["softmax"] < 1e-15
    assert found["softmax_rows"] < 1e-15
    assert found["elementwise"] == 0


X = np.array([-2.0, 0.3, 1.5, 0.0, -0.7])


@pytest.mark.parametrize("choice", jacobians.SHOWN, ids=lambda choice: choice.kind)
def test_the_jacobian_of_an_activation_is_torchs(choice):
    expected = torch.func.jacrev(choice.build().double())(torch.tensor(X)).detach()
    np.testing.assert_allclose(jacobians.elementwise(choice, X), expected, atol=1e-15)


def test_closed_forms_are_finite_differences():
    for ours, function in ((jacobians.sigmoid, special.expit), (jacobians.softmax, special.softmax)):
        np.testing.assert_allclose(ours(X), approx_fprime(X, function), atol=1e-6)


def test_softmax_of_two_has_the_slope_of_the_sigmoid_of_their_difference():
    pair = np.array([0.4, -1.1])
    assert jacobians.softmax(pair)[0, 0] == pytest.approx(jacobians.sigmoid(pair[:1] - pair[1:])[0, 0])


TAKEN = {"sigmoid": 0.25, "tanh": 1, "relu": 0, "leaky_relu": 0.01, "prelu": 0.25, "elu": 1, "gelu": 0.5, "silu": 0.5}


def test_the_table_says_which_have_a_corner_and_what_torch_takes_there():
    table = jacobians.table().set_index("activation")
    assert table["taken"].to_dict() == pytest.approx(TAKEN, abs=1e-9)
    assert set(table.index[~table["smooth"]]) == {"relu", "leaky_relu", "prelu"}
    corners = table[~table["smooth"]]
    assert corners["right"].tolist() == [1, 1, 1]
    assert (corners["taken"] == corners["left"]).all()


def test_curves_are_those_of_scipy_with_the_slope_that_pytorch_takes_at_the_corner():
    found = jacobians.curves(points=9).set_index("activation")
    sigmoid = found.loc["sigmoid"]
    np.testing.assert_allclose(sigmoid["value"], special.expit(sigmoid["x"]))
    np.testing.assert_allclose(sigmoid["slope"], special.expit(sigmoid["x"]) * (1 - special.expit(sigmoid["x"])))
    relu = found.loc["relu"].set_index("x")["slope"]
    assert relu.to_dict() == {x: float(x > 0) for x in range(-4, 5)}
