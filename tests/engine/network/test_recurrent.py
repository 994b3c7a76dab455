"""Stacked recurrent layers against torch's RNN, LSTM and GRU: states, gradients, training, truncation."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import core
from core.choices.models.modules import LastStates
from core.engine.kernels import cells
from core.engine.network import recurrent as layers_recurrent
from core.engine.network.layers import Pass, StackedTensors, stacked
from core.engine.streams import epoch_order
from tests.engine import kinds
from tests.engine.reference import assert_same_weights, plain_torch_training, stacked_training
from tests.engine.test_contracts import settings

RUNS, EXAMPLES, STEPS, FEATURES, UNITS = 3, 5, 7, 2, 6

CELLS = {
    "rnn": lambda **options: nn.RNN(FEATURES, UNITS, batch_first=True, **options),
    "relu": lambda **options: nn.RNN(FEATURES, UNITS, batch_first=True, nonlinearity="relu", **options),
    "lstm": lambda **options: nn.LSTM(FEATURES, UNITS, batch_first=True, **options),
    "gru": lambda **options: nn.GRU(FEATURES, UNITS, batch_first=True, **options),
}


def stack_of(modules):
    """The stacked layer and its parameters by name."""
    names = [name for name, _ in modules[0].named_parameters()]
    parameters = {
        f"it.{name}": torch.stack([dict(m.named_parameters())[name].detach() for m in modules]).requires_grad_() for name in names
    }
    return stacked(modules[0], "it", StackedTensors(parameters, {})), parameters


def assert_equal_to_torch(modules, x, atol):
    """States and gradients of the stacked layer, twice, since the second pass uses the first one's memory again."""
    layer, parameters = stack_of(modules)
    for _ in range(2):
        out = layer(x, Pass(True))
        scale = torch.randn_like(out)
        gradients = torch.autograd.grad((out * scale).sum(), list(parameters.values()), materialize_grads=True)
        for run, module in enumerate(modules):
            plain = module(x[run])
            torch.testing.assert_close(out[run], plain, atol=atol, rtol=0)
            wanted = torch.autograd.grad((plain * scale[run]).sum(), list(module.parameters()), materialize_grads=True, allow_unused=True)
            for ours, theirs in zip(gradients, wanted, strict=True):
                torch.testing.assert_close(ours[run], theirs, atol=10 * atol, rtol=0)


@pytest.mark.parametrize(("keep", "truncation"), [(1, None), (3, None), (1, 3), (3, 4), (2, 1), (1, 50)])
@pytest.mark.parametrize("bias", [True, False], ids=["biases", "no biases"])
@pytest.mark.parametrize("cell", CELLS)
def test_states_and_gradients_are_torchs(cell, bias, keep, truncation):
    torch.manual_seed(0)
    modules = [LastStates(CELLS[cell](bias=bias).double(), keep, truncation) for _ in range(RUNS)]
    x = torch.randn(RUNS, EXAMPLES, STEPS, FEATURES, dtype=torch.float64)
    assert_equal_to_torch(modules, x, 1e-12)


@pytest.mark.parametrize("keep", [1, STEPS], ids=["last states", "all states"])
@pytest.mark.parametrize("bias", [True, False], ids=["biases", "no biases"])
@pytest.mark.parametrize("cell", CELLS)
def test_two_directions_are_torchs(cell, bias, keep):
    torch.manual_seed(0)
    modules = [LastStates(CELLS[cell](bias=bias, bidirectional=True).double(), keep, None) for _ in range(RUNS)]
    x = torch.randn(RUNS, EXAMPLES, STEPS, FEATURES, dtype=torch.float64)
    assert_equal_to_torch(modules, x, 1e-12)
    layer, _ = stack_of(modules)
    seen = {}
    layer(x, Pass(False, watch=seen.__setitem__))
    for run, module in enumerate(modules):
        torch.testing.assert_close(seen["it"][run], module.rnn(x[run])[0].transpose(1, 2))


def test_a_wide_lstm_of_two_directions_is_torchs():
    torch.manual_seed(0)
    for keep in (1, STEPS):
        wide = nn.LSTM(FEATURES, layers_recurrent.WIDE, batch_first=True, bidirectional=True)
        assert_equal_to_torch([LastStates(wide, keep, None)] * RUNS, torch.randn(RUNS, EXAMPLES, STEPS, FEATURES), 1e-6)


