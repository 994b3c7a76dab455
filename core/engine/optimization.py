"""torch's own optimizers over rows of the stacked parameters: one instance for each distinct setting."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import torch
from torch import Tensor

from core.engine.network import Layout
from core.engine.planning import group_key
from core.settings import RunSettings

State = dict[str, Any]
"""Of one group: for each of its torch optimizers, for each of its tensors, torch's own state of that tensor."""


@dataclass
class Group:
    """Neighbouring rows with one optimizer setting, and the torch optimizers that step them."""

    key: str
    rows: slice
    run: RunSettings  # any of them: they share optimizer, schedule and length
    optimizers: list[torch.optim.Optimizer]
    steps_per_epoch: int

    def lr(self, step: int) -> float:
        """The learning rate of update `step` (the first is 0)."""
        total = self.run.training.epochs * self.steps_per_epoch
        return self.run.optimizer.lr * self.run.schedule.factor(step, self.steps_per_epoch, total)

    def step(self, step: int) -> float:
        """Does update `step` in place; returns the seconds that it took."""
        begun = time.perf_counter()
        lr = self.lr(step)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = lr
            optimizer.step()
        return time.perf_counter() - begun

    def state(self) -> list[list[State]]:
        """torch's state of every tensor, by optimizer and tensor."""
        return [[dict(optimizer.state[p]) for p in _tensors(optimizer)] for optimizer in self.optimizers]

    def restore(self, saved: list[list[State]]) -> None:
        """Puts back what `state` gave."""
        for optimizer, tensors in zip(self.optimizers, saved, strict=True):
            for p, state in zip(_tensors(optimizer), tensors, strict=True):
                optimizer.state[p].update(state)


def _tensors(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    return [p for group in optimizer.param_groups for p in group["params"]]


def groups_of(runs: Sequence[RunSettings], flat_RP: Tensor, grad_RP: Tensor, layout: Layout, steps_per_epoch: int) -> list[Group]:
    """The groups of a stack whose runs stand in the order of `group_key`, over views of its parameters and gradients."""
    groups = []
    for key, rows in grouped_rows(runs):
        run = runs[rows.start]
        if run.optimizer.elementwise:
            optimizers = [run.optimizer.build([view(flat_RP, grad_RP, rows)])]
        else:
            optimizers = [run.optimizer.build(_tensors_of(row, flat_RP, grad_RP, layout)) for row in range(rows.start, rows.stop)]
        groups.append(Group(key, rows, run, optimizers, steps_per_epoch))
    return groups


def grouped_rows(runs: Sequence[RunSettings]) -> Iterator[tuple[str, slice]]:
    """(key, rows) of each stretch of neighbours that share optimizer, schedule and length."""
    start = 0
    for key, members in groupby(runs, key=group_key):
        stop = start + len(list(members))
        yield key, slice(start, stop)
        start = stop


def view(flat_RP: Tensor, grad_RP: Tensor, rows: slice) -> Tensor:
    """The rows as one tensor that a torch optimizer steps in place; values and gradients share the stack's storage."""
    tensor = flat_RP.detach()[rows]
    tensor.grad = grad_RP[rows]
    return tensor


def _tensors_of(row: int, flat_RP: Tensor, grad_RP: Tensor, layout: Layout) -> list[Tensor]:
    """One run's parameters in their own shapes, for optimizers that look at a whole matrix."""
    tensors = []
    for _, columns, shape in layout.parameters:
        tensor = flat_RP.detach()[row, columns].view(shape)
        tensor.grad = grad_RP[row, columns].view(shape)
        tensors.append(tensor)
    return tensors


def kept_state(saved: list[list[State]], kept: Tensor, elementwise: bool) -> list[list[State]]:
    """A group's state when only some of its rows stay; `kept` holds their places within the group."""
    if not elementwise:
        return [saved[place] for place in kept.tolist()]
    return [[{name: _rows(value, kept) for name, value in state.items()} for state in tensors] for tensors in saved]


def _rows(value: Any, kept: Tensor) -> Any:
    return value[kept] if isinstance(value, Tensor) and value.dim() > 0 else value
