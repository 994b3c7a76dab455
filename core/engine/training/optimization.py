"""torch's own optimizers over rows of the stacked parameters: one instance for each distinct setting."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from functools import partial
from itertools import chain

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.choices.schedules import PlateauState
from core.engine.network.networks import Layout
from core.engine.optimizer_states import OptimizerState, joined, restore, split, state_of, tensors_of
from core.engine.planning import grouped_rows
from core.engine.stack import State
from core.settings import RunSettings

Builder = Callable[[], list[list[torch.optim.Optimizer]]]

Closure = Callable[[int], float]
"""Computes the loss of the run in a row, and writes its gradient in place."""


@dataclass
class Apart:
    """Rows that share one torch optimizer with learning rate 1: it updates a tensor of zeros, and each row adds the result times its own
    rate.
    """

    values_RP: Tensor
    scratch_RP: Tensor
    rates_R1: Tensor

    def step(self, optimizers: Sequence[torch.optim.Optimizer], factor: float) -> None:
        """One update in place, with every rate multiplied by `factor`."""
        self.scratch_RP.zero_()
        for optimizer in optimizers:
            _bare_step(optimizer)
        self.values_RP.addcmul_(self.scratch_RP, self.rates_R1, value=factor)


@dataclass
class Group:
    """Neighbouring rows with equal optimizer settings, and the torch optimizers that update them."""

    key: str
    rows: slice
    runs: Sequence[RunSettings]  # they share optimizer (except a rate that is applied apart), schedule and length
    optimizers: list[list[torch.optim.Optimizer]]  # one list for all rows at once, or one for each row
    values_RP: Tensor  # the parameters of these rows, in the stack's storage
    steps_per_epoch: int
    closure: Closure
    build: Builder
    apart: Apart | None = None  # if the torch optimizer works with rate 1
    plateau: float = 1.0  # the factor to which a schedule that watches the validation loss has lowered the rate

    def __post_init__(self) -> None:
        self._settle()

    def _settle(self) -> None:
        """Stores where the tensors of a user's new optimizers lie."""
        self.homes = _homes(self.optimizers) if self.run.optimizer.foreign else []

    def factor(self, step: int) -> float:
        """The factor of the learning rate at update `step` (the first is 0), from the schedule."""
        total = self.run.training.epochs * self.steps_per_epoch
        return self.plateau * self.run.schedule.factor(step, self.steps_per_epoch, total)

    @property
    def run(self) -> RunSettings:
        """The first run, for settings that all runs of the group share."""
        return self.runs[0]

    def rates(self, step: int) -> list[float]:
        """The learning rate of each row at update `step`."""
        factor = self.factor(step)
        return [run.optimizer.lr * factor for run in self.runs]

    def step(self, step: int) -> float:
        """Does update `step` in place; returns the seconds that it took."""
        begun = time.perf_counter()
        factor = self.factor(step)
        if self.apart is not None:
            apart = self.apart
            _or_lost(self.values_RP, lambda: apart.step(self.optimizers[0], factor), foreign=False)
            return time.perf_counter() - begun
        for place, optimizers in enumerate(self.optimizers):
            values = self.values_RP if self.run.optimizer.elementwise else self.values_RP[place]
            _or_lost(values, partial(self._step_one, place, optimizers, factor), foreign=self.run.optimizer.foreign)
        return time.perf_counter() - begun

    def _step_one(self, place: int, optimizers: Sequence[torch.optim.Optimizer], factor: float) -> None:
        """One update of all rows at once, or of the row at position `place` in the group."""
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = optimizer.defaults["lr"] * factor
            if self.run.optimizer.closure:
                optimizer.step(partial(self.closure, self.rows.start + place))
            elif self.homes:
                self.homes[place].step(optimizer)
            else:
                _bare_step(optimizer)

    def evaluating(self, on: bool) -> None:
        """Moves the parameters of an averaging optimizer to the average for an evaluation, or back for training."""
        if self.run.optimizer.averaging:
            for optimizer in chain.from_iterable(self.optimizers):
                optimizer.eval() if on else optimizer.train()  # type: ignore[attr-defined]

    def prune(self, keep_RP: Tensor) -> None:
        """Zeroes pruned weights of these rows in the second point that an averaging optimizer keeps, so that they do not come back."""
        if self.run.optimizer.averaging:
            for optimizer in chain.from_iterable(self.optimizers):
                for state in optimizer.state.values():
                    state["z"].mul_(keep_RP)

    def reset(self) -> None:
        """Replaces the optimizers by new ones without any state."""
        self.optimizers = self.build()
        self._settle()

    def state(self) -> list[list[OptimizerState]]:
        """The state of the torch optimizers, for each row."""
        if not self.run.optimizer.elementwise:
            foreign = self.run.optimizer.foreign
            return [[state_of(optimizer, foreign=foreign) for optimizer in optimizers] for optimizers in self.optimizers]
        of_optimizers = [split(state_of(optimizer, foreign=False), len(self.runs)) for optimizer in self.optimizers[0]]
        return [list(of_row) for of_row in zip(*of_optimizers, strict=True)]

    def restore(self, saved: Sequence[list[OptimizerState]]) -> None:
        """Restores what `state` returned."""
        if self.run.optimizer.elementwise:
            saved = [[joined(of_rows) for of_rows in zip(*saved, strict=True)]]
        for optimizers, states in zip(self.optimizers, saved, strict=True):
            for optimizer, state in zip(optimizers, states, strict=True):
                restore(optimizer, state)