@pytest.mark.parametrize(("keep", "truncation"), [(1, None), (3, 4)])
def test_a_wide_lstm_goes_to_torchs_own_kernel_and_gives_the_same(keep, truncation, monkeypatch):
    torch.manual_seed(0)
    used = []
    own = layers_recurrent.one_by_one
    monkeypatch.setattr(layers_recurrent, "one_by_one", lambda *args: used.append(True) or own(*args))
    wide = layers_recurrent.WIDE
    modules = [LastStates(nn.LSTM(FEATURES, wide, batch_first=True), keep, truncation) for _ in range(RUNS)]
    assert_equal_to_torch(modules, torch.randn(RUNS, EXAMPLES, STEPS, FEATURES), 1e-6)
    assert used
    del used[:]
    monkeypatch.setattr(layers_recurrent, "WIDE", wide + 1)
    assert_equal_to_torch(modules, torch.randn(RUNS, EXAMPLES, STEPS, FEATURES), 1e-6)
    assert not used


@pytest.mark.parametrize("cell", CELLS)
def test_a_pass_without_gradient_keeps_nothing_and_gives_the_same_states(cell):
    torch.manual_seed(0)
    modules = [LastStates(CELLS[cell](), 2, None) for _ in range(RUNS)]
    layer, _ = stack_of(modules)
    x = torch.randn(RUNS, EXAMPLES, STEPS, FEATURES)
    seen = {}
    with torch.no_grad():
        out = layer(x, Pass(False, watch=seen.__setitem__))
    torch.testing.assert_close(out, layer(x, Pass(True)))
    for run, module in enumerate(modules):
        torch.testing.assert_close(seen["it"][run], module.rnn(x[run])[0].transpose(1, 2), atol=1e-6, rtol=0)


def test_states_that_are_watched_in_training_have_a_gradient():
    torch.manual_seed(0)
    modules = [LastStates(CELLS["gru"]().double(), 1, None) for _ in range(RUNS)]
    layer, parameters = stack_of(modules)
    x = torch.randn(RUNS, EXAMPLES, STEPS, FEATURES, dtype=torch.float64)
    seen = {}
    layer(x, Pass(True, watch=seen.__setitem__))
    ours = torch.autograd.grad(seen["it"].square().sum(), list(parameters.values()))
    for run, module in enumerate(modules):
        theirs = torch.autograd.grad(module.rnn(x[run])[0].square().sum(), list(module.parameters()))
        torch.testing.assert_close([gradient[run] for gradient in ours], list(theirs))


def test_two_passes_before_their_backward_passes_do_not_share_memory():
    torch.manual_seed(0)
    modules = [LastStates(CELLS["lstm"]().double(), 1, None) for _ in range(RUNS)]
    layer, parameters = stack_of(modules)
    first, second = torch.randn(2, RUNS, EXAMPLES, STEPS, FEATURES, dtype=torch.float64)
    alone = [torch.autograd.grad(layer(x, Pass(True)).sum(), list(parameters.values())) for x in (first, second)]
    outs = [layer(x, Pass(True)) for x in (first, second)]
    for out, wanted in zip(outs, alone, strict=True):
        torch.testing.assert_close(torch.autograd.grad(out.sum(), list(parameters.values())), wanted)


@pytest.mark.parametrize("options", [{"num_layers": 2}, {"proj_size": 3}], ids=str)
def test_layers_that_are_not_stacked_are_refused(options):
    with pytest.raises(TypeError, match="one layer at a time"):
        cells.cell_for(nn.LSTM(2, 4, **options))


ADDING = {"kind": "adding", "samples": 150, "steps": 9}
COPY = {"kind": "copy", "samples": 100, "symbols": 3, "length": 3, "delay": 4}


CHANGES = [
    {},
    {"truncation": 4},
    {"bias": False},
    {"spectral_radius": 1.2},
    {"readout": "all", "truncation": 3},
    {"bidirectional": True, "bias": False},
    {"bidirectional": True, "readout": "all"},
]


@pytest.mark.parametrize("changes", CHANGES, ids=str)
@pytest.mark.parametrize("cell", kinds.CELLS)
@pytest.mark.parametrize(
    "data",
    [ADDING, {"kind": "mnist1d", "samples": 200}, {"kind": "digits", "validation_fraction": 0.9, "test_fraction": 0.05}],
    ids=lambda d: d["kind"],
)
def test_a_stack_trains_each_run_as_plain_torch_would(data, cell, changes):
    model = {"kind": "recurrent", "cell": cell, "hidden": 5} | changes
    runs = [settings(data=data, model=model, seed=seed, optimizer={"kind": "adam", "lr": 0.01}, training={"epochs": 2}) for seed in (0, 3)]
    models, _ = stacked_training(runs)
    for run in runs:
        assert_same_weights(models[run.key], plain_torch_training(run).model, 1e-10)


