"""The training loop: the only one. It advances a stack by epochs and records what it measures.

Shapes: R runs, P parameters, B examples of a batch, N drawn examples of an epoch.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from core.choices import penalties
from core.choices.clipping import NoClipping
from core.choices.pruning import MagnitudePruning, magnitude_mask
from core.choices.schedules import Plateau
from core.choices.stopping import StoppingChoice
from core.engine.batches import epoch_indices, tensors_of
from core.engine.layers import Pass
from core.engine.network import Network, blank
from core.engine.objective import Scores, SoftLoss, losses
from core.engine.optimization import groups_of
from core.engine.state import Stack
from core.engine.streams import stream_seed, uniforms
from core.settings import RunSettings


ALL = slice(None)


class Live:
    """A stack laid out for training: torch modules and optimizers over its own copy of the tensors."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.runs = stack.runs
        self.step = stack.step
        self.data = tensors_of(stack)
        self.flat_RP = stack.flat_RP.clone()
        self.grad_RP = torch.zeros_like(self.flat_RP)
        self.buffers = {name: buffer.clone() for name, buffer in stack.buffers.items()}
        self.keep_RP = stack.keep_RP
        self.logged_R3 = stack.logged_R3.clone()
        self.seconds_R = stack.seconds_R.clone()
        self.template = blank(self.runs[0])
        self.dropout_R = self._column([getattr(run.model, "dropout", 0.0) for run in self.runs])
        self.network = Network(self.template, self.flat_RP, self.buffers, self.dropout_R)
        self.weight_columns_P = self.network.layout.weight_columns(self.flat_RP.device)
        self._prepare_choices()
        self._prepare_optimizers()

    def _column(self, values: Sequence[float]) -> Tensor:
        return self.flat_RP.new_tensor(values)

    def _prepare_choices(self) -> None:
        runs = self.runs
        self.l1_R = self._column([run.penalty.l1 for run in runs])
        self.l2_squared_R = self._column([run.penalty.l2_squared for run in runs])
        self.penalised = bool(self.l1_R.any() or self.l2_squared_R.any())
        self.clippings = list(_rows_by_clipping(runs))
        self.soft = SoftLoss.of(runs, self.stack.teacher_logits, self.flat_RP)
        seeds = [stream_seed(run, "dropout") for run in runs]
        self.dropout_seeds = sorted(set(seeds))
        self.dropout_place_R = torch.tensor([self.dropout_seeds.index(seed) for seed in seeds], device=self.flat_RP.device)

    def _prepare_optimizers(self) -> None:
        layout, steps = self.network.layout, self.stack.steps_per_epoch
        self.groups = groups_of(self.runs, self.flat_RP, self.grad_RP, layout, steps, self._closure)
        self.averaging = any(run.optimizer.averaging for run in self.runs)
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
            logged_R3=self.logged_R3,
            seconds_R=self.seconds_R,
            **changes,
        )

    def _uniforms(self, layer: int, shape: tuple[int, ...], rows: slice) -> Tensor:
        drawn = torch.stack([uniforms(seed, layer, self.step, shape) for seed in self.dropout_seeds])
        return drawn.to(self.flat_RP.device)[self.dropout_place_R[rows]]

    def backward(self, index_RB: Tensor, rows: slice = ALL) -> tuple[Tensor, Tensor]:
        """The gradient of loss and penalty on a batch, into `grad_RP`; returns the loss and the penalty of each run (R,).

        With `rows`, of these runs alone: `index_RB` and what is returned have as many.
        """
        x_RBD, y_RB = self.data.train.take(index_RB)
        network = self.network if rows == ALL else self._network_of(rows)
        outputs_RBC = network(x_RBD, Pass(training=True, uniforms=lambda layer, shape: self._uniforms(layer, shape, rows)))
        loss_RB = losses(outputs_RBC, y_RB, self.data.task)
        if self.soft is not None:
            loss_RB = self.soft.mix(loss_RB, outputs_RBC, index_RB, rows)
        loss_R = loss_RB.mean(1)
        network.gradient(loss_R.sum(), self.grad_RP[rows])
        return loss_R.detach(), self._penalise(loss_R, rows)

    def _penalise(self, loss_R: Tensor, rows: slice) -> Tensor:
        if not self.penalised:
            return torch.zeros_like(loss_R)
        weights_RP = self.flat_RP[rows] * self.weight_columns_P
        self.grad_RP[rows] += penalties.gradient(weights_RP, self.l1_R[rows], self.l2_squared_R[rows])
        return penalties.value(weights_RP, self.l1_R[rows], self.l2_squared_R[rows])

    def _network_of(self, rows: slice) -> Network:
        """The network of one row, over the same storage."""
        if rows.start not in self.alone:
            buffers = {name: buffer[rows] for name, buffer in self.buffers.items()}
            self.alone[rows.start] = Network(self.template, self.flat_RP[rows], buffers, self.dropout_R[rows])
        return self.alone[rows.start]

    def _closure(self, row: int) -> float:
        """The loss of one run on the batch at hand, and its gradient, for an optimizer that asks for both as often as it likes."""
        rows = slice(row, row + 1)
        loss_R, penalty_R = self.backward(self.index_RB[rows], rows)
        self._clip(row)
        if self.keep_RP is not None:
            self.grad_RP[rows] *= self.keep_RP[rows]
        return (loss_R + penalty_R).item()

    def update(self, index_RB: Tensor, *, observe: bool) -> tuple[Tensor, Tensor] | None:
        """One update of every run on its batch. With `observe`: the gradient before clipping, and the parameters before the update."""
        begun = time.perf_counter()
        self.index_RB = index_RB
        loss_R, penalty_R = self.backward(index_RB)
        observed = (self.grad_RP.clone(), self.flat_RP.clone()) if observe else None
        self._clip()
        if self.keep_RP is not None:
            self.grad_RP.mul_(self.keep_RP)
        self.logged_R3 += torch.stack([loss_R, penalty_R, torch.ones_like(loss_R)], dim=1) * index_RB.shape[1]
        self.seconds_R += (time.perf_counter() - begun) / len(self.runs)
        for group in self.groups:
            self.seconds_R[group.rows] += group.step(self.step) / (group.rows.stop - group.rows.start)
        if self.keep_RP is not None:
            self.flat_RP.mul_(self.keep_RP)
        self.step += 1
        return observed

    def _clip(self, only: int | None = None) -> None:
        for clipping, rows in self.clippings:
            chosen = rows if only is None else [row for row in rows if row == only]
            if len(chosen) == len(self.runs):
                clipping.apply(self.grad_RP)
            elif chosen:
                part_RP = self.grad_RP[chosen]
                clipping.apply(part_RP)
                self.grad_RP[chosen] = part_RP

    def evaluating(self, on: bool) -> None:
        """Moves averaging optimizers' parameters to where they are evaluated, or back."""
        for group in self.groups:
            group.evaluating(on)

    def rates(self) -> list[float]:
        """The learning rate of each run's last update (before the first: of the first)."""
        return [group.lr(max(0, self.step - 1)) for group in self.groups for _ in range(group.rows.start, group.rows.stop)]

    def watch(self, val: Scores) -> None:
        """Lets stopping rules and schedules see an evaluation, and keeps the weights that are a run's best so far."""
        columns = {"val_loss": val.loss.tolist(), "val_accuracy": val.accuracy.tolist(), "val_f1": val.f1.tolist()}
        watches, plateaus = list(self.stack.watches), list(self.stack.plateaus)
        for row, run in enumerate(self.runs):
            metrics = {name: values[row] for name, values in columns.items()}
            if isinstance(run.stopping, StoppingChoice):
                watches[row] = run.stopping.update(watches[row], run.stopping.value(metrics))
            if isinstance(run.schedule, Plateau):
                plateaus[row] = run.schedule.update(plateaus[row], metrics["val_loss"])
        self.stack = replace(self.stack, watches=tuple(watches), plateaus=tuple(plateaus))
        for group in self.groups:
            group.plateau = plateaus[group.rows.start].factor
        self._keep_best()

    def _keep_best(self) -> None:
        rows = [row for row, run in enumerate(self.runs) if run.stopping.restore_best and self.stack.watches[row].waited == 0]
        if not rows:
            return
        best_RP = self.flat_RP.clone() if self.stack.best_RP is None else self.stack.best_RP.clone()
        best_RP[rows] = self.flat_RP[rows]
        buffers = {name: self.stack.best_buffers.get(name, buffer).clone() for name, buffer in self.buffers.items()}
        for name, buffer in buffers.items():
            buffer[rows] = self.buffers[name][rows]
        self.stack = replace(self.stack, best_RP=best_RP, best_buffers=buffers)

    def restore_best(self, left: list[int]) -> None:
        """Gives the runs that end here the weights of their best evaluation, where their rule says so."""
        rows = [row for row in left if self.runs[row].stopping.restore_best]
        if rows and self.stack.best_RP is not None:
            self.flat_RP[rows] = self.stack.best_RP[rows]
            for name, buffer in self.stack.best_buffers.items():
                self.buffers[name][rows] = buffer[rows]

    def first_gradient(self) -> Tensor:
        """The gradient that the first update will use, with nothing changed by looking."""
        buffers = {name: buffer.clone() for name, buffer in self.buffers.items()}
        self.backward(epoch_indices(self.stack, 0)[:, : self.stack.batch_size])
        for name, buffer in buffers.items():
            self.buffers[name].copy_(buffer)
        return self.grad_RP.clone()

    def prune(self) -> None:
        """Sets weights to zero for good in the runs whose pruning has an event at the end of this epoch."""
        epoch, rest = divmod(self.step, self.stack.steps_per_epoch)
        for row, run in enumerate(self.runs):
            if rest == 0 and isinstance(run.pruning, MagnitudePruning) and epoch in run.pruning.epochs:
                self._prune_row(row, run.pruning.target(epoch))

    def _prune_row(self, row: int, sparsity: float) -> None:
        if self.keep_RP is None:
            self.keep_RP = torch.ones_like(self.flat_RP, dtype=torch.bool)
        columns_P = self.weight_columns_P
        kept_P = torch.ones_like(columns_P)
        kept_P[columns_P] = magnitude_mask(self.flat_RP[row, columns_P], sparsity)
        self.keep_RP = self.keep_RP.clone()
        self.keep_RP[row] = kept_P
        self.flat_RP[row] *= kept_P

    def due(self, step: int) -> bool:
        """Whether the state after `step` updates is recorded: every n updates, or after an epoch, and always where a run ends."""
        every, per_epoch = self.runs[0].training.evaluate_every, self.stack.steps_per_epoch
        regular = step % (every or per_epoch) == 0
        return regular or any(step == run.training.epochs * per_epoch for run in self.runs)


def _rows_by_clipping(runs: Sequence[RunSettings]) -> Iterator[tuple[Any, list[int]]]:
    """(clipping, rows) for every distinct clipping but none."""
    distinct = dict.fromkeys(run.clipping for run in runs if not isinstance(run.clipping, NoClipping))
    for clipping in distinct:
        yield clipping, [row for row, run in enumerate(runs) if run.clipping == clipping]
