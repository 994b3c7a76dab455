"""Functions with a backward pass of their own, where the one that autograd would put together takes more and larger steps on the CPU.

Each is tested against autograd's. Shapes: R runs, B examples, I inputs, O outputs, C classes.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


class Affine(torch.autograd.Function):
    """y[r] = x[r] @ weight[r].T + bias[r].

    Autograd gives the weights' gradient transposed in memory, and it would be copied once more to stand in a row of the stack.
    """

    @staticmethod
    def forward(ctx: Any, x_RBI: Tensor, weight_ROI: Tensor, bias_RO: Tensor | None) -> Tensor:
        """The outputs (R, B, O)."""
        ctx.save_for_backward(x_RBI, weight_ROI)
        if bias_RO is None:
            return torch.bmm(x_RBI, weight_ROI.mT)
        return torch.baddbmm(bias_RO[:, None], x_RBI, weight_ROI.mT)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_RBO: Tensor) -> tuple[Tensor | None, Tensor, Tensor | None]:
        """Of the inputs (if anything asks for it), the weights, the bias."""
        x_RBI, weight_ROI = ctx.saved_tensors
        of_inputs, _, of_bias = ctx.needs_input_grad
        inputs_RBI = torch.bmm(grad_RBO, weight_ROI) if of_inputs else None
        return inputs_RBI, torch.bmm(grad_RBO.mT, x_RBI), grad_RBO.sum(1) if of_bias else None


class CrossEntropy(torch.autograd.Function):
    """log sum exp(logits) - logit of the target, of every example.

    With the classes first in memory, so that each step is over long rows: torch's own functions are slow over a few numbers at a time.
    """

    @staticmethod
    def forward(ctx: Any, logits_RBC: Tensor, target_RB: Tensor) -> Tensor:
        """The losses (R, B)."""
        logits_CRB = logits_RBC.permute(2, 0, 1).clone(memory_format=torch.contiguous_format)
        target_1RB = target_RB[None]
        wanted_RB = logits_CRB.gather(0, target_1RB)[0]
        highest_RB = logits_CRB.amax(0)
        exp_CRB = logits_CRB.sub_(highest_RB).exp_()
        sum_RB = exp_CRB.sum(0)
        ctx.save_for_backward(exp_CRB, sum_RB, target_1RB)
        return sum_RB.log().add_(highest_RB).sub_(wanted_RB)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_RB: Tensor) -> tuple[Tensor, None]:
        """(softmax(logits) - 1 at the target) * gradient."""
        exp_CRB, sum_RB, target_1RB = ctx.saved_tensors
        grad_CRB = exp_CRB * (grad_RB / sum_RB)
        grad_CRB.scatter_add_(0, target_1RB, -grad_RB[None])
        return grad_CRB.permute(1, 2, 0), None