@pytest.mark.parametrize("cell", kinds.CELLS)
def test_several_targets_train_as_plain_torch_would(cell):
    runs = [
        settings(data=COPY, model={"kind": "recurrent", "cell": cell, "hidden": 5}, seed=seed, training={"epochs": 2}) for seed in (0, 3)
    ]
    models, _ = stacked_training(runs)
    for run in runs:
        split = core.load_data(run.data)
        x, y = torch.tensor(split.x_train), torch.tensor(split.y_train)
        model = core.build_model(run)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for epoch in range(2):
            for batch in torch.from_numpy(epoch_order(run, epoch, len(x))).split(11):
                states = model.hidden1.rnn(x[batch].view(-1, *split.shape))[0][:, -3:]
                optimizer.zero_grad()
                nn.functional.cross_entropy(model.output(states).flatten(0, 1), y[batch].flatten()).backward()
                optimizer.step()
        assert_same_weights(models[run.key], model, 1e-10)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_all_states_tell_several_targets_as_plain_torch_would(bidirectional):
    model = {"kind": "recurrent", "cell": "gru", "hidden": 5, "readout": "all", "bidirectional": bidirectional}
    run = settings(data=COPY, model=model, training={"epochs": 2})
    models, _ = stacked_training([run])
    split = core.load_data(run.data)
    x, y = torch.tensor(split.x_train), torch.tensor(split.y_train)
    network = core.build_model(run)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    for epoch in range(2):
        for batch in torch.from_numpy(epoch_order(run, epoch, len(x))).split(11):
            states = network.hidden1.rnn(x[batch].view(-1, *split.shape))[0]
            logits = network.output(states.reshape(len(batch), -1)).view(-1, 3)
            optimizer.zero_grad()
            nn.functional.cross_entropy(logits, y[batch].flatten()).backward()
            optimizer.step()
    assert_same_weights(models[run.key], network, 1e-10)


@pytest.mark.parametrize("readout", ["last", "all"])
@pytest.mark.parametrize("cell", kinds.CELLS)
def test_two_directions_train_alone_and_resumed_as_stacked_and_uninterrupted(cell, readout):
    model = {"kind": "recurrent", "cell": cell, "hidden": 5, "bidirectional": True, "readout": readout}
    runs = [settings(data=ADDING, model=model, seed=seed, training={"epochs": 3}) for seed in (4, 0, 2)]
    together, _ = stacked_training(runs)
    resumed, _ = stacked_training(runs, epochs=1)
    for run in runs:
        alone, _ = stacked_training([run])
        assert_same_weights(alone[run.key], together[run.key], 1e-12)
        assert_same_weights(resumed[run.key], together[run.key], 0)


def test_a_trained_layer_is_torchs_own_and_takes_its_state():
    run = settings(data=ADDING, model={"kind": "recurrent", "cell": "lstm", "hidden": 5}, training={"epochs": 1})
    models, _ = stacked_training([run])
    state = {name.removeprefix("hidden1.rnn."): value for name, value in models[run.key].state_dict().items() if "rnn" in name}
    theirs = nn.LSTM(2, 5, batch_first=True).double()
    assert list(state) == list(theirs.state_dict())
    theirs.load_state_dict(state)
    x = torch.randn(4, 9, 2, dtype=torch.float64)
    torch.testing.assert_close(theirs(x)[0][:, -1], models[run.key].hidden1(x))


FIFTEEN = {"epochs": 15, "batch_size": 50}


def test_an_echo_of_the_first_step_is_learned_without_truncation_and_not_with_it():
    model = {"kind": "recurrent", "cell": "gru", "hidden": 16}
    data = {"kind": "copy", "samples": 600, "symbols": 2, "length": 1, "delay": 8}
    runs = [
        settings(data=data, model=model | {"truncation": truncation}, optimizer={"kind": "adam", "lr": 0.02}, training=FIFTEEN)
        for truncation in (None, 3)
    ]  # fmt: skip
    accuracy = []
    for run in runs:
        _, records = stacked_training([run])
        accuracy.append(records.ended[0]["test_accuracy"])
    assert accuracy[0] > 0.95
    assert accuracy[1] < 0.7
