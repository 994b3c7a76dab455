"""Networks: what they count, what they refuse, and how their hidden layers can be said."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from core.choices.models import Convnet, Linear, Mlp, Recurrent, Sizes
from core.choices.models.modules import LastStates, Residual, WeightNorm
from core.settings import RunSettings, SettingsError

PICTURE = Sizes((2, 9, 7), 5)
SIGNAL = Sizes((3, 17), 4)
SEQUENCE = Sizes((11, 3), 4, sequence=True, targets=2)
ROW = Sizes((13,), 3)

FITTING = [
    (Linear(), ROW),
    (Linear(bias=False), SEQUENCE),
    (Mlp(hidden=(7, 5)), ROW),
    (Mlp(hidden=(6, 6, 6), skip=True, activation="prelu", dropout=(0.1, 0.0, 0.2)), ROW),
    (Mlp(hidden=(8, 12), normalization="batch", bias=False), SEQUENCE),
    (Mlp(hidden=(8, 12), normalization="group"), ROW),
    (Mlp(hidden=(8, 12), normalization="instance"), ROW),
    (Mlp(hidden=(8, 12), normalization="rms"), PICTURE),
    (Mlp(hidden=(8, 12), normalization="weight", input_dropout=0.1), ROW),
    (Convnet(channels=(4, 8)), PICTURE),
    (Convnet(channels=(4, 8), normalization="layer", pooling="average", activation="prelu"), SIGNAL),
    (Convnet(channels=(4, 8, 8), kernel=(5, 3, 1), stride=2, pooling="none", bias=False), PICTURE),
    (Convnet(channels=(4, 4), kernel=(2,), normalization="weight"), SIGNAL),
    (Convnet(channels=(4,), normalization="rms"), SEQUENCE),
    (Recurrent(cell="rnn", hidden=5), SEQUENCE),
    (Recurrent(cell="lstm", hidden=5), PICTURE),
    (Recurrent(cell="gru", hidden=5, bias=False, truncation=4), SIGNAL),
    (Recurrent(cell="rnn", hidden=5, readout="all", truncation=4), SEQUENCE),
    (Recurrent(cell="lstm", hidden=5, bidirectional=True), PICTURE),
    (Recurrent(cell="gru", hidden=5, bidirectional=True, readout="all", bias=False), SIGNAL),
    (Recurrent(cell="gru", hidden=5, bidirectional=True, readout="all"), SEQUENCE),
]


@pytest.fixture(params=FITTING, ids=str)
def model_and_sizes(request):
    return request.param


def test_parameters_are_counted_without_building(model_and_sizes):
    model, sizes = model_and_sizes
    assert model.parameter_count(sizes) == sum(p.numel() for p in model.build(sizes).parameters())


def test_a_network_puts_out_what_its_data_need(model_and_sizes):
    model, sizes = model_and_sizes
    network = model.build(sizes)
    model.initialize(network, torch.Generator().manual_seed(0))
    assert network(torch.randn(6, sizes.inputs)).shape == (6, sizes.targets * sizes.outputs)


def observed_multiply_adds(network, inputs):
    """Counted where they happen: by hooks that see every matrix and what goes in and out of it, for one example."""
    counts = {}

    def see(name, module):
        def hook(_, args, output):
            if isinstance(module, nn.RNNBase):
                count = args[0].shape[1] * sum(p.numel() for p in module.parameters() if p.dim() == 2)
            else:
                weight = module.v if isinstance(module, WeightNorm) else module.weight
                count = output.numel() * weight[0].numel()
            counts[name.partition(".")[0]] = counts.get(name.partition(".")[0], 0) + count

        module.register_forward_hook(hook)

    for name, module in network.named_modules():
        if isinstance(module, nn.Linear | nn.Conv1d | nn.Conv2d | WeightNorm | nn.RNNBase):
            see(name, module)
    network.eval()(torch.randn(1, inputs))
    return counts


def test_multiply_adds_are_those_that_happen(model_and_sizes):
    model, sizes = model_and_sizes
    if getattr(model, "truncation", None):
        model = model.model_copy(update={"truncation": None})
    assert model.multiply_adds(sizes) == observed_multiply_adds(model.build(sizes), sizes.inputs)


def test_layers_are_named_from_input_to_output(model_and_sizes):
    model, sizes = model_and_sizes
    with_parameters = dict.fromkeys(name.partition(".")[0] for name, _ in model.build(sizes).named_parameters())
    assert list(with_parameters) == [*(f"hidden{n}" for n in range(1, len(model.widths()) + 1)), "output"]


def test_depth_and_width_say_the_hidden_layers_in_another_way():
    assert Mlp(depth=3).hidden == (64, 64, 64)
    assert Mlp(width=16).hidden == (16, 16)
    assert Mlp(depth=64, width=8).hidden == (8,) * 64
    assert Mlp(hidden=(32, 5), depth=3).hidden == (32, 32, 32)
    assert Mlp.model_validate(Mlp(depth=3).model_dump() | {"depth": 5}).hidden == (64,) * 5


def test_hidden_layers_said_in_two_ways_are_the_same_run():
    said = [{"hidden": [32, 32, 32]}, {"depth": 3, "width": 32}, {"hidden": [32], "depth": 3}]
    keys = {RunSettings.model_validate({"model": {"kind": "mlp"} | model}).key for model in said}
    assert len(keys) == 1
    assert RunSettings.model_validate({"model": {"kind": "mlp", "depth": 2, "width": 64}}).key == RunSettings().key


def test_skip_connections_stand_where_shapes_allow():
    network = Mlp(hidden=(13, 13, 4), skip=True).build(ROW)
    assert [isinstance(network.get_submodule(f"hidden{n}"), Residual) for n in (1, 2, 3)] == [True, True, False]
    network = Convnet(channels=(2, 2, 3), skip=True, pooling="none").build(PICTURE)
    assert [isinstance(network.get_submodule(f"hidden{n}"), Residual) for n in (1, 2, 3)] == [True, True, False]
    assert not isinstance(Convnet(channels=(2,), kernel=(2,), skip=True).build(PICTURE).hidden1, Residual)


def test_dropout_layers_are_there_for_all_where_one_has_a_rate():
    assert Mlp(hidden=(5, 5)).dropouts() == {}
    assert Mlp(hidden=(5, 5), dropout=(0.0, 0.3)).dropouts() == {"hidden1.dropout": 0.0, "hidden2.dropout": 0.3, "input_dropout": 0.0}
    assert Mlp(hidden=(5, 5), input_dropout=0.2).dropouts() == {"hidden1.dropout": 0.0, "hidden2.dropout": 0.0, "input_dropout": 0.2}
    network = Mlp(hidden=(5, 5), dropout=(0.0, 0.3), input_dropout=0.2).build(ROW)
    rates = {name: module.p for name, module in network.named_modules() if isinstance(module, nn.Dropout)}
    assert rates == {"input_dropout": 0.2, "hidden1.dropout": 0.0, "hidden2.dropout": 0.3}


def complaint(**given):
    with pytest.raises(SettingsError) as caught:
        RunSettings.model_validate(given)
    return str(caught.value)


@pytest.mark.parametrize(("given", "expected"), [
    ({"model": {"kind": "mlp", "hidden": [8, 8], "dropout": [0.1]}}, "model: dropout: 1 rates for 2 hidden layers"),
    ({"model": {"kind": "mlp", "dropout": [0.1, 1]}}, "model.dropout.1: 1: input should be less than 1"),
    ({"model": {"kind": "mlp", "dropout": 1}}, "model.dropout: 1: input should be less than 1"),
    ({"model": {"kind": "mlp", "hidden": [8, 7], "normalization": "group"}}, "4 groups do not divide the 7 units of hidden layer 2"),
    ({"model": {"kind": "mlp", "hidden": [4], "normalization": "group"}}, "4 groups leave only 1 unit each among the 4 units of hidden"),
    ({"model": {"kind": "mlp", "depth": 65}}, "model.depth: 65: input should be less than or equal to 64"),
    ({"model": {"kind": "convnet", "kernel": [3, 3, 3]}}, "model: kernel: 3 sizes for 2 layers"),
    ({"model": "convnet", "data": "wine"}, "model.kind: convnet needs pictures, signals or sequences"),
    ({"model": "recurrent", "data": "moons"}, "model.kind: recurrent needs sequences, signals or pictures"),
    ({"model": {"kind": "convnet", "channels": [8] * 4}}, "model.channels: layer 4 would leave none of 8 x 8 positions"),
    ({"model": {"kind": "convnet", "channels": [8] * 4, "pooling": "none", "stride": 2, "normalization": "instance"}},
     "model.normalization: layer 3 leaves 1 of 8 x 8 positions"),
    ({"model": {"kind": "recurrent", "cell": "elman"}}, "model.cell: 'elman'"),
    ({"model": {"kind": "recurrent", "readout": "first"}}, "model.readout: 'first': input should be 'last' or 'all'"),
    ({"model": {"kind": "recurrent", "bidirectional": True, "truncation": 5}}, "model: truncation: it cuts off the past, but"),
    ({"model": {"kind": "recurrent", "bidirectional": True}, "data": "copy"}, "model.bidirectional: each of the 5 targets of these data"),
], ids=str)  # fmt: skip
def test_networks_that_cannot_be_are_refused_with_what_to_do(given, expected):
    assert expected in complaint(**given)


def test_a_group_of_one_channel_is_allowed_where_it_has_positions():
    assert Convnet(channels=(4,), normalization="group").build(PICTURE).hidden1.normalization.num_groups == 4


def test_the_last_states_are_those_of_the_last_targets():
    network = Recurrent(cell="rnn", hidden=6).build(SEQUENCE)
    x = torch.randn(5, SEQUENCE.inputs)
    states, _ = network.hidden1.rnn(x.view(5, 11, 3))
    expected = torch.cat([network.output(states[:, -2]), network.output(states[:, -1])], dim=1)
    torch.testing.assert_close(network(x), expected)
    assert isinstance(network.hidden1, LastStates)


def test_two_directions_give_the_last_state_of_each():
    network = Recurrent(cell="gru", hidden=6, bidirectional=True).build(SIGNAL)
    x = torch.randn(5, SIGNAL.inputs)
    _, last = network.hidden1.rnn(x.view(5, 3, 17).transpose(1, 2))
    torch.testing.assert_close(network(x), network.output(torch.cat([last[0], last[1]], dim=1)))


def test_all_states_are_read_side_by_side():
    network = Recurrent(cell="gru", hidden=6, bidirectional=True, readout="all").build(SIGNAL)
    x = torch.randn(5, SIGNAL.inputs)
    states, _ = network.hidden1.rnn(x.view(5, 3, 17).transpose(1, 2))
    torch.testing.assert_close(network(x), network.output(states.reshape(5, 17 * 12)))


@pytest.mark.parametrize(("sizes", "as_steps"), [
    (SEQUENCE, lambda x: x.view(5, 11, 3)),
    (SIGNAL, lambda x: x.view(5, 3, 17).transpose(1, 2)),
    (PICTURE, lambda x: x.view(5, 2, 9, 7).permute(0, 2, 1, 3).reshape(5, 9, 14)),
], ids=["sequence", "signal", "rows of a picture"])  # fmt: skip
def test_an_example_is_read_step_by_step(sizes, as_steps):
    x = torch.randn(5, sizes.inputs)
    assert torch.equal(Recurrent().build(sizes).steps(x), as_steps(x))


def test_a_sequence_is_convolved_over_time():
    network = Convnet(channels=(4,), kernel=(3,)).build(SEQUENCE)
    x = torch.randn(5, SEQUENCE.inputs)
    convolution = network.hidden1.convolution
    expected = nn.functional.conv1d(x.view(5, 11, 3).transpose(1, 2), convolution.weight, convolution.bias, padding=1)
    torch.testing.assert_close(convolution(network.picture(x)), expected)
