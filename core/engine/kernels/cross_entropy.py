"""Cross-entropy with a backward pass in closed form, which runs fewer kernels on the CPU than autograd would.

Shapes: R runs, B examples, C classes.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

Shares = tuple[Tensor, Tensor, Tensor]
"""exp(logits - highest logit) (C, R, B), its sum over the classes (R, B), and the targets (1, R, B)."""


def cross_entropy(logits_RBC: Tensor, target_RB: Tensor) -> tuple[Tensor, Shares]:
    """log sum exp(logits) - logit of the target, for every example (R, B), and the values that its gradient needs.

    The classes come first in memory, so that each operation works on long rows: torch's own functions are slow on rows of a few numbers.
    """
    logits_CRB = logits_RBC.permute(2, 0, 1).clone(memory_format=torch.contiguous_format)
    wanted_RB = logits_CRB.gather(0, target_RB[None])[0]
    highest_RB = logits_CRB.amax(0)
    exp_CRB = logits_CRB.sub_(highest_RB).exp_()
    sum_RB = exp_CRB.sum(0)
    return sum_RB.log().add_(highest_RB).sub_(wanted_RB), (exp_CRB, sum_RB, target_RB[None])


def logits_gradient(shares: Shares, grad_RB: Tensor) -> Tensor:
    """(softmax(logits) - 1 at the target) * gradient of the loss: (R, B, C)."""
    exp_CRB, sum_RB, target_1RB = shares
    grad_CRB = exp_CRB * (grad_RB / sum_RB)
    return grad_CRB.scatter_add_(0, target_1RB, -grad_RB[None]).permute(1, 2, 0)


class CrossEntropy(torch.autograd.Function):
    """`cross_entropy` as a node of autograd."""

    @staticmethod
    def forward(ctx: Any, logits_RBC: Tensor, target_RB: Tensor) -> Tensor:
        """The losses (R, B)."""
        loss_RB, shares = cross_entropy(logits_RBC, target_RB)
        ctx.save_for_backward(*shares)
        return loss_RB

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_RB: Tensor) -> tuple[Tensor, None]:
        """The gradient of the logits; the targets have none."""
        return logits_gradient(ctx.saved_tensors, grad_RB), None
