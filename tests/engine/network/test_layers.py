"""Every stacked layer against the plain torch module that it stands for, alone, in training, and among others."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import torch
from torch import nn

import core
from core.choices.activations import Activation
from core.choices.models.modules import PictureRmsNorm, Residual, WeightNorm
from core.choices.normalizations import Normalization
from core.engine.kernels import chains
from core.engine.network.chaining import ELEMENTWISE
from core.engine.network.layers import Pass, StackedTensors, stacked
from core.engine.network.networks import Layout
from core.engine.streams import epoch_order, uniforms
from tests.engine.reference import assert_same_weights, plain_torch_training, stacked_training, vector
from tests.engine.test_contracts import MIXED, every, kind_of, settings

RUNS, EXAMPLES = 3, 5

MODULES = {
    "linear": (lambda: nn.Linear(7, 4), (7,)),
    "linear without bias": (lambda: nn.Linear(7, 4, bias=False), (7,)),
    "linear at every step": (lambda: nn.Linear(7, 4), (6, 7)),
    "weight norm": (lambda: WeightNorm(nn.Linear(7, 4)), (7,)),
    "weight norm without bias": (lambda: WeightNorm(nn.Linear(7, 4, bias=False)), (7,)),
    "weight norm of a convolution": (lambda: WeightNorm(nn.Conv2d(2, 4, 3, padding=1)), (2, 6, 5)),
    "convolution over a line": (lambda: nn.Conv1d(2, 4, 5, padding=2, stride=3), (2, 11)),
    "convolution over a plane": (lambda: nn.Conv2d(2, 4, 3, padding=1), (2, 6, 5)),
    "convolution without bias": (lambda: nn.Conv2d(2, 4, 3, bias=False), (2, 6, 5)),
    "batch norm": (lambda: nn.BatchNorm1d(7), (7,)),
    "batch norm over a line": (lambda: nn.BatchNorm1d(4, momentum=0.3), (4, 6)),
    "batch norm over a plane": (lambda: nn.BatchNorm2d(4, eps=0.1), (4, 6, 3)),
    "layer norm": (lambda: nn.LayerNorm(7), (7,)),
    "layer norm without scale": (lambda: nn.LayerNorm(7, elementwise_affine=False), (7,)),
    "group norm": (lambda: nn.GroupNorm(2, 6), (6,)),
    "group norm over a plane": (lambda: nn.GroupNorm(2, 6, eps=0.1), (6, 4, 3)),
    "instance norm over a line": (lambda: nn.InstanceNorm1d(4), (4, 6)),
    "instance norm over a plane": (lambda: nn.InstanceNorm2d(4, eps=0.1), (4, 6, 3)),
    "RMS norm": (lambda: nn.RMSNorm(7, eps=0.1), (7,)),
    "RMS norm over a plane": (lambda: PictureRmsNorm(4, eps=1e-5), (4, 6, 3)),
    "ReLU": (nn.ReLU, (7,)),
    "tanh": (nn.Tanh, (7,)),
    "PReLU": (lambda: nn.PReLU(), (7,)),
    "PReLU over a plane": (lambda: nn.PReLU(), (4, 6, 3)),
    "max pooling over a line": (lambda: nn.MaxPool1d(2), (4, 7)),
    "max pooling over a plane": (lambda: nn.MaxPool2d(2), (4, 6, 5)),
    "average pooling over a line": (lambda: nn.AvgPool1d(2), (4, 7)),
    "average pooling over a plane": (lambda: nn.AvgPool2d(2), (4, 6, 5)),
    "unflatten": (lambda: nn.Unflatten(1, (2, 3, 4)), (24,)),
    "flatten": (nn.Flatten, (2, 3, 4)),
    "residual": (lambda: Residual(nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3), nn.ReLU()), (3, 6, 5)),
    "a block": (lambda: nn.Sequential(nn.Conv1d(2, 4, 3), nn.GroupNorm(2, 4), nn.Tanh(), nn.Flatten(), nn.Linear(32, 3)), (2, 10)),
}  # fmt: skip


def copies(build, runs):
    """As many modules, each with its own random parameters, in float64."""
    modules = [build().double() for _ in range(runs)]
    for module in modules:
        for parameter in module.parameters():
            nn.init.uniform_(parameter, 0.2, 1.0)
    return modules


def together(modules):
    """The stacked layer, its parameters and its buffers, by name."""
    stacks = [dict.fromkeys(name for name, _ in named(modules[0])) for named in (nn.Module.named_parameters, nn.Module.named_buffers)]
    for stack in stacks:
        for name in stack:
            stack[name] = torch.stack([module.state_dict()[name] for module in modules])
    parameters, buffers = stacks
    parameters = {f"it.{name}": value.requires_grad_() for name, value in parameters.items()}
    buffers = {f"it.{name}": value for name, value in buffers.items()}
    return stacked(modules[0], "it", StackedTensors(parameters, buffers)), parameters, buffers


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize("runs", [1, RUNS])
@pytest.mark.parametrize("name", MODULES)
def test_a_stacked_layer_is_the_modules_one_by_one(name, runs, training):
    torch.manual_seed(0)
    build, shape = MODULES[name]
    modules = [module.train(training) for module in copies(build, runs)]
    layer, parameters, buffers = together(modules)
    x = torch.randn(runs, EXAMPLES, *shape, dtype=torch.float64, requires_grad=True)
    out = layer(x * 1, Pass(training))
    scale = torch.randn_like(out)
    gradients = torch.autograd.grad((out * scale).sum(), [x, *parameters.values()])
    for run, module in enumerate(modules):
        plain_out = module(x[run])
        torch.testing.assert_close(out[run], plain_out, atol=1e-12, rtol=1e-10)
        wanted = torch.autograd.grad((plain_out * scale[run]).sum(), [x, *module.parameters()])
        torch.testing.assert_close(gradients[0][run], wanted[0][run], atol=1e-12, rtol=1e-10)
        for ours, theirs in zip(gradients[1:], wanted[1:], strict=True):
            torch.testing.assert_close(ours[run], theirs, atol=1e-12, rtol=1e-10)
        for own, buffer in module.named_buffers():
            torch.testing.assert_close(buffers[f"it.{own}"][run], buffer)


def test_a_module_without_a_stacked_form_is_named():
    with pytest.raises(TypeError, match="no stacked form of Bilinear"):
        stacked(nn.Bilinear(2, 2, 2), "it", StackedTensors({}, {}))


@pytest.mark.parametrize("activation", [nn.Tanh(), nn.Sigmoid(), nn.ReLU()], ids=lambda module: type(module).__name__)
def test_activations_are_exact_where_they_are_small(activation):
    """Deep networks from a small start live there: a formula that is right to 1e-7 would make their activations and gradients 0."""
    x_RBI = torch.tensor([1e-3, -1e-6, 1e-8, -1e-12, 1e-30, 0.0, torch.inf, torch.nan]).view(1, 2, 4)
    chained = chains.run([ELEMENTWISE[type(activation)]], x_RBI.clone(), [])
    torch.testing.assert_close(chained[-1], activation(x_RBI), rtol=1e-6, atol=0, equal_nan=True)
    layer = stacked(activation, "it", StackedTensors({}, {}))
    torch.testing.assert_close(layer(x_RBI.clone(), Pass(training=True)), activation(x_RBI), rtol=1e-6, atol=0, equal_nan=True)


def test_a_deep_tanh_network_from_a_small_start_has_the_activations_of_plain_torch():
    run = settings(model={"hidden": [9] * 12, "activation": "tanh", "init": {"kind": "normal", "std": 0.02}}, training={"dtype": "float32"})
    _, records = stacked_training([run])
    spread = {row["layer"]: row["activation_std"] for row in records.layers if row["step"] == 0}
    plain, a_ND = core.build_model(run), torch.tensor(core.load_data(run.data).x_train, dtype=torch.float32)
    for name, layer in plain.named_children():
        a_ND = layer(a_ND)
        assert spread[name] == pytest.approx(a_ND.double().var(0, correction=0).mean().sqrt().item(), rel=1e-2), name


MODELS = {"mlp": {"hidden": [8, 12]}, "convnet": {"kind": "convnet", "channels": [8, 4]}}
FEW_DIGITS = {"kind": "digits", "validation_fraction": 0.45, "test_fraction": 0.5}


@pytest.mark.parametrize("normalization", every(Normalization), ids=kind_of)
@pytest.mark.parametrize("model", MODELS)
def test_every_normalization_trains_as_plain_torch_would_in_both_modes(model, normalization):
    model = MODELS[model] | {"normalization": kind_of(normalization), "activation": "silu"}
    if kind_of(normalization) == "group":
        model["normalization"] = {"kind": "group", "groups": 2}
    runs = [settings(data=FEW_DIGITS, model=model, seed=seed, optimizer={"kind": "sgd", "lr": 0.05, "momentum": 0.9}) for seed in (0, 2)]
    models, records = stacked_training(runs)
    x = torch.tensor(core.load_data(runs[0].data).x_val[:20])
    for run in runs:
        plain = plain_torch_training(run).model
        assert_same_weights(models[run.key], plain, 1e-10)
        for mode in (True, False):
            with torch.no_grad():
                torch.testing.assert_close(models[run.key].train(mode)(x), plain.train(mode)(x), atol=1e-9, rtol=0)


@pytest.mark.parametrize("model", [
    {"activation": "prelu"},
    {"activation": {"kind": "prelu", "slope": 0.5}, "normalization": "rms", "skip": True, "channels": [6, 6]},
    {"channels": [3, 5, 3], "kernel": [5, 3, 1], "stride": 2, "pooling": "none", "bias": False},
    {"pooling": "average", "normalization": "batch", "skip": True, "channels": [1, 1]},
    {"normalization": "weight", "activation": "tanh", "init": "lsuv"},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("data", [FEW_DIGITS, {"kind": "mnist1d", "samples": 200}], ids=["plane", "line"])
def test_convnets_train_as_plain_torch_would(data, model):
    model = {"kind": "convnet", "channels": [4, 6]} | model
    runs = [settings(data=data, model=model, seed=seed, optimizer={"kind": "sgd", "lr": 0.05, "momentum": 0.9}) for seed in (0, 2)]
    models, _ = stacked_training(runs)
    for run in runs:
        assert_same_weights(models[run.key], plain_torch_training(run).model, 1e-10)


@pytest.mark.parametrize("kind", ["convnet", "recurrent"])
def test_a_network_of_another_kind_alone_equals_itself_in_any_stack(kind):
    small = {"convnet": {"channels": [4], "normalization": "batch", "dropout": 0.3, "bias": False}, "recurrent": {"hidden": 5}}
    runs = [settings(data=FEW_DIGITS, model={"kind": kind} | small[kind], **changes) for changes in MIXED]
    alone = {run.key: stacked_training([run])[0][run.key] for run in runs}
    for members in (runs, runs[::-1], runs[2:5]):
        models, _ = stacked_training(members)
        for run in members:
            assert_same_weights(models[run.key], alone[run.key], 1e-10)


def twin_with_masks(run, rates):
    """Plain training of an MLP of two hidden layers with masks drawn from the run's stream: `rates` of input, first, second layer."""
    split = core.load_data(run.data)
    x, y = torch.tensor(split.x_train), torch.tensor(split.y_train)
    twin = core.build_model(run)
    optimizer = torch.optim.SGD(twin.parameters(), lr=0.1)

    def masked(values, rate, number, step):
        return values * (uniforms(run.seed, number, step, tuple(values.shape)) >= rate) / (1 - rate)

    for step, batch in enumerate(torch.from_numpy(epoch_order(run, 0, len(x))).split(11)):
        out = masked(x[batch], rates[0], 2, step)
        for number, layer in enumerate((twin.hidden1, twin.hidden2)):
            out = masked(torch.relu(layer.linear(out)), rates[1 + number], number, step)
        optimizer.zero_grad()
        nn.functional.cross_entropy(twin.output(out), y[batch]).backward()
        optimizer.step()
    return twin


