"""The functions with a backward pass of their own, against autograd's."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from core.engine.fused import Affine, CrossEntropy

RUNS, EXAMPLES, INPUTS, OUTPUTS, CLASSES = 3, 5, 4, 6, 7


def drawn(*shape):
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(sum(shape))).requires_grad_()


@pytest.mark.parametrize("with_bias", [True, False])
def test_affine_maps_have_the_gradients_of_autograd(with_bias):
    x_RBI, weight_ROI = drawn(RUNS, EXAMPLES, INPUTS), drawn(RUNS, OUTPUTS, INPUTS)
    bias_RO = drawn(RUNS, OUTPUTS) if with_bias else None
    wanted = [tensor for tensor in (x_RBI, weight_ROI, bias_RO) if tensor is not None]
    plain = torch.stack([F.linear(x_RBI[r], weight_ROI[r], None if bias_RO is None else bias_RO[r]) for r in range(RUNS)])
    assert torch.allclose(Affine.apply(x_RBI, weight_ROI, bias_RO), plain, atol=1e-12)
    of_outputs = torch.sin(torch.arange(plain.numel(), dtype=torch.float64)).view_as(plain)
    ours = torch.autograd.grad(Affine.apply(x_RBI, weight_ROI, bias_RO), wanted, of_outputs)
    for found, expected in zip(ours, torch.autograd.grad(plain, wanted, of_outputs), strict=True):
        assert torch.allclose(found, expected, atol=1e-12)


def test_a_weights_gradient_lies_as_the_weights_do():
    weight_ROI = drawn(RUNS, OUTPUTS, INPUTS)
    (found,) = torch.autograd.grad(Affine.apply(drawn(RUNS, EXAMPLES, INPUTS), weight_ROI, None).sum(), weight_ROI)
    assert found.is_contiguous()


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