def _or_lost(values: Tensor, step: Callable[[], None], *, foreign: bool) -> None:
    """Does an update. If Python's arithmetic in it overflows or divides by zero, sets the parameters to NaN: the runs have diverged.

    If an optimizer updates several runs at once, that arithmetic depends only on settings, rate and step, so each run alone would fail too.
    A division by zero in a user's own optimizer (`foreign`) is raised, because it is a bug that its author should see.
    """
    try:
        step()
    except ArithmeticError as error:
        if foreign and not isinstance(error, OverflowError):
            raise
        values.fill_(torch.nan)
    except RuntimeError as error:
        if OVERFLOW not in str(error):
            raise
        values.fill_(torch.nan)


OVERFLOW = "without overflow"
"""Part of torch's message for a Python number that is too large for the precision of a tensor."""


def _bare_step(optimizer: torch.optim.Optimizer) -> None:
    """One update. For torch's own optimizers it skips the hooks for profilers and compilers, which take four times as long as the update
    on small tensors.
    """
    kind = type(optimizer)
    if kind.__module__.startswith("torch.optim."):
        with torch.no_grad():
            inspect.unwrap(kind.step)(optimizer)
    else:
        optimizer.step()


@dataclass
class Homes:
    """Where the parameters and gradients of a user's optimizer lie in the stack, since the optimizer may replace its tensors' data."""

    tensors: list[
        tuple[Tensor, Tensor, Tensor | None]
    ]  # the optimizer's tensor, the view of the stack for its values, and the view for its gradient

    def step(self, optimizer: torch.optim.Optimizer) -> None:
        """One update, whose result is always written into the stack."""
        for tensor, _, gradient in self.tensors:
            tensor.grad = gradient
        optimizer.step()
        for tensor, values, _ in self.tensors:
            if tensor.data_ptr() != values.data_ptr():
                tensor.data = values.copy_(tensor.detach())


def _homes(optimizers: list[list[torch.optim.Optimizer]]) -> list[Homes]:
    """One `Homes` for each row; a row has exactly one user's optimizer."""
    return [Homes([(tensor, tensor.detach(), tensor.grad) for tensor in tensors_of(optimizer)]) for [optimizer] in optimizers]


