"""The loss that the runs of a stack minimise, example by example: `run.loss` on outputs and targets.

Shapes: R runs, B examples of a batch, C classes, K classified positions of an example.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from core.choices.losses import loss_for
from core.choices.mistakes import SoftmaxTwice
from core.engine.batches import Tensors
from core.engine.kernels.cross_entropy import CrossEntropy
from core.engine.measuring.scores import each_position, loss_and_gradient, losses
from core.engine.stack import Stack, labelled


class TrainingLoss:
    """The loss of a stack, whose runs share it."""

    def __init__(self, stack: Stack, data: Tensors) -> None:
        self.task = data.task
        self.choice = loss_for(stack.runs[0].loss, data.task)
        self.weights_C = balanced_weights(stack, data) if self.choice.weighted else None
        self.mistake = stack.runs[0].mistake
        self.plain = self.choice.closed and self.weights_C is None and not isinstance(self.mistake, SoftmaxTwice)

    def __call__(self, outputs_RBC: Tensor, target_RB: Tensor, smoothing_R1: Tensor | None = None) -> Tensor:
        """The loss of every example (R, B), averaged over its positions if there are several.

        `smoothing_R1` is each run's label smoothing: the share of a label that is spread evenly over all classes.
        """
        if isinstance(self.mistake, SoftmaxTwice):
            outputs_RBC = self.mistake.for_loss(outputs_RBC, target_RB.shape[2] if target_RB.dim() > 2 else 1)
        return self._of(outputs_RBC, target_RB, smoothing_R1)

    def _of(self, outputs_RBC: Tensor, target_RB: Tensor, smoothing_R1: Tensor | None) -> Tensor:
        """The loss of every example by the chosen loss function."""
        if self.plain:
            return losses(outputs_RBC, target_RB, self.task, smoothing_R1)
        if target_RB.dim() > 2:
            return self._of(*each_position(outputs_RBC, target_RB), smoothing_R1).view(target_RB.shape).mean(2)
        if self.task == "regression":
            return self.choice.of(outputs_RBC[:, :, 0] - target_RB)
        error_RB: Tensor = CrossEntropy.apply(outputs_RBC, target_RB)
        loss_RB = self.choice.of(error_RB)
        if self.weights_C is not None:
            loss_RB = loss_RB * self.weights_C[target_RB]
        return loss_RB if smoothing_R1 is None else (1 - smoothing_R1) * loss_RB + smoothing_R1 * self._of_even(outputs_RBC)

    def _of_even(self, outputs_RBC: Tensor) -> Tensor:
        """The weighted cross-entropy with labels spread evenly over the classes (R, B), as in torch's label smoothing."""
        weights_C = torch.ones_like(outputs_RBC[0, 0]) if self.weights_C is None else self.weights_C
        return -(outputs_RBC.log_softmax(2) * weights_C).mean(2)

    def and_gradient(self, outputs_RBC: Tensor, target_RB: Tensor, share_of: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
        """The loss of every example (R, B), and the gradient with respect to the outputs of their sum weighted by `share_of`."""
        if self.plain:
            return loss_and_gradient(outputs_RBC, target_RB, self.task, share_of)
        with torch.enable_grad():
            outputs_RBC = outputs_RBC.detach().requires_grad_()
            loss_RB = self(outputs_RBC, target_RB)
            (gradient_RBC,) = torch.autograd.grad(loss_RB, outputs_RBC, share_of(loss_RB))
        return loss_RB.detach(), gradient_RBC


def balanced_weights(stack: Stack, data: Tensors) -> Tensor:
    """n / (K n_k) for each class among the training labels that the runs may use (C,): 1 on average; 0 for a class without examples."""
    known = labelled(stack.runs[0])
    labels_N = data.train.y_N if known is None else data.train.y_N[torch.from_numpy(known)]
    counts_C = torch.bincount(labels_N.flatten(), minlength=data.classes).to(data.train.x_ND.dtype)
    weights_C = counts_C.sum() / (counts_C.count_nonzero() * counts_C)
    return weights_C.where(counts_C > 0, 0.0)
