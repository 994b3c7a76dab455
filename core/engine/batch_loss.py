"""The loss of a training batch: examples, noise, labels, soft targets. Shapes: R runs, B examples, D features, C classes."""

from __future__ import annotations

import torch
from torch import Tensor

from core.engine.batches import Tensors, known_labels
from core.engine.layers import Pass
from core.engine.network import Network
from core.engine.noise import BatchNoise
from core.engine.objective import losses
from core.engine.state import Stack
from core.engine.teaching import Teaching


class BatchLoss:
    """Turns the indices of a batch into the loss of every run, as trained (without penalties)."""

    def __init__(self, stack: Stack, data: Tensors) -> None:
        self.data = data
        self.noise = BatchNoise(stack.runs, stack.flat_RP)
        self.teaching = Teaching(stack.runs, stack.lessons, stack.flat_RP) if stack.lessons else None
        self.known_N = known_labels(stack) if stack.lessons else None
        shares = [[run.training.label_smoothing] for run in stack.runs]
        self.smoothing_R1 = stack.flat_RP.new_tensor(shares) if any(share for (share,) in shares) else None

    def __call__(self, network: Network, index_RB: Tensor, step: int, rows: slice) -> Tensor:
        """The loss of every example of the batch, of each run in `rows` (R, B), ready for its gradient."""
        x_RBD, y_RB = self.data.train.take(index_RB)
        x_RBD = self.noise.shake_inputs(x_RBD, step, rows)
        blend = self.noise.blend(step, index_RB.shape[1], rows)
        if blend is not None:
            share_R1, place_RB = blend
            x_RBD = share_R1[:, :, None] * x_RBD + (1 - share_R1[:, :, None]) * _of_places(x_RBD, place_RB)
        hidden: list[Tensor] = []
        mode = Pass(training=True, uniforms=lambda layer, shape: self.noise.uniforms(layer, step, shape, rows))
        if self.teaching is not None and self.teaching.hinted:
            mode.watch = lambda layer, a_RBH: hidden.append(a_RBH.flatten(2)) if layer != "output" else None
        outputs_RBC = network(x_RBD, mode)
        smoothing_R1 = None if self.smoothing_R1 is None else self.smoothing_R1[rows]
        loss_RB = losses(outputs_RBC, y_RB, self.data.task, smoothing_R1)
        if blend is not None:
            loss_RB = share_R1 * loss_RB + (1 - share_R1) * losses(outputs_RBC, _of_places(y_RB, place_RB), self.data.task, smoothing_R1)
        if self.teaching is not None:
            if self.known_N is not None:
                loss_RB = loss_RB * self.known_N[index_RB]
            loss_RB = self.teaching.mix(loss_RB, outputs_RBC, index_RB, rows)
            if hidden:
                loss_RB = loss_RB + self.teaching.imitate(hidden[-1], index_RB, rows)
        return loss_RB


def _of_places(values: Tensor, place_RB: Tensor) -> Tensor:
    """`values` (R, B, ...) taken at other places of each run's batch."""
    return values[torch.arange(len(place_RB), device=place_RB.device)[:, None], place_RB]
