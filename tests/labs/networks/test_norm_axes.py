"""Which numbers are averaged together, against the torch modules that the networks are built from."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from core.choices.normalizations import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, RmsNorm
from core.labs.networks import norm_axes

NORMS = {
    "batch": (BatchNorm(), 2),
    "layer": (LayerNorm(), 2),
    "group of 2": (GroupNorm(groups=2), 2),
    "group of 3": (GroupNorm(groups=3), 3),
    "instance": (InstanceNorm(), 2),
    "rms": (RmsNorm(), 2),
}


@pytest.mark.parametrize("convolved", [False, True], ids=["fully connected", "convnet"])
@pytest.mark.parametrize(("norm", "groups"), NORMS.values(), ids=NORMS)
def test_the_numbers_are_those_of_torch_at_the_start_of_training(norm, groups, convolved):
    x_NCP = norm_axes.tensor(3, convolved=convolved)
    found = norm_axes.normalized(x_NCP, norm.kind, groups)
    module = norm.build(x_NCP.shape[1], 1 if convolved else 0).double().train()
    given = torch.tensor(x_NCP if convolved else x_NCP[:, :, 0])
    assert list(found.cells["y"]) == pytest.approx(module(given).detach().flatten().tolist(), abs=1e-10)


@pytest.mark.parametrize("convolved", [False, True], ids=["fully connected", "convnet"])
def test_weight_norm_is_torchs_with_a_length_of_one(convolved):
    v_NCP = norm_axes.tensor(3, convolved=convolved)
    w_CI = norm_axes.normalized(v_NCP, "weight").cells["y"].to_numpy().reshape(v_NCP.shape).transpose(1, 0, 2).reshape(6, -1)
    layer = nn.Linear(w_CI.shape[1], 6, bias=False, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(v_NCP.transpose(1, 0, 2).reshape(6, -1)))
    normed = weight_norm(layer)
    normed.parametrizations.weight.original0.data.fill_(1)
    assert np.allclose(w_CI, normed.weight.detach().numpy(), atol=1e-12)


@pytest.mark.parametrize(
    ("kind", "convolved", "number", "cells"),
    [
        ("batch", False, 6, 4),
        ("batch", True, 6, 12),
        ("layer", False, 4, 6),
        ("layer", True, 3, 24),
        ("group", False, 8, 3),
        ("group", True, 6, 12),
        ("instance", False, 4, 6),
        ("instance", True, 18, 4),
        ("rms", True, 3, 24),
        ("weight", False, 6, 4),
    ],
)
def test_each_set_holds_as_many_cells_as_the_axes_say(kind, convolved, number, cells):
    found = norm_axes.normalized(norm_axes.tensor(0, convolved=convolved), kind)
    assert list(found.sets["cells"]) == [cells] * number
    assert found.sets["name"].is_unique
    assert list(found.cells.groupby("set").size()) == [cells] * number


def test_the_statistics_are_numpys():
    x_NCP = norm_axes.tensor(1, convolved=True)
    sets = norm_axes.normalized(x_NCP, "batch").sets
    assert list(sets["mean"]) == pytest.approx(list(x_NCP.mean((0, 2))))
    assert list(sets["variance"]) == pytest.approx(list(x_NCP.var((0, 2))))
    assert list(norm_axes.normalized(x_NCP, "rms").sets["square"]) == pytest.approx(list((x_NCP**2).mean((1, 2))))


def test_one_group_is_layer_norm_and_a_group_a_channel_is_instance_norm():
    x_NCP = norm_axes.tensor(0, convolved=True)
    for groups, kind in ((1, "layer"), (6, "instance")):
        same = norm_axes.normalized(x_NCP, "group", groups).cells["y"], norm_axes.normalized(x_NCP, kind).cells["y"]
        assert list(same[0]) == pytest.approx(list(same[1]), abs=1e-12)


def test_two_examples_leave_of_each_unit_only_which_is_the_larger():
    """What the page says of batch norm with a batch of two."""
    y = norm_axes.normalized(norm_axes.tensor(0, convolved=False)[:2], "batch").cells["y"]
    assert np.abs(y).between(0.99, 1).all()


@pytest.mark.parametrize(("groups", "message"), [(4, "do not divide"), (6, "leave only 1")])
def test_groups_that_leave_nothing_to_average_are_refused(groups, message):
    with pytest.raises(ValueError, match=message):
        norm_axes.normalized(norm_axes.tensor(0, convolved=False), "group", groups)


def test_the_gradient_through_weight_norm_is_autograds_and_orthogonal_to_v():
    rng = np.random.default_rng(0)
    v, grad, g = rng.normal(size=(3, 5)), rng.normal(size=(3, 5)), 1.7
    leaf = torch.tensor(v, requires_grad=True)
    (g * leaf / leaf.norm(dim=1, keepdim=True)).backward(torch.tensor(grad))
    found = norm_axes.through_weight_norm(v, grad, g)
    assert np.allclose(found, leaf.grad.numpy(), atol=1e-12)
    assert np.abs((found * v).sum(1)).max() < 1e-12


def test_tables_have_the_same_numbers_in_other_sets():
    found = norm_axes.tables(["batch", "layer"], seed=2)
    batch, layer = (found[found["kind"] == kind].reset_index(drop=True) for kind in ("batch", "layer"))
    assert batch["x"].equals(layer["x"])
    assert (batch["name"] == "unit " + (batch["unit"] + 1).astype(str)).all()
    assert (layer["name"] == "example " + (layer["example"] + 1).astype(str)).all()
    assert np.allclose(batch.groupby("unit")["y"].mean(), 0)
    assert np.allclose(layer.groupby("example")["y"].mean(), 0)