class Optimizers:
    """The torch optimizers of a stack whose runs are ordered by `group_key`, and their learning rates.

    State entries: `optimizer`, and `plateau` for schedules that watch the validation loss.
    """

    def __init__(
        self, runs: Sequence[RunSettings], state: State, grad_RP: Tensor, layout: Layout, steps_per_epoch: int, closure: Closure
    ) -> None:
        self.runs, self.state = runs, state
        self.groups = groups_of(runs, state["parameters"], grad_RP, layout, steps_per_epoch, closure)
        self.averaging = any(run.optimizer.averaging for run in runs)
        self.plateaus = [PlateauState(*values) for values in state["plateau"]]
        for group in self.groups:
            if "optimizer" in state:
                group.restore(state["optimizer"][group.rows])
        self._follow_plateaus()

    def _follow_plateaus(self) -> None:
        for group in self.groups:
            group.plateau = self.plateaus[group.rows.start].factor

    def step(self, step: int, seconds_R: NDArray[np.float64]) -> None:
        """Does update `step` of every run in place; adds each run's share of the time to its seconds."""
        for group in self.groups:
            seconds_R[group.rows] += group.step(step) / (group.rows.stop - group.rows.start)

    def rates(self, step: int) -> list[float]:
        """The learning rate of each run at update `step`."""
        return [rate for group in self.groups for rate in group.rates(step)]

    def watch(self, val_loss: Sequence[float], rows: Sequence[int]) -> None:
        """Shows an evaluation to the schedules of these runs."""
        for row in rows:
            if self.runs[row].schedule.watches:
                self.plateaus[row] = self.runs[row].schedule.update(self.plateaus[row], val_loss[row])
        self._follow_plateaus()

    def evaluating(self, on: bool, rows: Sequence[int]) -> None:
        """Moves the parameters of these runs to where averaging optimizers are evaluated, or back."""
        for group in self.groups:
            if group.rows.start in rows:
                group.evaluating(on)

    def prune(self, mask_RP: Tensor) -> None:
        """Makes sure that no optimizer brings a pruned weight back."""
        for group in self.groups:
            group.prune(mask_RP[group.rows])

    def reset(self, row: int) -> None:
        """Resets the optimizer of a run that has a group of its own."""
        next(group for group in self.groups if group.rows.start == row).reset()

    def entries(self, *, begun: bool) -> State:
        """The current state entries; before the first update there is no optimizer state."""
        state: State = {"plateau": tuple(map(astuple, self.plateaus))}
        return state | {"optimizer": tuple(of_row for group in self.groups for of_row in group.state())} if begun else state


def groups_of(
    runs: Sequence[RunSettings], flat_RP: Tensor, grad_RP: Tensor, layout: Layout, steps_per_epoch: int, closure: Closure
) -> list[Group]:
    """The groups of a stack whose runs are ordered by `group_key`, over views of its parameters and gradients."""
    groups = []
    for key, rows in grouped_rows(runs):
        own = runs[rows]
        if own[0].optimizer.rate_apart:
            apart, build = _apart(own, flat_RP.detach()[rows], grad_RP[rows])
        else:
            apart, build = None, partial(_optimizers_of, own[0], rows, flat_RP, grad_RP, layout)
        groups.append(Group(key, rows, own, build(), flat_RP.detach()[rows], steps_per_epoch, closure, build, apart))
    return groups


def _apart(
    runs: Sequence[RunSettings], values_RP: Tensor, grad_RP: Tensor
) -> tuple[Apart, Callable[[], list[list[torch.optim.Optimizer]]]]:
    """The rows with their scratch tensor, and a function that builds the torch optimizer over it."""
    scratch_RP = torch.zeros_like(values_RP)
    scratch_RP.grad = grad_RP
    optimizer = runs[0].optimizer.model_copy(update={"lr": 1.0})
    rates_R1 = values_RP.new_tensor([[run.optimizer.lr] for run in runs])
    return Apart(values_RP, scratch_RP, rates_R1), lambda: [optimizer.build([scratch_RP])]


def _optimizers_of(run: RunSettings, rows: slice, flat_RP: Tensor, grad_RP: Tensor, layout: Layout) -> list[list[torch.optim.Optimizer]]:
    if run.optimizer.elementwise:
        return [run.optimizer.build([view(flat_RP, grad_RP, rows)])]
    return [run.optimizer.build(_tensors_of(row, flat_RP, grad_RP, layout)) for row in range(rows.start, rows.stop)]


def view(flat_RP: Tensor, grad_RP: Tensor, rows: slice) -> Tensor:
    """The rows as one tensor that a torch optimizer updates in place; values and gradients share the stack's storage."""
    tensor = flat_RP.detach()[rows]
    tensor.grad = grad_RP[rows]
    return tensor


def _tensors_of(row: int, flat_RP: Tensor, grad_RP: Tensor, layout: Layout) -> list[Tensor]:
    """One run's parameters in their own shapes, for optimizers that need whole matrices."""
    tensors = []
    for _, columns, shape in layout.parameters:
        tensor = flat_RP.detach()[row, columns].view(shape)
        tensor.grad = grad_RP[row, columns].view(shape)
        tensors.append(tensor)
    return tensors
