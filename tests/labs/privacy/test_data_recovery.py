"""Reading examples out of checkpoints: against plain torch, against autograd, and where it must fail."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch.nn import functional

from core.data.loading import load_data
from core.engine.network.networks import build_model
from core.labs.privacy import data_recovery
from core.labs.privacy.data_recovery import DATA, Leak

ACTIVATIONS = ["sigmoid", "tanh", "relu"]


@pytest.mark.parametrize("settings", [{}, {"batch_size": 5, "activation": "relu"}, {"weight_decay": 0.01}], ids=["one", "five", "decay"])
def test_the_checkpoints_are_those_of_a_plain_step(settings):
    leak = Leak(hidden=7, **settings)
    rows = data_recovery.batch_rows(leak.batch_size, 3)
    before, after = data_recovery.checkpoints(leak, rows, 3)
    split, model = load_data(DATA), build_model(leak.run(3))
    optimizer = torch.optim.SGD(model.parameters(), lr=leak.lr, weight_decay=leak.weight_decay)
    functional.cross_entropy(model(torch.tensor(split.x_train[rows])), torch.tensor(split.y_train[rows])).backward()
    for name, value in model.state_dict().items():
        assert torch.equal(before[name], value)
    optimizer.step()
    for name, value in model.state_dict().items():
        torch.testing.assert_close(after[name], value, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_one_example_is_recovered_exactly(activation):
    assert (data_recovery.recoveries({"one": {"activation": activation}}, 4)["blind"] < 1e-12).all()
    found = data_recovery.recover(Leak(activation=activation), 2)
    np.testing.assert_allclose(found.recovered, found.originals, atol=1e-12)
    moved = found.units[found.units["bias_change"] > 0]
    assert (moved["error"] < 1e-6).all(), "every unit that moved gives it"
    assert (found.units["error"][found.units["bias_change"] == 0] == np.inf).all(), "a unit that did not has nothing to give"


@pytest.mark.parametrize(
    ("settings", "least", "most"),
    [({"dtype": "float32"}, 1e-9, 1e-4), ({"optimizer": "adam", "lr": 0.001}, 0.1, 2), ({"weight_decay": 0.01}, 1e-3, 0.1)],
    ids=["float32", "Adam", "weight decay"],
)
def test_what_is_not_a_step_along_the_gradient_in_float64_is_not_exact(settings, least, most):
    assert data_recovery.recoveries({"one": settings}, 2)["blind"].between(least, most).all()


def test_of_a_batch_a_unit_gives_the_mean_by_its_own_weights():
    leak = Leak(hidden=6, batch_size=5)
    rows = data_recovery.batch_rows(5, 9)
    found_UD, _ = data_recovery.read_out(*data_recovery.checkpoints(leak, rows, 9))
    split, model = load_data(DATA), build_model(leak.run(9))
    (first, activation), output = model
    x_BD = torch.tensor(split.x_train[rows])
    z_BU = first(x_BD).detach().requires_grad_()
    functional.cross_entropy(output(activation(z_BU)), torch.tensor(split.y_train[rows])).backward()
    share_UB = (z_BU.grad / z_BU.grad.sum(0)).T.numpy()
    np.testing.assert_allclose(found_UD, share_UB @ split.x_train[rows], rtol=1e-8, atol=1e-10)


def test_a_batch_is_hidden_by_sigmoids_and_given_away_by_a_wide_relu_network():
    """A pilot study: no unit nearer than 0.385 for sigmoid, three quarters of the examples for ReLU of width 512."""
    leaks = {"sigmoid": {"batch_size": 8}, "wide": {"batch_size": 8, "activation": "relu", "hidden": 512}}
    found = data_recovery.recoveries(leaks, 4).groupby("leak")
    assert found["nearest"].min()["sigmoid"] > 0.2
    assert found["share"].mean()["sigmoid"] == 0
    assert found["share"].mean()["wide"] > 0.3


def test_each_example_has_its_nearest_unit():
    found = data_recovery.recover(Leak(batch_size=4, activation="relu", hidden=40), 6)
    split = load_data(DATA)
    assert found.examples["label"].tolist() == split.y_train[found.examples["row"]].tolist()
    apart = np.abs(found.originals - found.recovered).max((1, 2))
    assert (apart[found.examples["error"] < 1e-6] < 1e-4).all()
    assert found.examples["error"].min() == found.units["error"].min()
    assert found.units["row"].isin(found.examples["row"]).all()


def test_the_pictures_are_the_digits():
    rows = data_recovery.batch_rows(3, 1)
    shown = data_recovery.pictures(load_data(DATA).x_train[rows])
    digits = load_digits().images / 16
    for picture in shown:
        assert np.abs(digits - picture).max((1, 2)).min() < 1e-12


def test_a_seed_leaks_the_same_again():
    one, again = (data_recovery.recover(Leak(batch_size=3), 4) for _ in range(2))
    assert one.examples.equals(again.examples)
    assert not np.array_equal(data_recovery.batch_rows(3, 4), data_recovery.batch_rows(3, 5))
