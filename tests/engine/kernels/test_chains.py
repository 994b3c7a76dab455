"""Chains and the loss, whose backward passes are written out, against autograd's."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from core.engine.batches import epoch_indices
from core.engine.kernels.chains import Affine, Columns, back, run
from core.engine.kernels.cross_entropy import CrossEntropy
from core.engine.network.chaining import ELEMENTWISE, chained
from core.engine.network.layers import Pass
from core.engine.network.networks import build_model
from core.engine.stack import begin
from core.engine.training.gradients import ALL_ROWS
from core.engine.training.trainer import Trainer
from core.settings import RunSettings

RUNS, EXAMPLES, INPUTS, OUTPUTS, CLASSES = 3, 5, 4, 6, 7


def drawn(*shape):
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(sum(shape))).requires_grad_()


def assert_same_gradients(ours, plain, wanted):
    of_outputs = torch.sin(torch.arange(plain.numel(), dtype=torch.float64)).view_as(plain)
    expected = torch.autograd.grad(plain, wanted, of_outputs)
    for found, autograds in zip(torch.autograd.grad(ours, wanted, of_outputs), expected, strict=True):
        assert torch.allclose(found, autograds, atol=1e-12)


@pytest.mark.parametrize("with_bias", [True, False])
def test_a_linear_map_has_the_gradients_of_autograd(with_bias):
    x_RBI, weight_ROI = drawn(RUNS, EXAMPLES, INPUTS), drawn(RUNS, OUTPUTS, INPUTS)
    bias_RO = drawn(RUNS, OUTPUTS) if with_bias else None
    wanted = [tensor for tensor in (x_RBI, weight_ROI, bias_RO) if tensor is not None]
    plain = torch.stack([F.linear(x_RBI[r], weight_ROI[r], None if bias_RO is None else bias_RO[r]) for r in range(RUNS)])
    ours = chained([Affine(lambda: weight_ROI, bias_RO)])(x_RBI, Pass(training=True))
    assert torch.allclose(ours, plain, atol=1e-12)
    assert_same_gradients(ours, plain, wanted)


@pytest.mark.parametrize("activation", [nn.ReLU(), nn.Tanh(), nn.Sigmoid()], ids=lambda module: type(module).__name__)
def test_a_chain_has_the_gradients_of_autograd(activation):
    x_RBI, first_ROI, second_ROI = drawn(RUNS, EXAMPLES, INPUTS), drawn(RUNS, OUTPUTS, INPUTS), drawn(RUNS, CLASSES, OUTPUTS)
    bias_RO, before = drawn(RUNS, OUTPUTS), x_RBI.detach().clone()
    links = [Affine(lambda: first_ROI, bias_RO), ELEMENTWISE[type(activation)], Affine(lambda: second_ROI, None)]
    ours = chained(links)(x_RBI, Pass(training=True))
    plain = torch.bmm(activation(torch.bmm(x_RBI, first_ROI.mT) + bias_RO[:, None]), second_ROI.mT)
    assert torch.allclose(ours, plain, atol=1e-12)
    assert_same_gradients(ours, plain, [x_RBI, first_ROI, bias_RO, second_ROI])
    assert torch.equal(x_RBI, before), "the inputs are not written to"


@pytest.mark.parametrize("with_bias", [True, False])
def test_a_linear_map_of_columns_is_that_of_rows_and_its_gradients_are_autograds(with_bias):
    x_RBI, weight_ROI = drawn(RUNS, EXAMPLES, INPUTS), drawn(RUNS, OUTPUTS, INPUTS)
    bias_RO = drawn(RUNS, OUTPUTS) if with_bias else None
    plain_RBO = torch.stack([F.linear(x_RBI[r], weight_ROI[r], None if bias_RO is None else bias_RO[r]) for r in range(RUNS)])
    links, parameters = [Columns(lambda: weight_ROI, bias_RO)], [weight_ROI, bias_RO]
    states = run(links, x_RBI.mT, parameters)
    assert torch.allclose(states[-1].mT, plain_RBO, atol=1e-12)
    of_outputs_RBO = torch.sin(torch.arange(plain_RBO.numel(), dtype=torch.float64)).view_as(plain_RBO)
    of_inputs, of_parameters = back(links, states, parameters, of_outputs_RBO.mT, to_inputs=True)
    wanted = [tensor for tensor in (x_RBI, weight_ROI, bias_RO) if tensor is not None]
    found = [tensor for tensor in (of_inputs.mT, *of_parameters) if tensor is not None]
    for ours, autograds in zip(found, torch.autograd.grad(plain_RBO, wanted, of_outputs_RBO), strict=True):
        assert torch.allclose(ours, autograds, atol=1e-12)


@pytest.mark.parametrize(("dtype", "close"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
@pytest.mark.parametrize("with_bias", [True, False])
@pytest.mark.parametrize("examples", [EXAMPLES, 3000])
def test_examples_that_all_runs_share_are_mapped_by_one_product(examples, with_bias, dtype, close):
    x_NI, weight_ROI = drawn(examples, INPUTS).detach().to(dtype), drawn(RUNS, OUTPUTS, INPUTS).to(dtype)
    bias_RO = drawn(RUNS, OUTPUTS).to(dtype) if with_bias else None
    with torch.no_grad():
        ours_RON = Columns(lambda: weight_ROI, bias_RO).of_shared(x_NI)
    plain_RNO = torch.stack([F.linear(x_NI, weight_ROI[r], None if bias_RO is None else bias_RO[r]) for r in range(RUNS)])
    assert ours_RON.shape == (RUNS, OUTPUTS, examples)
    assert torch.allclose(ours_RON.mT, plain_RNO, atol=close)


def test_a_chain_is_applied_at_each_step():
    x_RBTI, weight_ROI = drawn(RUNS, EXAMPLES, 2, INPUTS), drawn(RUNS, OUTPUTS, INPUTS)
    ours = chained([Affine(lambda: weight_ROI, None)])(x_RBTI, Pass(training=True))
    assert torch.allclose(ours, torch.einsum("rbti,roi->rbto", x_RBTI, weight_ROI), atol=1e-12)


def test_a_weights_gradient_lies_as_the_weights_do():
    weight_ROI = drawn(RUNS, OUTPUTS, INPUTS)
    ours = chained([Affine(lambda: weight_ROI, None)])(drawn(RUNS, EXAMPLES, INPUTS), Pass(training=True))
    (found,) = torch.autograd.grad(ours.sum(), weight_ROI)
    assert found.is_contiguous()


MLP = {"kind": "mlp", "hidden": [5, 4]}


MODELS = [
    ("linear", True),
    (MLP, True),
    (MLP | {"activation": "tanh"}, True),
    (MLP | {"activation": "gelu"}, False),
    (MLP | {"normalization": "layer"}, False),
    (MLP | {"normalization": "weight"}, False),
    (MLP | {"dropout": 0.5}, False),
    ({"kind": "mlp", "hidden": [5, 5], "skip": True}, False),
]


@pytest.mark.parametrize(("model", "single"), MODELS, ids=str)
def test_looking_at_a_network_shows_what_its_modules_do_in_eval_mode(model, single):
    runs = [RunSettings.model_validate({"data": "iris", "model": model, "training": {"dtype": "float64"}, "seed": seed}) for seed in (0, 3)]
    trainer = Trainer(begin(runs))
    x_ND, seen = trainer.data.train.x_ND[:11], {}
    outputs_RNC = trainer.network.look(x_ND, lambda layer, a_RNH: seen.setdefault(layer, a_RNH.clone()))
    for row, settings in enumerate(runs):
        plain, expected = build_model(settings).eval(), {}
        for name, module in plain.named_modules():
            if name.rpartition(".")[2] in ("activation", "output"):
                layer = name.removesuffix(".activation")
                module.register_forward_hook(lambda _m, _i, output, to=expected, layer=layer: to.update({layer: output.detach().clone()}))
        assert torch.allclose(outputs_RNC[row], plain(x_ND), atol=1e-12)
        assert list(seen) == list(expected), "layers from input to output"
        assert all(torch.allclose(seen[layer][row], expected[layer], atol=1e-12) for layer in seen)
    assert (trainer.network.chain is not None) == single


@pytest.mark.parametrize(("model", "single"), MODELS, ids=str)
@pytest.mark.parametrize("data", ["iris", "diabetes"])
def test_where_a_network_is_one_chain_its_gradient_without_autograd_is_autograds(model, single, data):
    runs = [RunSettings.model_validate({"data": data, "model": model, "training": {"dtype": "float64"}, "seed": seed}) for seed in (0, 3)]
    trainer = Trainer(begin(runs))
    assert (trainer.network.chain is not None) == single
    index_RB = epoch_indices(trainer.stack, 0)[:, :7]
    ours_RP, autograds_RP = torch.empty_like(trainer.grad_RP), torch.empty_like(trainer.grad_RP)
    loss_RB = trainer.gradients.loss.descend(trainer.network, index_RB, 0, ALL_ROWS, ours_RP)
    plain_RB = trainer.gradients.loss(trainer.network, index_RB, 0, ALL_ROWS)
    trainer.network.gradient(plain_RB, autograds_RP)
    assert torch.allclose(loss_RB, plain_RB, atol=1e-12)
    assert torch.allclose(ours_RP, autograds_RP, atol=1e-12)


@pytest.mark.parametrize("scale", [1.0, 1e3], ids=["usual logits", "logits whose exponential overflows"])
@pytest.mark.parametrize("classes", [1, 2, CLASSES])
def test_cross_entropy_and_its_gradient_are_those_of_torch(classes, scale):
    logits_RBC = drawn(RUNS, EXAMPLES, classes)
    target_RB = torch.arange(RUNS * EXAMPLES).view(RUNS, EXAMPLES) % classes
    before = logits_RBC.detach().clone()
    ours = CrossEntropy.apply(scale * logits_RBC, target_RB)
    plain = F.cross_entropy((scale * logits_RBC).flatten(0, 1), target_RB.flatten(), reduction="none").view_as(ours)
    assert torch.allclose(ours, plain, atol=1e-12)
    of_losses = torch.cos(torch.arange(ours.numel(), dtype=torch.float64)).view_as(ours)
    (found,) = torch.autograd.grad(ours, logits_RBC, of_losses)
    (expected,) = torch.autograd.grad(plain, logits_RBC, of_losses)
    assert torch.allclose(found, expected, atol=1e-12 * scale)
    assert torch.equal(logits_RBC, before), "the logits are not written to"


def test_a_loss_of_logits_that_are_not_finite_is_not_finite_and_the_others_are_untouched():
    logits_RBC = torch.zeros(2, 3, 4)
    logits_RBC[0, 1, 2] = torch.inf
    logits_RBC[0, 2, 2] = torch.nan
    loss_RB = CrossEntropy.apply(logits_RBC, torch.zeros(2, 3, dtype=torch.long))
    assert loss_RB.isfinite().tolist() == [[True, False, False], [True, True, True]]
