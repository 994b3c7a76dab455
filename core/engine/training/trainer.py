"""The trainer, which does one update after another for all runs of a stack.

Shapes: R runs, P parameters, B examples of a batch.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.engine.batches import epoch_indices, measured_part, tensors_of
from core.engine.measuring.movement import Track
from core.engine.stack import ALL_ROWS, Stack, State, copied
from core.engine.training.clipper import Clipper
from core.engine.training.early_stopping import EarlyStopping
from core.engine.training.gradients import Gradients
from core.engine.training.optimization import Optimizers
from core.engine.training.pruner import Pruner, training_gradient


class Trainer:
    """A stack in training: torch modules and optimizers over a copy of the stack's state.

    Pruning and early stopping have their own classes over the same state: `pruner` and `stopping`.
    """

    def __init__(self, stack: Stack) -> None:
        self.stack, self.runs, self.step = stack, stack.runs, stack.step
        self.steps_per_epoch, self.batch_size = stack.steps_per_epoch, stack.batch_size
        self.data, self.measured = tensors_of(stack), measured_part(stack)
        self.state: State = copied(stack.state)
        self.flat_RP: Tensor = self.state["parameters"]
        self.logged_R3: Tensor = self.state["logged"]
        self.logged = self.logged_R3.unbind(1)
        self.seconds_R = np.array(self.state["seconds"])
        self.gradients = Gradients(stack, self.state, self.data)
        self.network, self.grad_RP = self.gradients.network, self.gradients.grad_RP
        layout = self.network.layout
        self.optimizers = Optimizers(self.runs, self.state, self.grad_RP, layout, self.steps_per_epoch, self._closure)
        self.looking = [row for row, run in enumerate(self.runs) if run.optimizer.closure]  # their optimizers evaluate the batch themselves
        self.index_RB = torch.empty(0, dtype=torch.long)  # the current batch
        self.clipper = Clipper(self.runs, self.state)
        self.pruner = Pruner(self.runs, self.state, self.network)
        self.track = Track(self.state)
        self.stopping = EarlyStopping(self.runs, self.state)

    def freeze(self, **changes: Any) -> Stack:
        """The stack as a value; this object must not train on after that."""
        now = self.optimizers.entries(begun=self.step > 0) | self.stopping.entries() | {"seconds": tuple(self.seconds_R.tolist())}
        return replace(self.stack, step=self.step, state=self.state | now, **changes)

    def backward(self, index_RB: Tensor, rows: slice = ALL_ROWS) -> tuple[Tensor, Tensor | None]:
        """As `Gradients.of_batch`, with zero gradients at pruned weights, so that they count neither in the norm nor in clipping."""
        losses = self.gradients.of_batch(index_RB, self.step, rows)
        self.pruner.hold(self.grad_RP[rows], rows)
        return losses

    def _closure(self, row: int) -> float:
        """The loss of one run on the current batch, and its gradient, for an optimizer that evaluates both several times."""
        rows = slice(row, row + 1)
        loss_R, penalty_R = self.backward(self.index_RB[rows], rows)
        self.clipper.clip(self.grad_RP, row)
        loss_R = loss_R * self.runs[row].mistake.sign
        return (loss_R if penalty_R is None else loss_R + penalty_R).item()

    def update(self, index_RB: Tensor, *, observe: bool) -> tuple[Tensor, Tensor] | None:
        """One update of every run on its batch. With `observe`: returns the unclipped gradient and the parameters before the update."""
        self.track.step(keep=self.due(self.step + 2) or bool(self.rewound_at(self.step + 2)))
        begun = time.perf_counter()
        self.index_RB = index_RB
        loss_R, penalty_R = self._first_look(index_RB)
        observed = (self.grad_RP.clone(), self.flat_RP.clone()) if observe else None
        self.clipper.remember(self.grad_RP)
        self.clipper.clip(self.grad_RP)
        self.gradients.mistakes.leave(self.grad_RP)
        self.pruner.follow(self.flat_RP, self.grad_RP)
        regularizer = self.gradients.regularizer
        lr_R = self.flat_RP.new_tensor(self.optimizers.rates(self.step)) if regularizer.needs_rates else loss_R
        regularizer.decay(self.flat_RP, lr_R)
        self._log(loss_R, penalty_R, index_RB.shape[1])
        self.seconds_R += (time.perf_counter() - begun) / len(self.runs)
        self.optimizers.step(self.step, self.seconds_R)
        regularizer.constrain(self.flat_RP, lr_R)
        self.gradients.mistakes.hold(self.flat_RP)
        self.pruner.hold(self.flat_RP)
        self.step += 1
        return observed

    def _first_look(self, index_RB: Tensor) -> tuple[Tensor, Tensor | None]:
        """The gradient of the batch. Runs whose optimizers evaluate the batch again keep their running statistics as they were."""
        buffers = {name: buffer[self.looking].clone() for name, buffer in self.gradients.buffers.items()} if self.looking else {}
        losses = self.backward(index_RB)
        for name, buffer in buffers.items():
            self.gradients.buffers[name][self.looking] = buffer
        return losses

    def _log(self, loss_R: Tensor, penalty_R: Tensor | None, examples: int) -> None:
        loss, penalty, seen = self.logged
        loss.add_(loss_R, alpha=examples)
        seen.add_(examples)
        if penalty_R is not None:
            penalty.add_(penalty_R, alpha=examples)

    def first_gradient(self) -> Tensor:
        """The gradient that the first update will use; computing it changes nothing."""
        buffers = {name: buffer.clone() for name, buffer in self.gradients.buffers.items()}
        self.backward(epoch_indices(self.stack, 0)[:, : self.batch_size])
        for name, buffer in buffers.items():
            self.gradients.buffers[name].copy_(buffer)
        return self.grad_RP.clone()

    def evaluating(self, on: bool, rows: Sequence[int]) -> None:
        """Moves the parameters of these runs to where averaging optimizers are evaluated, or back; frozen layers stay unchanged."""
        self.optimizers.evaluating(on, rows)
        self.gradients.mistakes.hold(self.flat_RP)

    def rates(self) -> list[float]:
        """The learning rate of each run's last update; before the first update, that of the first."""
        return self.optimizers.rates(max(0, self.step - 1))

    def rewound_at(self, step: int) -> list[int]:
        """The runs with a pruning event after `step` updates that rewinds their remaining weights."""
        epoch, rest = divmod(step, self.steps_per_epoch)
        return [] if rest else self.pruner.rewound_at(epoch)

    def prune(self, spared: Sequence[int] = ()) -> None:
        """Prunes the runs that have an event at the end of this epoch, except those in `spared`.

        Runs that are rewound get new optimizers. The best evaluation of pruned runs is forgotten.
        """
        epoch, rest = divmod(self.step, self.steps_per_epoch)
        if rest:
            return
        pruned = self.pruner.prune(epoch, spared, lambda: training_gradient(self.network, self.data, self.gradients.loss.of))
        if pruned:
            for row in pruned:
                if self.runs[row].pruning.rewind is not None:
                    self.optimizers.reset(row)
            self.optimizers.prune(self.state["mask"])
            self.stopping.forget(pruned)

    def restore_best(self, left: Sequence[int]) -> None:
        """Gives the runs that end here the weights of their best evaluation, if their rule asks for it and there is one."""
        if self.stopping.restore(left):
            self.pruner.hold(self.flat_RP)

    def due(self, step: int) -> bool:
        """Whether the state after `step` updates is recorded: every n updates or after each epoch, and always at the end of a run."""
        every, per_epoch = self.runs[0].training.evaluate_every, self.steps_per_epoch
        regular = step % (every or per_epoch) == 0
        return regular or any(step == run.training.epochs * per_epoch for run in self.runs)
