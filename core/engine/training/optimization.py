"""torch's own optimizers over rows of the stacked parameters: one instance for each distinct setting."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, groupby
from typing import Any

import torch
from torch import Tensor

from core.engine.network.networks import Layout
from core.engine.planning import group_key
from core.settings import RunSettings

State = dict[str, Any]
"""Of one torch optimizer: `tensors`, torch's own state of each of its tensors, and `groups`, the rest of its param_groups.

Of a user's also `attributes`, what it keeps in plain values beside them.
"""

Builder = Callable[[], list[list[torch.optim.Optimizer]]]

Closure = Callable[[int], float]
"""Evaluates the loss of the run in a row, and its gradient in place."""


@dataclass
class Apart:
    """Rows that share a torch optimizer at rate 1: it steps from 0, and what it comes to is scaled by each row's own rate."""

    values_RP: Tensor
    scratch_RP: Tensor
    rates_R1: Tensor

    def step(self, optimizers: Sequence[torch.optim.Optimizer], factor: float) -> None:
        """One update in place, of every rate times `factor`."""
        self.scratch_RP.zero_()
        for optimizer in optimizers:
            _bare_step(optimizer)
        self.values_RP.addcmul_(self.scratch_RP, self.rates_R1, value=factor)


@dataclass
class Group:
    """Neighbouring rows with one optimizer setting, and the torch optimizers that step them."""

    key: str
    rows: slice
    runs: Sequence[RunSettings]  # they share optimizer (but for the rate, where that is apart), schedule and length
    optimizers: list[list[torch.optim.Optimizer]]  # of all rows at once, or of each row
    values_RP: Tensor  # their parameters, in the stack's storage
    steps_per_epoch: int
    closure: Closure
    build: Builder
    apart: Apart | None = None  # where the torch optimizer works at rate 1
    plateau: float = 1.0  # what a schedule that watches the validation loss has come down to

    def __post_init__(self) -> None:
        self._settle()

    def _settle(self) -> None:
        """Notes where the tensors of a user's fresh optimizers lie."""
        self.homes = _homes(self.optimizers) if self.run.optimizer.foreign else []

    def factor(self, step: int) -> float:
        """What the schedule makes of the learning rate at update `step` (the first is 0)."""
        total = self.run.training.epochs * self.steps_per_epoch
        return self.plateau * self.run.schedule.factor(step, self.steps_per_epoch, total)

    @property
    def run(self) -> RunSettings:
        """Any of them."""
        return self.runs[0]

    def rates(self, step: int) -> list[float]:
        """The learning rate of each row at that update."""
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
        """One update of all rows at once, or of the row at a place among them."""
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
        """Moves the parameters of an averaging optimizer to where it is evaluated, or back to where it trains."""
        if self.run.optimizer.averaging:
            for optimizer in chain.from_iterable(self.optimizers):
                optimizer.eval() if on else optimizer.train()  # type: ignore[attr-defined]

    def prune(self, keep_RP: Tensor) -> None:
        """Sets pruned weights of these rows to zero in the second point that an averaging optimizer keeps, or they would come back."""
        if self.run.optimizer.averaging:
            for optimizer in chain.from_iterable(self.optimizers):
                for state in optimizer.state.values():
                    state["z"].mul_(keep_RP)

    def reset(self) -> None:
        """Forgets all that its optimizers remember."""
        self.optimizers = self.build()
        self._settle()

    def state(self) -> list[list[State]]:
        """What its torch optimizers remember."""
        foreign = self.run.optimizer.foreign
        return [[_state_of(optimizer, foreign=foreign) for optimizer in optimizers] for optimizers in self.optimizers]

    def restore(self, saved: list[list[State]]) -> None:
        """Puts back what `state` gave."""
        for optimizers, states in zip(self.optimizers, saved, strict=True):
            for optimizer, state in zip(optimizers, states, strict=True):
                _restore(optimizer, state)


