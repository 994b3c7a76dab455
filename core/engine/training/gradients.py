"""The gradients of loss and penalty on a batch, in one or several forward passes, for all runs of a stack or for one.

Shapes: R runs, P parameters, B examples of a batch.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor, nn

from core.choices.models import Model
from core.data.sets import Data
from core.engine.batches import Tensors
from core.engine.network.networks import Network, blank
from core.engine.stack import ALL_ROWS, BUFFERS, Stack, State, below
from core.engine.training.batch_loss import BatchLoss
from core.engine.training.planted import Planted
from core.engine.training.regularizer import Regularizer
from core.settings import RunSettings


class Gradients:
    """Network, loss and penalties of a stack over the tensors of `state`, and their gradient `grad_RP`."""

    def __init__(self, stack: Stack, state: State, data: Tensors) -> None:
        self.runs = stack.runs
        self.micro_size, self.accumulation = stack.micro_size, stack.accumulation
        self.flat_RP: Tensor = state["parameters"]
        self.buffers = below(state, BUFFERS)
        self.grad_RP = torch.zeros_like(self.flat_RP)
        self.template = _template(self.runs[0].model, self.runs[0].data)
        self.network = Network(self.template, self.flat_RP, self.buffers, self.runs)
        self.alone: dict[int, Network] = {}  # networks of single rows, for optimizers that evaluate the loss themselves
        self.loss = BatchLoss(stack, data)
        self.regularizer = Regularizer(self.runs, self.network.layout, self.flat_RP)
        self.mistakes = Planted(self.runs, state, self.network.layout)

    def of_batch(self, index_RB: Tensor, step: int, rows: slice = ALL_ROWS) -> tuple[Tensor, Tensor | None]:
        """Writes the gradient of loss and penalty at update `step` into `grad_RP`.

        Returns the loss and the penalty of each run (R,); the penalty is None if there is none. With `rows`, only these runs are computed:
        `index_RB` and the returned tensors then have one row for each of them.
        """
        network = self.network if rows == ALL_ROWS else self._network_of(rows)
        grad_RP = self.grad_RP[rows]
        if index_RB.shape[1] <= self.micro_size:
            loss_R = self.loss.descend(network, index_RB, step * self.accumulation, rows, grad_RP).mean(1)
        else:
            loss_R = self._accumulate(network, index_RB, step, grad_RP, rows)
        self.mistakes.turn(grad_RP, rows)
        penalty_R = self.regularizer.penalise(self.flat_RP[rows], grad_RP, rows)
        self.loss.noise.add_to_gradient(grad_RP, step, rows)
        self.mistakes.follow(grad_RP, rows)
        return loss_R, penalty_R

    def _accumulate(self, network: Network, index_RB: Tensor, step: int, grad_RP: Tensor, rows: slice) -> Tensor:
        """Writes the gradient of a batch into `grad_RP` by several smaller forward passes; returns the loss of each run (R,)."""
        loss_R, part_RP = torch.zeros_like(grad_RP[:, 0]), torch.empty_like(grad_RP)
        grad_RP.zero_()
        for place, part_RB in enumerate(index_RB.split(self.micro_size, dim=1)):
            loss_RB = self.loss.descend(network, part_RB, step * self.accumulation + place, rows, part_RP)
            share = part_RB.shape[1] / index_RB.shape[1]
            grad_RP.add_(part_RP, alpha=share)
            loss_R.add_(loss_RB.mean(1), alpha=share)
        return loss_R

    def _network_of(self, rows: slice) -> Network:
        """The network of one row, over the same storage."""
        if rows.start not in self.alone:
            buffers = {name: buffer[rows] for name, buffer in self.buffers.items()}
            self.alone[rows.start] = Network(self.template, self.flat_RP[rows], buffers, self.runs[rows])
        return self.alone[rows.start]


@lru_cache(maxsize=16)
def _template(model: Model, data: Data) -> nn.Module:
    """The plain network that gives names and shapes; it must not be changed. It is cached, because building it takes as long as several
    updates.
    """
    return blank(RunSettings(model=model, data=data))
