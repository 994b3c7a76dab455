"""Each measure against a slow, obvious twin on the plain network."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parameters_to_vector

import core
from core.engine.advance import advance
from core.engine.measuring.grids import SIDE
from core.engine.measuring.measures import BINS, histograms
from core.engine.network.networks import trained_model
from core.engine.stack import begin
from core.engine.streams import epoch_order
from tests.engine.reference import history, stacked_training
from tests.engine.test_contracts import settings

LAYERS = ("hidden1", "hidden2", "output")


@pytest.fixture(scope="module")
def last_update():
    """One run, its plain network before and after its last update, the gradient of that update, and what the engine recorded."""
    run = settings(seed=2, optimizer={"kind": "sgd", "lr": 0.3}, training={"epochs": 2}, model={"normalization": "layer"})
    split = core.load_data(run.data)
    x, y = torch.tensor(split.x_train), torch.tensor(split.y_train)
    model = core.build_model(run)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
    before = None
    for epoch in range(2):
        for batch in torch.from_numpy(epoch_order(run, epoch, len(x))).split(11):
            before = {name: p.detach().clone() for name, p in model.named_parameters()}
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
            optimizer.step()
    _, records = stacked_training(
        [run, settings(seed=3, optimizer={"kind": "sgd", "lr": 0.3}, training={"epochs": 2}, model={"normalization": "layer"})]
    )
    return run, model, before, x, records


def of(model, before, layer):
    """Values, gradient and former values of a layer (or of the whole network) as vectors."""
    named = [(name, p) for name, p in model.named_parameters() if name.startswith(layer)]
    values = torch.cat([p.detach().flatten() for _, p in named])
    gradient = torch.cat([p.grad.flatten() for _, p in named])
    former = torch.cat([before[name].flatten() for name, _ in named])
    matrices = torch.cat([p.detach().flatten() for _, p in named if p.dim() > 1])
    return values, gradient, former, matrices


@pytest.mark.parametrize("layer", ["", *LAYERS])
def test_norms_and_zeros_equal_those_of_the_plain_network(last_update, layer):
    run, model, before, _, records = last_update
    values, gradient, former, matrices = of(model, before, layer)
    rows = [row for row in (records.layers if layer else records.history) if row["run"] == run.key and row.get("layer", "") == layer]
    last = rows[-1]
    assert last["weight_norm"] == pytest.approx(values.norm().item(), rel=1e-9)
    assert last["grad_norm"] == pytest.approx(gradient.norm().item(), rel=1e-9)
    assert last["update_ratio"] == pytest.approx(((values - former).norm() / former.norm()).item(), rel=1e-9)
    assert last["sparsity"] == pytest.approx((matrices == 0).double().mean().item())
    assert last["near_zero"] == pytest.approx((matrices.abs() < 1e-3).double().mean().item())
    assert math.isnan(rows[0]["update_ratio"])


def test_activations_and_dead_units_equal_hooks_on_the_plain_network(last_update):
    run, model, _, x, records = last_update
    seen = {}
    hooks = [
        (model.output if layer == "output" else model.get_submodule(f"{layer}.activation")).register_forward_hook(
            lambda module, args, out, layer=layer: seen.__setitem__(layer, out)
        )
        for layer in LAYERS
    ]
    with torch.no_grad():
        model.eval()(x)
    for hook in hooks:
        hook.remove()
    last = {row["layer"]: row for row in records.layers[-6:] if row["run"] == run.key}
    for layer in LAYERS:
        assert last[layer]["activation_mean"] == pytest.approx(seen[layer].mean().item(), rel=1e-9)
        assert last[layer]["activation_std"] == pytest.approx(seen[layer].var(0, correction=0).mean().sqrt().item(), rel=1e-9)
    dead = {layer: (seen[layer] == 0).all(0) for layer in LAYERS[:2]}
    assert [last[layer]["dead_fraction"] for layer in dead] == [d.double().mean().item() for d in dead.values()]
    assert history(records, run)[-1]["dead_fraction"] == pytest.approx(torch.cat(list(dead.values())).double().mean().item())
    assert math.isnan(last["output"]["dead_fraction"])


def test_dead_units_are_found_where_they_are():
    run = settings(model={"hidden": [4], "activation": "relu"})
    start = core.build_model(run)
    with torch.no_grad():
        start.hidden1.linear.bias[:3] = -1e6
    stack, records = advance(begin([run], initial=[start.state_dict()]), 0)
    assert records.history[0]["dead_fraction"] == 0.75


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_spread_of_activations_is_that_between_examples_also_where_a_layer_puts_out_the_same_for_all(dtype):
    """Ten sigmoid layers put out nearly constants, other ones in each unit: what differs between examples falls to a millionth."""
    run = settings(model={"hidden": [9] * 10, "activation": "sigmoid", "init": {"kind": "normal", "std": 0.1}}, training={"dtype": dtype})
    _, records = advance(begin([run]), 0)
    a_ND, expected = torch.tensor(core.load_data(run.data).x_train), []
    for layer in list(core.build_model(run).double().children())[:10]:
        with torch.no_grad():
            a_ND = layer(a_ND)
        over_examples = [np.std(unit) for unit in a_ND.numpy().T]
        expected.append(np.sqrt(np.mean(np.square(over_examples))))
    found = [row["activation_std"] for row in records.layers if row["layer"] != "output"]
    rounded = {"float64": 1e-16, "float32": 5e-8}[dtype]  # of activations near a half
    assert found == pytest.approx(expected, rel=1e-9 if dtype == "float64" else 0.2, abs=rounded)
    assert expected[0] > 1e-2
    assert expected[-1] < 1e-6


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_signals_and_gradients_that_all_but_vanish_are_measured_in_float32_as_in_float64(activation):
    """Their squares are 0 in float32; a unit that is small is not dead."""
    model = {"hidden": [9] * 20, "activation": activation, "init": {"kind": "normal", "std": 0.02}}
    rows = {}
    for dtype in ("float32", "float64"):
        _, records = stacked_training([settings(model=model, training={"dtype": dtype, "epochs": 1})])
        rows[dtype] = [row for row in records.layers if row["step"] == 0]
    assert min(row["grad_norm"] for row in rows["float64"]) < 1e-21
    for ours, exact in zip(rows["float32"], rows["float64"], strict=True):
        assert ours["grad_norm"] == pytest.approx(exact["grad_norm"], rel=1e-3), ours["layer"]
        if activation == "tanh":
            assert ours["activation_std"] == pytest.approx(exact["activation_std"], rel=1e-3), ours["layer"]
        assert ours["dead_fraction"] in (0, pytest.approx(math.nan, nan_ok=True)), ours["layer"]


def test_before_the_first_update_the_gradient_is_that_of_the_first_batch():
    run = settings(model={"dropout": 0.0})
    _, records = advance(begin([run]), 0)
    split = core.load_data(run.data)
    model = core.build_model(run)
    batch = epoch_order(run, 0, len(split.x_train))[:11]
    nn.functional.cross_entropy(model(torch.tensor(split.x_train[batch])), torch.tensor(split.y_train[batch])).backward()
    norm = torch.cat([p.grad.flatten() for p in model.parameters()]).norm().item()
    assert records.history[0]["grad_norm"] == pytest.approx(norm, rel=1e-9)
    assert math.isnan(records.history[0]["train_loss"])


def test_histograms_equal_numpys():
    rng = np.random.default_rng(0)
    weights = torch.tensor(rng.normal(size=(3, 501)))
    columns = histograms(weights)
    for row in range(3):
        counts, edges = np.histogram(weights[row].numpy(), bins=BINS)
        assert columns["low"][row] == pytest.approx(edges[0])
        assert columns["high"][row] == pytest.approx(edges[-1])
        ours = np.frombuffer(columns["counts"][row], np.float32)
        assert ours.sum() == 501
        assert np.abs(ours - counts).max() <= 1  # a value on an edge may round to either side


def test_histograms_of_equal_and_of_broken_weights():
    columns = histograms(torch.tensor([[0.5, 0.5], [1.0, math.nan], [math.inf, 0.0]]))
    assert columns["low"][0] < 0.5 < columns["high"][0]
    assert np.frombuffer(columns["counts"][0], np.float32).sum() == 2
    for row in (1, 2):
        assert math.isnan(columns["low"][row])
        assert np.isnan(np.frombuffer(columns["counts"][row], np.float32)).all()


def test_the_grid_holds_the_classes_that_the_network_gives():
    run = settings(data="moons")
    models, records = stacked_training([run])
    grid = records.grids[-1]["grid"]
    x_low, x_high, y_low, y_high = struct.unpack("<4f", grid[:16])
    planes = np.frombuffer(grid[16:], np.float32).reshape(2, SIDE, SIDE)
    train = core.load_data(run.data).x_train
    assert x_low < train[:, 0].min() < train[:, 0].max() < x_high
    for row, column in [(0, 0), (5, 40), (SIDE - 1, SIDE - 1)]:
        point = torch.tensor([[np.linspace(x_low, x_high, SIDE)[column], np.linspace(y_low, y_high, SIDE)[row]]], dtype=torch.float64)
        probabilities = models[run.key](point).softmax(1)[0]
        assert planes[0, row, column] == probabilities.argmax().item()
        assert planes[1, row, column] == pytest.approx(probabilities.max().item(), abs=1e-4)


def test_the_stored_weights_are_those_of_the_last_row():
    run = settings()
    _, records = stacked_training([run])
    model = trained_model(run, records.ended[0]["weights"])
    norm = parameters_to_vector(model.parameters()).norm().item()
    assert history(records, run)[-1]["weight_norm"] == pytest.approx(norm)
    assert not model.training
