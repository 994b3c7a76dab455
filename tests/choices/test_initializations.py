"""First weights: their size and shape against the rules' formulas, and against torch.nn.init."""

from __future__ import annotations

import math
from typing import get_args

import pytest
import torch
from torch import nn

import core
from core.choices.activations import Activation, Relu, Tanh
from core.choices.initializations import He, Init, Lsuv, Normal, Orthogonal, Uniform, Xavier, Zero
from core.choices.models import Convnet, Mlp, Recurrent, Sizes
from core.choices.models.filling import scale_to_radius, weighted_layers
from core.engine.planning import signature
from core.settings import RunSettings
from tests.engine.kinds import CELLS

WIDE = Sizes((300,), 200)
PICTURE = Sizes((20, 9, 9), 10)


def every(union):
    return get_args(get_args(union)[0])


def stream(seed=0):
    return torch.Generator().manual_seed(seed)


def filled(model, sizes=WIDE, seed=0, sample=None):
    network = model.build(sizes)
    model.initialize(network, stream(seed), sample)
    return network


def spread(weight):
    return weight.detach().square().mean().sqrt().item()


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
@pytest.mark.parametrize(("init", "rule"), [(He, "kaiming"), (Xavier, "xavier")])
def test_the_spread_is_that_of_torchs_rules(init, rule, distribution):
    network = filled(Mlp(hidden=(400, 100), init=init(distribution=distribution), activation=Tanh()))
    theirs = nn.Linear(400, 100)
    if rule == "kaiming":
        getattr(nn.init, f"kaiming_{distribution}_")(theirs.weight, nonlinearity="tanh")
    else:
        getattr(nn.init, f"xavier_{distribution}_")(theirs.weight, gain=nn.init.calculate_gain("tanh"))
    assert spread(network.hidden2.linear.weight) == pytest.approx(spread(theirs.weight), rel=0.03)
    assert network.hidden2.linear.weight.abs().max().item() == pytest.approx(theirs.weight.abs().max().item(), rel=0.35)


RULES = [(He(), nn.init.kaiming_normal_), (Xavier(gain=math.sqrt(2)), nn.init.xavier_normal_)]


@pytest.mark.parametrize(("init", "rule"), RULES, ids=["he", "xavier"])
def test_kernels_count_all_that_an_output_sees(init, rule):
    network = filled(Convnet(channels=(30, 40), init=init), PICTURE)
    theirs = nn.Conv2d(30, 40, 3)
    rule(theirs.weight, **({"gain": math.sqrt(2)} if rule is nn.init.xavier_normal_ else {"nonlinearity": "relu"}))
    assert spread(network.hidden2.convolution.weight) == pytest.approx(spread(theirs.weight), rel=0.04)


def test_a_gain_takes_the_place_of_the_activations_in_hidden_layers_alone():
    ours, own = filled(Mlp(init=He(gain=0.5))), filled(Mlp(init=He()))
    torch.testing.assert_close(ours.hidden1.linear.weight, own.hidden1.linear.weight * (0.5 / Relu.gain))
    torch.testing.assert_close(ours.output.weight, own.output.weight)


@pytest.mark.parametrize("gain", [None, 0.7])
def test_orthogonal_matrices_have_orthonormal_rows_times_the_gain(gain):
    network = filled(Mlp(hidden=(80, 50), init=Orthogonal(gain=gain), activation=Tanh()))
    weight = network.hidden2.linear.weight
    torch.testing.assert_close(weight @ weight.T, torch.eye(50) * (gain or Tanh.gain) ** 2, atol=1e-4, rtol=0)


@pytest.mark.parametrize(("activation", "name"), [("relu", "relu"), ("tanh", "tanh"), ("sigmoid", "sigmoid"), ("identity", "linear")])
def test_gains_are_torchs(activation, name):
    kinds = {cls.model_fields["kind"].default: cls for cls in every(Activation)}
    assert kinds[activation].gain == pytest.approx(nn.init.calculate_gain(name))


def test_the_gain_of_prelu_is_that_of_a_leaky_relu_with_its_slope():
    kinds = {cls.model_fields["kind"].default: cls for cls in every(Activation)}
    assert kinds["prelu"].gain == pytest.approx(nn.init.calculate_gain("leaky_relu", kinds["prelu"]().slope))