def _or_lost(values: Tensor, step: Callable[[], None], *, foreign: bool) -> None:
    """Does a step; where Python's arithmetic in it overflows or divides by zero, the parameters become NaN: their runs have diverged.

    Of an optimizer that steps several runs at once that arithmetic is of setting, rate and update alone: each run would fail by itself.
    A division by zero in a user's own code (`foreign`) is a fault that its author wants to see.
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
"""What torch says of one of Python's numbers that is too large for a tensor's precision."""


def _bare_step(optimizer: torch.optim.Optimizer) -> None:
    """One step; of torch's own optimizers without the hooks for profilers and compilers around it.

    On small tensors the hooks take four times as long as the step.
    """
    kind = type(optimizer)
    if kind.__module__.startswith("torch.optim."):
        with torch.no_grad():
            inspect.unwrap(kind.step)(optimizer)
    else:
        optimizer.step()


def _tensors(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    return [p for group in optimizer.param_groups for p in group["params"]]


@dataclass
class Homes:
    """Where the parameters and gradients of a user's optimizer lie in the stack: it may put others in their place."""

    tensors: list[tuple[Tensor, Tensor, Tensor | None]]  # the optimizer's own, and the views of the stack that they stand for

    def step(self, optimizer: torch.optim.Optimizer) -> None:
        """One step, whose result is in the stack whatever the optimizer does to its tensors."""
        for tensor, _, gradient in self.tensors:
            tensor.grad = gradient
        optimizer.step()
        for tensor, values, _ in self.tensors:
            if tensor.data_ptr() != values.data_ptr():
                tensor.data = values.copy_(tensor.detach())


def _homes(optimizers: list[list[torch.optim.Optimizer]]) -> list[Homes]:
    """Of each row; a user's optimizer is one."""
    return [Homes([(tensor, tensor.detach(), tensor.grad) for tensor in _tensors(optimizer)]) for [optimizer] in optimizers]


def _state_of(optimizer: torch.optim.Optimizer, *, foreign: bool) -> State:
    groups = [{name: value for name, value in group.items() if name != "params"} for group in optimizer.param_groups]
    state = {"tensors": [dict(optimizer.state.get(p, {})) for p in _tensors(optimizer)], "groups": groups}
    return state | {"attributes": _attributes(optimizer)} if foreign else state


def _attributes(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """What a user's optimizer keeps in attributes of its own, as far as it is plain values and none of its parameters."""
    torchs_own = vars(torch.optim.SGD([torch.zeros(1)], lr=1.0)).keys()
    parameters = {id(tensor) for tensor in _tensors(optimizer)}
    return {name: value for name, value in vars(optimizer).items() if name not in torchs_own and _is_plain(value, parameters)}


def _is_plain(value: Any, parameters: set[int]) -> bool:
    if isinstance(value, dict):
        return all(_is_plain(item, parameters) for pair in value.items() for item in pair)
    if isinstance(value, list | tuple):
        return all(_is_plain(item, parameters) for item in value)
    return value is None or (isinstance(value, bool | int | float | str | Tensor) and id(value) not in parameters)


def _restore(optimizer: torch.optim.Optimizer, state: State) -> None:
    for group, saved in zip(optimizer.param_groups, state["groups"], strict=True):
        group.update(saved)
    saved_of = iter(state["tensors"])
    for group in optimizer.param_groups:
        for p in group["params"]:
            if saved := next(saved_of):
                optimizer.state[p].update({name: _at_home(value, fused=group.get("fused")) for name, value in saved.items()})
    vars(optimizer).update(state.get("attributes", {}))


def _at_home(value: Any, *, fused: bool | None) -> Any:
    """A value of a stored state where torch keeps it: on a GPU, counters of updates stay on the host unless the step is fused."""
    return value.cpu() if isinstance(value, Tensor) and value.dim() == 0 and not fused else value


def groups_of(
    runs: Sequence[RunSettings], flat_RP: Tensor, grad_RP: Tensor, layout: Layout, steps_per_epoch: int, closure: Closure
) -> list[Group]:
    """The groups of a stack whose runs stand in the order of `group_key`, over views of its parameters and gradients."""
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
    """The rows with their scratch, and what builds the torch optimizer over it."""
    scratch_RP = torch.zeros_like(values_RP)
    scratch_RP.grad = grad_RP
    optimizer = runs[0].optimizer.model_copy(update={"lr": 1.0})
    rates_R1 = values_RP.new_tensor([[run.optimizer.lr] for run in runs])
    return Apart(values_RP, scratch_RP, rates_R1), lambda: [optimizer.build([scratch_RP])]


def _optimizers_of(run: RunSettings, rows: slice, flat_RP: Tensor, grad_RP: Tensor, layout: Layout) -> list[list[torch.optim.Optimizer]]:
    if run.optimizer.elementwise:
        return [run.optimizer.build([view(flat_RP, grad_RP, rows)])]
    return [run.optimizer.build(_tensors_of(row, flat_RP, grad_RP, layout)) for row in range(rows.start, rows.stop)]


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
    return [
        [{"groups": state["groups"], "tensors": [_kept(tensor, kept) for tensor in state["tensors"]]} for state in states]
        for states in saved
    ]


def _kept(tensor: dict[str, Any], kept: Tensor) -> dict[str, Any]:
    return {name: _rows(value, kept) for name, value in tensor.items()}


def _rows(value: Any, kept: Tensor) -> Any:
    return value[kept] if isinstance(value, Tensor) and value.dim() > 0 else value
