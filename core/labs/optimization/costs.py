"""The state that an optimizer keeps for each weight, and the cost of a step, measured on one weight matrix."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pandas import DataFrame

from core.choices.optimizers import Sgd
from core.choices.optimizers.base import OptimizerChoice
from core.labs.threads import one_thread

ROWS, COLUMNS = 250, 400
"""Sides of the matrix: 100,000 weights. It is a matrix because some optimizers treat matrices and vectors differently."""

PLAIN = Sgd()

WARM, TIMED, LONG_S = 6, 40, 0.3
"""Steps before the timing, which set up the state; the most timed steps, and the seconds within which timed steps may begin."""


def table(optimizers: Iterable[OptimizerChoice]) -> DataFrame:
    """One row for each optimizer, plain SGD first: variant (its kind), state (numbers kept per weight), milliseconds (per step), mean,
    relative.

    A step's time is the median, on one thread, with a given gradient; for L-BFGS it includes the gradients that it computes, which are
    cheap here. `mean` (milliseconds) also counts work that only some steps do, such as SOAP's new eigenbasis in every tenth step.
    `relative` is the median divided by that of plain SGD.
    """
    with one_thread():
        rows = [_row(optimizer) for optimizer in (PLAIN, *(optimizer for optimizer in optimizers if optimizer != PLAIN))]
    frame = DataFrame(rows, columns=["variant", "state", "milliseconds", "mean"])
    return frame.assign(relative=frame["milliseconds"] / frame["milliseconds"].iloc[0])


def _row(optimizer: OptimizerChoice) -> dict[str, Any]:
    steppers, step = _warmed(optimizer)
    seconds: list[float] = []
    while len(seconds) < TIMED and sum(seconds) < LONG_S:
        seconds.append(_timed(step))
    milliseconds = {"milliseconds": 1e3 * statistics.median(seconds), "mean": 1e3 * statistics.fmean(seconds)}
    return {"variant": optimizer.kind, "state": _state(steppers), **milliseconds}


def _state(steppers: list[Any]) -> float:
    return sum(_elements(stepper.state) for stepper in steppers) / (ROWS * COLUMNS)


def _warmed(optimizer: OptimizerChoice) -> tuple[list[Any], Callable[[], None]]:
    """The optimizer's torch optimizers on the matrix after `WARM` steps, and a function that does one more."""
    import torch

    generator = torch.Generator().manual_seed(0)
    weight = torch.nn.Parameter(torch.randn(ROWS, COLUMNS, generator=generator))
    gradients = [torch.randn(ROWS, COLUMNS, generator=generator) for _ in range(4)]
    steppers = optimizer.build([weight])
    for stepper in steppers:
        if optimizer.averaging:
            stepper.train()  # type: ignore[attr-defined]
    step = _step_of(optimizer, steppers, weight, gradients)
    for _ in range(WARM):
        step()
    return steppers, step


def _step_of(optimizer: OptimizerChoice, steppers: list[Any], weight: Any, gradients: list[Any]) -> Callable[[], None]:
    count = 0

    def closure() -> Any:
        weight.grad = weight.detach() + gradients[count % len(gradients)]  # of a quadratic whose centre moves from step to step
        return 0.5 * (weight.grad**2).sum()

    def step() -> None:
        nonlocal count
        count += 1
        weight.grad = gradients[count % len(gradients)]
        for stepper in steppers:
            stepper.step(closure) if optimizer.closure else stepper.step()

    return step


def _timed(step: Callable[[], None]) -> float:
    began = time.perf_counter()
    step()
    return time.perf_counter() - began


def _elements(state: Any) -> int:
    """Number of elements of all tensors in nested containers, without single numbers such as a count of steps."""
    import torch

    if isinstance(state, torch.Tensor):
        return state.numel() if state.numel() > 1 else 0
    if isinstance(state, Mapping):
        return sum(map(_elements, state.values()))
    return sum(map(_elements, state)) if isinstance(state, list | tuple) else 0