@pytest.mark.parametrize("init", every(Init), ids=lambda cls: cls.model_fields["kind"].default)
@pytest.mark.parametrize(("model", "sizes"), [
    (Mlp(hidden=(8, 6), normalization="weight"), Sizes((12,), 3)),
    (Convnet(channels=(4, 4)), Sizes((2, 6, 6), 3)),
    (Recurrent(cell="rnn", hidden=6), Sizes((5, 4), 3, sequence=True)),
], ids=["mlp", "convnet", "recurrent"])  # fmt: skip
def test_every_initialization_fills_every_network_and_belongs_to_its_seed(init, model, sizes):
    model = model.model_copy(update={"init": init()})
    sample = torch.randn(30, sizes.inputs)
    vectors = [nn.utils.parameters_to_vector(filled(model, sizes, seed, sample).parameters()) for seed in (0, 0, 1)]
    assert vectors[0].isfinite().all()
    assert torch.equal(vectors[0], vectors[1])
    assert torch.equal(vectors[0], vectors[2]) is (init().kind in ("zero", "constant"))


def test_weight_norm_starts_at_the_weights_that_the_network_would_have_without():
    plain, normed = filled(Mlp(hidden=(8, 6))), filled(Mlp(hidden=(8, 6), normalization="weight"))
    for number in (1, 2):
        ours, theirs = normed.get_submodule(f"hidden{number}.linear"), plain.get_submodule(f"hidden{number}.linear")
        torch.testing.assert_close(ours.weight, theirs.weight)
        assert not ours.bias.any()


@pytest.mark.parametrize(("model", "sizes"), [
    (Mlp(hidden=(30, 20, 10), init=Lsuv(), activation=Tanh(), skip=True, normalization="layer"), Sizes((64,), 10)),
    (Mlp(hidden=(30, 20), init=Lsuv(), normalization="weight", dropout=0.5), Sizes((64,), 10)),
    (Convnet(channels=(4, 8), init=Lsuv()), Sizes((1, 8, 8), 10)),
], ids=["mlp", "weight norm", "convnet"])  # fmt: skip
def test_lsuv_makes_every_layers_outputs_on_the_examples_of_variance_one(model, sizes):
    sample = torch.randn(256, 64) * 3
    network = filled(model, sizes, sample=sample)
    variances = []
    for layer in weighted_layers(network):
        layer.register_forward_hook(lambda module, args, out: variances.append(out.var(correction=0).item()))
    assert network.training
    network.eval()(sample)
    assert variances == pytest.approx([1.0] * (len(model.widths()) + 1), rel=1e-4)


def test_lsuv_scales_the_inputs_part_of_a_recurrent_layer():
    model, sample = Recurrent(hidden=16, init=Lsuv(), bidirectional=True), torch.randn(200, 64) * 5
    network = filled(model, Sizes((1, 8, 8), 10), sample=sample)
    for direction in ("", "_reverse"):
        weight = network.hidden1.rnn.get_parameter(f"weight_ih_l0{direction}")
        part = nn.functional.linear(network.steps(sample), weight)
        assert part.var(correction=0).item() == pytest.approx(1, rel=1e-4)
        recurrent = network.hidden1.rnn.get_parameter(f"weight_hh_l0{direction}")[:16]
        torch.testing.assert_close(recurrent @ recurrent.T, torch.eye(16), atol=1e-5, rtol=0)


def test_lsuv_measures_on_the_first_training_examples_whatever_the_seed():
    run = RunSettings.model_validate({"data": "wine", "model": {"kind": "mlp", "init": {"kind": "lsuv", "examples": 20}}})
    split = core.load_data(run.data)
    for seed in (0, 1):
        network = core.build_model(run.model_copy(update={"seed": seed}))
        out = network.hidden1(torch.tensor(split.x_train[:20], dtype=torch.float32))
        before = network.hidden1.linear(torch.tensor(split.x_train[:20], dtype=torch.float32))
        assert before.var(correction=0).item() == pytest.approx(1, rel=1e-4)
        assert out.shape == (20, 64)


def test_an_initialization_by_examples_says_so_when_it_has_none():
    with pytest.raises(ValueError, match="lsuv initialization needs training examples"):
        filled(Mlp(init=Lsuv()))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("init", [Orthogonal(), Normal(std=0.3), Uniform(bound=0.2)], ids=str)
def test_the_recurrent_matrix_of_every_gate_has_the_radius_asked_for(cell, init):
    model = Recurrent(cell=cell, hidden=12, init=init, spectral_radius=0.8, bidirectional=True)
    rnn = filled(model, Sizes((5, 3), 2, sequence=True)).hidden1.rnn
    for block in (*rnn.weight_hh_l0.detach().split(12), *rnn.weight_hh_l0_reverse.detach().split(12)):
        assert torch.linalg.eigvals(block).abs().max().item() == pytest.approx(0.8, rel=1e-4)


def test_a_matrix_without_eigenvalues_but_zero_stays():
    weight = torch.zeros(3, 3)
    scale_to_radius(weight, 0.9)
    assert not weight.any()
    assert not filled(Recurrent(init=Zero(), spectral_radius=0.5), Sizes((5, 3), 2, sequence=True)).hidden1.rnn.weight_hh_l0.any()


