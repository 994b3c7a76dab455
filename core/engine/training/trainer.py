"""The training loop: the only one. It advances a stack by epochs and records what it measures.

Shapes: R runs, P parameters, B examples of a batch, N drawn examples of an epoch.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from core.choices.clipping import NoClipping
from core.choices.models import Model
from core.choices.schedules import Plateau
from core.choices.stopping import StoppingChoice
from core.data.sets import Data
from core.engine.batches import epoch_indices, measured_part, tensors_of
from core.engine.measuring.scores import Scores
from core.engine.network.networks import Network, blank
from core.engine.stack import Stack
from core.engine.training.batch_loss import BatchLoss
from core.engine.training.optimization import groups_of
from core.engine.training.pruner import pruned_row, random_scores, training_gradient
from core.engine.training.regularizer import Regularizer
from core.settings import RunSettings

ALL = slice(None)


class Live:
    """A stack laid out for training: torch modules and optimizers over its own copy of the tensors."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.runs = stack.runs
        self.step = stack.step
        self.steps_per_epoch, self.batch_size = stack.steps_per_epoch, stack.batch_size
        self.micro_size, self.accumulation = stack.micro_size, stack.accumulation
        self.data, self.measured = tensors_of(stack), measured_part(stack)
        self.flat_RP = stack.flat_RP.clone()
        self.grad_RP = torch.zeros_like(self.flat_RP)
        self.buffers = {name: buffer.clone() for name, buffer in stack.buffers.items()}
        self.keep_RP = stack.keep_RP
        self.norms_RN, self.rewind_RP, self.movement_RP = stack.norms_RN, stack.rewind_RP, stack.movement_RP
        self.moves = any(run.pruning.needs == "movement" for run in self.runs)
        self.logged_R3 = stack.logged_R3.clone()
        self.logged = self.logged_R3.unbind(1)
        self.seconds_R = stack.seconds_R.numpy().copy()
        self.template = _template(self.runs[0].model, self.runs[0].data)
        self.network = Network(self.template, self.flat_RP, self.buffers, self.runs)
        self.weight_columns_P = self.network.layout.weight_columns(self.flat_RP.device)
        self.loss = BatchLoss(stack, self.data)
        self.regularizer = Regularizer(self.runs, self.network.layout, self.flat_RP)
        self.clippings = list(_rows_by_clipping(self.runs))
        self.window = max(run.clipping.window for run in self.runs)
        self._prepare_optimizers()

    def _prepare_optimizers(self) -> None:
        layout = self.network.layout
        self.groups = groups_of(self.runs, self.flat_RP, self.grad_RP, layout, self.steps_per_epoch, self._closure)
        self.averaging = any(run.optimizer.averaging for run in self.runs)
        self.looking = [row for row, run in enumerate(self.runs) if run.optimizer.closure]  # these look at the batch again by themselves
        self.alone: dict[int, Network] = {}  # the networks of single rows, for optimizers that evaluate the loss themselves
        self.index_RB = torch.empty(0, dtype=torch.long)
        for group in self.groups:
            if group.key in self.stack.optimizers:
                group.restore(self.stack.optimizers[group.key])
            group.plateau = self.stack.plateaus[group.rows.start].factor

    def freeze(self, **changes: Any) -> Stack:
        """The stack as a value; this object must not train on after that."""
        return replace(
            self.stack,
            step=self.step,
            flat_RP=self.flat_RP,
            buffers=self.buffers,
            optimizers={group.key: group.state() for group in self.groups} if self.step else {},
            keep_RP=self.keep_RP,
            norms_RN=self.norms_RN,
            rewind_RP=self.rewind_RP,
            movement_RP=self.movement_RP,
            logged_R3=self.logged_R3,
            seconds_R=torch.from_numpy(self.seconds_R),
            **changes,
        )

    def backward(self, index_RB: Tensor, rows: slice = ALL) -> tuple[Tensor, Tensor | None]:
        """The gradient of loss and penalty on a batch, into `grad_RP`; returns the loss and the penalty (None: there is none) of each run.

        It is zero at pruned weights, so that they count neither in its norm nor in what clipping makes of it.

        With `rows`, of these runs alone: `index_RB` and what is returned have as many.
        """
        network = self.network if rows == ALL else self._network_of(rows)
        grad_RP = self.grad_RP[rows]
        if index_RB.shape[1] <= self.micro_size:
            loss_R = self.loss.descend(network, index_RB, self.step * self.accumulation, rows, grad_RP).mean(1)
        else:
            loss_R = self._accumulate(network, index_RB, grad_RP, rows)
        penalty_R = self.regularizer.penalise(self.flat_RP[rows], grad_RP, rows)
        self.loss.noise.shake_gradient(grad_RP, self.step, rows)
        self._hold_pruned(grad_RP, rows)
        return loss_R, penalty_R

    def _accumulate(self, network: Network, index_RB: Tensor, grad_RP: Tensor, rows: slice) -> Tensor:
        """The gradient of a batch that is taken in several parts, into `grad_RP`; returns the loss of each run (R,)."""
        loss_R, part_RP = torch.zeros_like(grad_RP[:, 0]), torch.empty_like(grad_RP)
        grad_RP.zero_()
        for place, part_RB in enumerate(index_RB.split(self.micro_size, dim=1)):
            loss_RB = self.loss.descend(network, part_RB, self.step * self.accumulation + place, rows, part_RP)
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

    def _closure(self, row: int) -> float:
        """The loss of one run on the batch at hand, and its gradient, for an optimizer that asks for both as often as it likes."""
        rows = slice(row, row + 1)
        loss_R, penalty_R = self.backward(self.index_RB[rows], rows)
        self._clip(row)
        return (loss_R if penalty_R is None else loss_R + penalty_R).item()

    def update(self, index_RB: Tensor, *, observe: bool) -> tuple[Tensor, Tensor] | None:
        """One update of every run on its batch. With `observe`: the gradient before clipping, and the parameters before the update."""
        begun = time.perf_counter()
        self.index_RB = index_RB
        buffers = {name: buffer[self.looking].clone() for name, buffer in self.buffers.items()} if self.looking else {}
        loss_R, penalty_R = self.backward(index_RB)
        for name, buffer in buffers.items():
            self.buffers[name][self.looking] = buffer
        observed = (self.grad_RP.clone(), self.flat_RP.clone()) if observe else None
        if self.window:
            self._remember_norms()
        self._clip()
        if self.moves:
            self.movement_RP = (0 if self.movement_RP is None else self.movement_RP) - self.flat_RP * self.grad_RP
        lr_R = self.flat_RP.new_tensor(self._rates(self.step)) if self.regularizer.needs_rates else loss_R
        self.regularizer.decay(self.flat_RP, lr_R)
        self._log(loss_R, penalty_R, index_RB.shape[1])
        self.seconds_R += (time.perf_counter() - begun) / len(self.runs)
        for group in self.groups:
            self.seconds_R[group.rows] += group.step(self.step) / (group.rows.stop - group.rows.start)
        self.regularizer.constrain(self.flat_RP, lr_R)
        self._hold_pruned(self.flat_RP)
        self.step += 1
        return observed

    def _log(self, loss_R: Tensor, penalty_R: Tensor | None, examples: int) -> None:
        loss, penalty, seen = self.logged
        loss.add_(loss_R, alpha=examples)
        seen.add_(examples)
        if penalty_R is not None:
            penalty.add_(penalty_R, alpha=examples)

    def _hold_pruned(self, tensor_RP: Tensor, rows: slice = ALL) -> None:
        if self.keep_RP is not None:
            tensor_RP.mul_(self.keep_RP[rows])

    def _remember_norms(self) -> None:
        known_RN = self.grad_RP.new_full((len(self.runs), self.window), torch.nan) if self.norms_RN is None else self.norms_RN
        self.norms_RN = torch.cat([known_RN[:, 1:], self.grad_RP.norm(dim=1, keepdim=True)], dim=1)

    def _clip(self, only: int | None = None) -> None:
        for clipping, rows in self.clippings:
            chosen = rows if only is None else [row for row in rows if row == only]
            norms_RN = self.grad_RP[chosen, :0] if self.norms_RN is None else self.norms_RN[chosen]
            if len(chosen) == len(self.runs):
                clipping.apply(self.grad_RP, norms_RN)
            elif chosen:
                part_RP = self.grad_RP[chosen]
                clipping.apply(part_RP, norms_RN)
                self.grad_RP[chosen] = part_RP

    def evaluating(self, on: bool, rows: Sequence[int]) -> None:
        """Moves these runs' parameters to where averaging optimizers are evaluated, or back."""
        for group in self.groups:
            if group.rows.start in rows:
                group.evaluating(on)

    def rates(self) -> list[float]:
        """The learning rate of each run's last update (before the first: of the first)."""
        return self._rates(max(0, self.step - 1))

    def _rates(self, step: int) -> list[float]:
        return [rate for group in self.groups for rate in group.rates(step)]

    def watch(self, val: Scores, rows: Sequence[int]) -> None:
        """Lets stopping rules and schedules see an evaluation of these runs, and keeps the weights that are a run's best so far."""
        columns = {"val_loss": val.loss.tolist(), "val_accuracy": val.accuracy.tolist(), "val_f1": val.f1.tolist()}
        watches, plateaus = list(self.stack.watches), list(self.stack.plateaus)
        for row in rows:
            run = self.runs[row]
            metrics = {name: values[row] for name, values in columns.items()}
            if isinstance(run.stopping, StoppingChoice):
                watches[row] = run.stopping.update(watches[row], run.stopping.value(metrics))
            if isinstance(run.schedule, Plateau):
                plateaus[row] = run.schedule.update(plateaus[row], metrics["val_loss"])
        self.stack = replace(self.stack, watches=tuple(watches), plateaus=tuple(plateaus))
        for group in self.groups:
            group.plateau = plateaus[group.rows.start].factor
        self._keep_best(rows)

    def _keep_best(self, measured: Sequence[int]) -> None:
        rows = [row for row in measured if self.runs[row].stopping.restore_best and self.stack.watches[row].waited == 0]
        if not rows:
            return
        best_RP = self.flat_RP.clone() if self.stack.best_RP is None else self.stack.best_RP.clone()
        best_RP[rows] = self.flat_RP[rows]
        buffers = {name: self.stack.best_buffers.get(name, buffer).clone() for name, buffer in self.buffers.items()}
        for name, buffer in buffers.items():
            buffer[rows] = self.buffers[name][rows]
        self.stack = replace(self.stack, best_RP=best_RP, best_buffers=buffers)

    def _forget_best(self, pruned: list[int]) -> None:
        """Counts the best evaluation anew in runs that are to end with it: that of a network not pruned yet would undo the pruning."""
        watches = list(self.stack.watches)
        for row in pruned:
            if self.runs[row].stopping.restore_best:
                watches[row] = replace(watches[row], best=math.inf, waited=0)
        self.stack = replace(self.stack, watches=tuple(watches))

    def restore_best(self, left: list[int]) -> None:
        """Gives the runs that end here the weights of their best evaluation, where their rule says so and there was one."""
        rows = [row for row in left if self.runs[row].stopping.restore_best and math.isfinite(self.stack.watches[row].best)]
        if rows and self.stack.best_RP is not None:
            self.flat_RP[rows] = self.stack.best_RP[rows]
            for name, buffer in self.stack.best_buffers.items():
                self.buffers[name][rows] = buffer[rows]
            self._hold_pruned(self.flat_RP)

    def first_gradient(self) -> Tensor:
        """The gradient that the first update will use, with nothing changed by looking."""
        buffers = {name: buffer.clone() for name, buffer in self.buffers.items()}
        self.backward(epoch_indices(self.stack, 0)[:, : self.batch_size])
        for name, buffer in buffers.items():
            self.buffers[name].copy_(buffer)
        return self.grad_RP.clone()

    def rewound_at(self, step: int) -> list[int]:
        """The runs whose pruning has an event after so many updates that takes the rest of their weights back."""
        epoch, rest = divmod(step, self.steps_per_epoch)
        return [] if rest else [row for row, run in enumerate(self.runs) if run.pruning.rewind is not None and epoch in run.pruning.epochs]

    def prune(self, spared: Sequence[int] = ()) -> None:
        """Sets weights to zero for good in the runs whose pruning has an event at the end of this epoch, and rewinds the rest if asked.

        Not in those that are `spared`: one that has diverged would come back to life.
        """
        epoch, rest = divmod(self.step, self.steps_per_epoch)
        if rest:
            return
        self._remember_rewind_points(epoch)
        rows = [row for row, run in enumerate(self.runs) if epoch in run.pruning.epochs and row not in spared]
        if not rows:
            return
        self.keep_RP = torch.ones_like(self.flat_RP, dtype=torch.bool) if self.keep_RP is None else self.keep_RP.clone()
        gradient_RP = self._gradient_for_scores(rows)
        for row in rows:
            scores_P = self._scores(row, epoch, gradient_RP)
            self.keep_RP[row] = pruned_row(self.runs[row], epoch, scores_P, self.keep_RP[row], self.network)
            self._rewind(row)
            self.flat_RP[row] *= self.keep_RP[row]
        for group in self.groups:
            group.prune(self.keep_RP[group.rows])
        self._forget_best(rows)

    def _gradient_for_scores(self, rows: list[int]) -> Tensor | None:
        needed = any(self.runs[row].pruning.needs == "gradients" for row in rows)
        return training_gradient(self.network, self.data, self.loss.of) if needed else None

    def _scores(self, row: int, epoch: int, gradient_RP: Tensor | None) -> Tensor:
        weights_P, run = self.flat_RP[row], self.runs[row]
        match run.pruning.needs:
            case "chance":
                return random_scores(run, len(weights_P), epoch).to(weights_P)
            case "gradients":
                assert gradient_RP is not None
                return (weights_P * gradient_RP[row]).abs()
            case "movement":
                return weights_P.new_zeros(weights_P.shape) if self.movement_RP is None else self.movement_RP[row].clone()
            case _:
                return weights_P.abs()

    def _remember_rewind_points(self, epoch: int) -> None:
        rows = [row for row, run in enumerate(self.runs) if run.pruning.rewind == epoch]
        if rows:
            self.rewind_RP = self.flat_RP.clone() if self.rewind_RP is None else self.rewind_RP.clone()
            self.rewind_RP[rows] = self.flat_RP[rows]

    def _rewind(self, row: int) -> None:
        if self.runs[row].pruning.rewind is not None and self.rewind_RP is not None:
            self.flat_RP[row] = self.rewind_RP[row]
            next(group for group in self.groups if group.rows.start == row).reset()

    def due(self, step: int) -> bool:
        """Whether the state after `step` updates is recorded: every n updates, or after an epoch, and always where a run ends."""
        every, per_epoch = self.runs[0].training.evaluate_every, self.steps_per_epoch
        regular = step % (every or per_epoch) == 0
        return regular or any(step == run.training.epochs * per_epoch for run in self.runs)


@lru_cache(maxsize=16)
def _template(model: Model, data: Data) -> nn.Module:
    """The plain network that tells names and shapes; not to be changed. Kept, since it takes as long as several updates to make."""
    return blank(RunSettings(model=model, data=data))


def _rows_by_clipping(runs: Sequence[RunSettings]) -> Iterator[tuple[Any, list[int]]]:
    """(clipping, rows) for every distinct clipping but none."""
    distinct = dict.fromkeys(run.clipping for run in runs if not isinstance(run.clipping, NoClipping))
    for clipping in distinct:
        yield clipping, [row for row, run in enumerate(runs) if run.clipping == clipping]