def test_every_layer_and_the_input_have_their_own_dropout_in_each_run():
    rates = [(0.0, 0.4, 0.1), (0.2, 0.0, 0.5), (0.3, 0.3, 0.3)]
    runs = [
        settings(
            model={"hidden": [6, 4], "input_dropout": rate[0], "dropout": 0.3 if rate[1] == rate[2] else rate[1:]},
            seed=seed, optimizer={"kind": "sgd", "lr": 0.1}, training={"epochs": 1},
        )
        for seed, rate in enumerate(rates, start=3)
    ]  # fmt: skip
    models, _ = stacked_training(runs)
    for run, rate in zip(runs, rates, strict=True):
        assert_same_weights(models[run.key], twin_with_masks(run, rate), 1e-10)


def test_dropout_in_a_convnet_masks_single_numbers():
    run = settings(
        data=FEW_DIGITS,
        model={"kind": "convnet", "channels": [3], "dropout": 0.4},
        optimizer={"kind": "sgd", "lr": 0.1},
        training={"epochs": 1},
    )
    models, _ = stacked_training([run, run.model_copy(update={"seed": 1})])
    split = core.load_data(run.data)
    x, y = torch.tensor(split.x_train), torch.tensor(split.y_train)
    twin = core.build_model(run)
    optimizer = torch.optim.SGD(twin.parameters(), lr=0.1)
    for step, batch in enumerate(torch.from_numpy(epoch_order(run, 0, len(x))).split(11)):
        hidden = torch.relu(twin.hidden1.convolution(x[batch].view(-1, 1, 8, 8)))
        kept = uniforms(0, 0, step, tuple(hidden.shape)) >= 0.4
        optimizer.zero_grad()
        nn.functional.cross_entropy(twin.output(twin.pooling1(hidden * kept / 0.6).flatten(1)), y[batch]).backward()
        optimizer.step()
    assert_same_weights(models[run.key], twin, 1e-10)


