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


def test_a_matrix_becomes_cells_row_by_row():
    cells = jacobians.cells(np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert cells.loc[(cells["output"] == 2) & (cells["input"] == 1), "value"].tolist() == [3.0]


TAKEN = {"sigmoid": 0.25, "tanh": 1, "relu": 0, "leaky_relu": 0.01, "prelu": 0.25, "elu": 1, "gelu": 0.5, "silu": 0.5}


def test_the_table_says_which_have_a_corner_and_what_torch_takes_there():
    table = jacobians.table().set_index("activation")
    assert table["taken"].to_dict() == pytest.approx(TAKEN, abs=1e-9)
    assert set(table.index[~table["smooth"]]) == {"relu", "leaky_relu", "prelu"}
    corners = table[~table["smooth"]]
    assert corners["right"].tolist() == [1, 1, 1]
    assert (corners["taken"] == corners["left"]).all()


def test_ten_layers_of_sigmoid_leave_the_first_no_gradient():
    layers = jacobians.vanishing(seeds=(100, 104))
    assert len(layers) == 2 * 2 * 10
    norms = jacobians.first_layers(layers)
    assert norms.index.tolist() == [100, 104]
    assert (norms["sigmoid"] / norms["relu"] < 0.01).all(), norms


def test_the_first_layers_gradient_is_that_of_the_products_own_network():
    """Another road to it: the plain network of the run, its loss on the same examples."""
    from core import RunSettings, build_model, load_data

    run = RunSettings.model_validate(
        {"model": {"kind": "mlp", "width": 64, "depth": 10, "activation": "sigmoid", "init": "xavier"}, "seed": 7}
    )
    split = load_data(run.data)
    model = build_model(run).double()
    x, y = torch.tensor(split.x_train[:128], dtype=torch.float64), torch.tensor(split.y_train[:128])
    torch.nn.functional.cross_entropy(model(x), y).backward()
    expected = torch.cat([parameter.grad.flatten() for parameter in list(model.parameters())[:2]]).norm()
    layers = jacobians.vanishing(seeds=[7])
    found = layers[(layers["activation"] == "sigmoid") & (layers["layer"] == 1)]["weights"]
    assert found.item() == pytest.approx(float(expected))


def test_curves_are_those_of_scipy_with_the_slope_that_pytorch_takes_at_the_corner():
    found = jacobians.curves(points=9).set_index("activation")
    sigmoid = found.loc["sigmoid"]
    np.testing.assert_allclose(sigmoid["value"], special.expit(sigmoid["x"]))
    np.testing.assert_allclose(sigmoid["slope"], special.expit(sigmoid["x"]) * (1 - special.expit(sigmoid["x"])))
    relu = found.loc["relu"].set_index("x")["slope"]
    assert relu.to_dict() == {x: float(x > 0) for x in range(-4, 5)}