def test_the_biases_of_a_recurrent_layer_are_zero_but_for_the_forget_gates():
    model = Recurrent(cell="lstm", hidden=4, forget_bias=1.5, bidirectional=True)
    lstm = filled(model, Sizes((5, 3), 2, sequence=True)).hidden1.rnn
    for direction in ("", "_reverse"):
        bias = lstm.get_parameter(f"bias_ih_l0{direction}") + lstm.get_parameter(f"bias_hh_l0{direction}")
        assert bias.tolist() == [0.0] * 4 + [1.5] * 4 + [0.0] * 8
    gru = filled(Recurrent(cell="gru", hidden=4), Sizes((5, 3), 2, sequence=True)).hidden1.rnn
    assert not gru.bias_ih_l0.any()
    assert not gru.bias_hh_l0.any()


def test_weights_are_drawn_from_the_runs_stream_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    core.build_model(RunSettings.model_validate({"model": {"kind": "recurrent", "hidden": 4}}))
    core.build_model(RunSettings.model_validate({"model": {"kind": "convnet", "channels": [2], "init": "he"}}))
    assert torch.equal(torch.rand(3), expected), "torch's global stream was drawn from"


BIASED = [
    ({"kind": "mlp", "hidden": [7, 5], "normalization": "weight"}, "digits"),
    ({"kind": "linear"}, "digits"),
    ({"kind": "convnet", "channels": [3, 5], "normalization": "batch"}, "digits"),
    ({"kind": "recurrent", "cell": "gru", "hidden": 4}, "digits"),
    ({"kind": "recurrent", "cell": "lstm", "hidden": 4, "forget_bias": 1.5}, "digits"),
]


@pytest.mark.parametrize(("model", "data"), BIASED, ids=str)
@pytest.mark.parametrize("init", every(Init), ids=lambda cls: cls.model_fields["kind"].default)
def test_every_bias_starts_at_its_constant_and_the_weights_are_those_without(init, model, data):
    kind = init.model_fields["kind"].default
    biased, plain = (
        core.build_model(RunSettings.model_validate({"data": data, "model": model | {"init": {"kind": kind, "bias": bias}}}))
        for bias in (0.25, 0.0)
    )
    for module, beside in zip(weighted_layers(biased), weighted_layers(plain), strict=True):
        if isinstance(module, nn.RNNBase):
            total = module.bias_ih_l0 + module.bias_hh_l0
            expected = torch.full_like(total, 0.25)
            if model["cell"] == "lstm":
                expected[4:8] = 1.5  # torch's order of gates: input, forget, cell, output
            assert torch.equal(total, expected)
        else:
            assert torch.equal(module.bias, torch.full_like(module.bias, 0.25))
        if kind != "lsuv":
            weights = [p for name, p in module.named_parameters() if "bias" not in name]
            theirs = [p for name, p in beside.named_parameters() if "bias" not in name]
            assert all(torch.equal(*pair) for pair in zip(weights, theirs, strict=True))


def test_norms_keep_their_shift_and_a_network_without_biases_is_refused():
    given = {"kind": "mlp", "normalization": "batch", "init": {"kind": "he", "bias": 0.25}}
    assert not core.build_model(RunSettings.model_validate({"model": given})).hidden1.normalization.bias.any()
    with pytest.raises(core.SettingsError, match=r"model\.init\.bias: the network has no biases"):
        RunSettings.model_validate({"model": given | {"bias": False}})


@pytest.mark.parametrize("normalization", ["none", "weight"])
def test_lsuv_with_biases_still_gives_every_layer_variance_one(normalization):
    init = {"kind": "lsuv", "bias": 0.4, "examples": 64}
    run = RunSettings.model_validate({"model": {"kind": "mlp", "hidden": [30, 20], "init": init, "normalization": normalization}})
    network, sample = core.build_model(run), torch.tensor(core.load_data(run.data).x_train[:64], dtype=torch.float32)
    seen = []
    for layer in weighted_layers(network):
        layer.register_forward_hook(lambda _module, _inputs, output: seen.append(output.std(correction=0).item()))
    network.eval()(sample)
    assert seen == pytest.approx([1.0] * 3, rel=1e-4)


def test_a_run_that_starts_with_biases_trains_beside_one_without_and_is_what_it_is_alone():
    runs = [
        RunSettings.model_validate({"data": "wine", "model": {"kind": "mlp", "hidden": [7], "init": init}, "training": {"epochs": 2}})
        for init in ({"kind": "he", "bias": 0.3}, {"kind": "he"}, {"kind": "zero", "bias": -0.1})
    ]
    assert len({signature(run) for run in runs}) == 1
    together = core.train(runs)
    for run in runs:
        alone = core.train([run]).model(run)
        assert all(torch.allclose(*pair, atol=1e-5) for pair in zip(together.model(run).parameters(), alone.parameters(), strict=True))