def test_weights_are_the_parameters_that_stand_in_matrices_or_kernels():
    run = settings(data=FEW_DIGITS, model={"kind": "convnet", "channels": [4, 4], "normalization": "weight", "activation": "prelu"})
    layout = Layout.of(core.build_model(run))
    names = {name: columns for name, columns, _ in layout.parameters}
    assert layout.weights["hidden1"] == (names["hidden1.convolution.v"],)
    assert layout.weights["output"] == (names["output.weight"],)
    run = settings(data=FEW_DIGITS, model={"kind": "recurrent", "hidden": 4})
    layout = Layout.of(core.build_model(run))
    names = {name: columns for name, columns, _ in layout.parameters}
    assert layout.weights["hidden1"] == (names["hidden1.rnn.weight_ih_l0"], names["hidden1.rnn.weight_hh_l0"])


@pytest.mark.parametrize(
    "model", [{"kind": "convnet", "channels": [4]}, {"kind": "recurrent", "cell": "rnn", "hidden": 5, "activation": "relu"}], ids=str
)
def test_a_unit_is_dead_when_it_is_zero_at_every_position(model):
    run = settings(data=FEW_DIGITS, model=model)
    start = core.build_model(run)
    with torch.no_grad():
        biases = start.hidden1.convolution.bias if model["kind"] == "convnet" else start.hidden1.rnn.bias_ih_l0
        biases[:2] = -1e6
    _, records = core.engine.advance.advance(core.engine.stack.begin([run], initial=[start.state_dict()]), 0)
    x = torch.tensor(core.load_data(run.data).x_train)
    with torch.no_grad():
        if model["kind"] == "convnet":
            units = torch.relu(start.hidden1.convolution(x.view(-1, 1, 8, 8))).transpose(1, 2).transpose(2, 3)
        else:
            units = start.hidden1.rnn(x.view(-1, 8, 8))[0]
    units = units.reshape(-1, units.shape[-1])
    row = next(row for row in records.layers if row["layer"] == "hidden1")
    assert row["dead_fraction"] == (units == 0).all(0).double().mean().item() >= 2 / len(biases)
    assert row["activation_mean"] == pytest.approx(units.mean().item(), rel=1e-9)
    assert row["activation_std"] == pytest.approx(units.var(0, correction=0).mean().sqrt().item(), rel=1e-9)


@pytest.mark.parametrize("model", get_args(get_args(core.choices.models.Model)[0]), ids=kind_of)
def test_every_model_trains_with_its_defaults_on_the_default_data(model):
    runs = [core.RunSettings.model_validate({"model": kind_of(model), "training": {"epochs": 8}, "seed": seed}) for seed in (0, 1)]
    _, records = stacked_training(runs)
    assert [row["status"] for row in records.ended] == ["finished", "finished"]
    assert min(row["test_accuracy"] for row in records.ended) > 0.5


@pytest.mark.parametrize("choice", [*every(Activation), *every(Normalization)], ids=kind_of)
def test_every_activation_and_normalization_trains_with_its_defaults_on_the_default_data(choice):
    field = "activation" if choice in every(Activation) else "normalization"
    run = core.RunSettings.model_validate({"model": {"kind": "mlp", field: kind_of(choice)}, "training": {"epochs": 3}})
    _, records = stacked_training([run])
    assert records.ended[0]["test_accuracy"] > 0.6
    assert np.isfinite(vector(core.build_model(run))).all()
