"""The loss of a training batch: examples, noise, labels, distillation targets. Shapes: R runs, B examples, D features, C classes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from core.choices.mistakes import ScrambledInputs
from core.engine.batches import Tensors, known_labels
from core.engine.kernels.chains import Link, back, parameters_of, run
from core.engine.network.layers import Pass
from core.engine.network.networks import Network
from core.engine.stack import Stack
from core.engine.training.distillation import DistillationLoss
from core.engine.training.noise import BatchNoise
from core.engine.training.training_loss import TrainingLoss


class BatchLoss:
    """Computes the training loss of every run (without penalties) from the indices of a batch."""

    def __init__(self, stack: Stack, data: Tensors) -> None:
        self.data = data
        self.of = TrainingLoss(stack, data)
        self.noise = BatchNoise(stack.runs, stack.flat_RP)
        outputs = stack.teacher_outputs
        self.distillation = DistillationLoss(stack.runs, outputs, stack.flat_RP) if outputs else None
        self.known_N = known_labels(stack) if outputs else None
        shares = [[run.training.label_smoothing] for run in stack.runs]
        self.smoothing_R1 = stack.flat_RP.new_tensor(shares) if any(share for (share,) in shares) else None
        self.mistake = stack.runs[0].mistake
        self.plain = self._is_plain()

    def _is_plain(self) -> bool:
        """Whether the loss uses examples and labels unchanged."""
        changed = self.noise.on_inputs or self.noise.mixes or self.smoothing_R1 is not None or self.distillation is not None
        changed = changed or isinstance(self.mistake, ScrambledInputs)
        return not changed and self.data.train.y_N.dim() == 1

    def descend(self, network: Network, index_RB: Tensor, step: int, rows: slice, out_RP: Tensor) -> Tensor:
        """The loss of every example in the batch for each run in `rows` (R, B); writes the gradient of each run's mean loss into
        `out_RP`.
        """
        if self.plain and network.chain is not None:
            return self._descend_chain(network, network.chain.links, index_RB, out_RP)
        loss_RB = self(network, index_RB, step, rows)
        network.gradient(loss_RB, out_RP)
        return loss_RB.detach()

    @torch.no_grad()
    def _descend_chain(self, network: Network, links: Sequence[Link], index_RB: Tensor, out_RP: Tensor) -> Tensor:
        x_RBD, y_RB = self.data.train.take(index_RB)
        parameters = parameters_of(links)
        states = run(links, x_RBD.mT, parameters)
        loss_RB, grad_RBC = self.of.and_gradient(states[-1].mT, y_RB, network.share_of)
        _, gradients = back(links, states, parameters, grad_RBC.mT, to_inputs=False)
        network.write(gradients, out_RP)
        return loss_RB

    def __call__(self, network: Network, index_RB: Tensor, step: int, rows: slice) -> Tensor:
        """The loss of every example in the batch for each run in `rows` (R, B), as part of an autograd graph."""
        x_RBD, y_RB = self.data.train.take(index_RB)
        x_RBD = self.noise.add_to_inputs(x_RBD, step, rows)
        mixing = self.noise.mixing(step, index_RB.shape[1], rows)
        if mixing is not None:
            share_R1, place_RB = mixing
            x_RBD = share_R1[:, :, None] * x_RBD + (1 - share_R1[:, :, None]) * _of_places(x_RBD, place_RB)
        hidden: list[Tensor] = []
        mode = Pass(training=True, uniforms=lambda layer, shape: self.noise.uniforms(layer, step, shape, rows))
        if self.distillation is not None and self.distillation.hinted:
            mode.watch = lambda layer, a_RBH: hidden.append(a_RBH.flatten(2)) if layer != "output" else None
        outputs_RBC = network(x_RBD, mode)
        hidden_RBH = hidden[-1] if hidden else None
        loss_RB = self._towards(outputs_RBC, hidden_RBH, y_RB, index_RB, rows)
        if mixing is not None:
            other_RB = self._towards(outputs_RBC, hidden_RBH, _of_places(y_RB, place_RB), _of_places(index_RB, place_RB), rows)
            loss_RB = share_R1 * loss_RB + (1 - share_R1) * other_RB
        return loss_RB

    def _towards(self, outputs_RBC: Tensor, hidden_RBH: Tensor | None, y_RB: Tensor, index_RB: Tensor, rows: slice) -> Tensor:
        """The loss of the outputs against the labels and the teachers' outputs of the examples `index_RB` (R, B)."""
        smoothing_R1 = None if self.smoothing_R1 is None else self.smoothing_R1[rows]
        loss_RB = self.of(outputs_RBC, y_RB, smoothing_R1)
        if self.distillation is None:
            return loss_RB
        if self.known_N is not None:
            loss_RB = loss_RB * self.known_N[index_RB]
        loss_RB = self.distillation.with_soft_targets(loss_RB, outputs_RBC, index_RB, rows)
        if hidden_RBH is not None:
            loss_RB = loss_RB + self.distillation.of_hints(hidden_RBH, index_RB, rows)
        return loss_RB


def _of_places(values: Tensor, place_RB: Tensor) -> Tensor:
    """`values` (R, B, ...) at other positions of each run's batch."""
    return values[torch.arange(len(place_RB), device=place_RB.device)[:, None], place_RB]
