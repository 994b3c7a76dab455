"""A stack as a value: everything that its next epoch depends on.

Shapes: R runs, P parameters of one network, N training examples, C classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.choices.models import needs_two_examples
from core.choices.schedules import PlateauState
from core.choices.stopping import Watch
from core.choices.training import Training
from core.data.loading import load_data
from core.data.sets import Data
from core.data.splitting import labelled_rows
from core.engine.network.networks import DTYPES, blank, initial_parameters, sizes_of
from core.engine.planning import common, group_key, plan
from core.engine.sizes import Epoch, epoch, epoch_of
from core.engine.training_data import split_of
from core.settings import RunSettings, SettingsError, teachers_of

State = dict[str, Any]
"""The values of each run, by name: a tensor whose first dimension is the runs, or a tuple with one plain value for each run.

Selecting runs, copying a stack and storing it handle all entries alike, so that a feature with a memory only adds an entry:

- parameters (R, P)
- buffers.NAME (R, *shape): the buffers of the network, such as running statistics
- optimizer, a tuple: the state of torch's optimizers (`core.engine.optimizer_states`); missing before the first update
- plateau, a tuple of `PlateauState`s, and stopping, a tuple of `Watch`es, both as plain tuples
- best.parameters, best.buffers.NAME: those of each run's best evaluation, if a run is to end with them
- mask (R, P), bool: False if a weight is pruned; rewind (R, P): the parameters that pruning rewinds to; movement (R, P): the sum of
  -w g over the updates, if a pruning criterion uses it
- norms (R, N): the latest gradient norms, if a run is clipped by their percentile
- start, evaluated, before (R, P): earlier parameters (`core.engine.measuring.movement`)
- left (R, P): what stays in the gradient for the next update, if a planted mistake never resets it
- logged (R, 3), float64: the sums of losses and of penalties and the number of examples, all since the last record; seconds, a tuple
- order (R, E, N): a given order of the data, in place of the stream's
"""

ALL_ROWS = slice(None)
"""Of the runs' tensors: what a function that takes some runs' rows does without being told which."""

BUFFERS, BEST = "buffers.", "best."
"""Prefixes of entries that belong together."""


def below(state: State, prefix: str) -> State:
    """The entries whose names begin with `prefix`, by the rest of their names."""
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}


def named(prefix: str, entries: State) -> State:
    """The inverse of `below`."""
    return {prefix + name: value for name, value in entries.items()}


def picked(state: State, rows: Sequence[int]) -> State:
    """The state of some of the runs; it shares no memory with `state`."""
    index = torch.tensor(rows, dtype=torch.long)
    return {
        name: value[index.to(value.device)] if isinstance(value, Tensor) else tuple(copied(value[row]) for row in rows)
        for name, value in state.items()
    }


def copied(value: Any) -> Any:
    """A copy with its own tensors at every depth."""
    if isinstance(value, Tensor):
        return value.clone()
    if isinstance(value, dict):
        return {name: copied(item) for name, item in value.items()}
    return type(value)(map(copied, value)) if isinstance(value, list | tuple) else value


@dataclass(frozen=True)
class TeacherOutputs:
    """One teacher's outputs on the training data: logits (N, C), and activations of the last hidden layer (N, H) if a student has hints."""

    logits_NC: Tensor
    hidden_NH: Tensor | None


@dataclass(frozen=True)
class Stack:
    """R runs of equal shapes in training. A stack is never changed in place: advancing returns a new one."""

    runs: tuple[RunSettings, ...]  # the runs that still train, in the order of the rows
    step: int  # updates done
    measured: bool  # whether the state at `step` has been recorded
    state: State
    teachers: tuple[Stack, ...] = ()  # stacks of teachers that still train; the students wait for them
    teacher_outputs: dict[str, TeacherOutputs] = field(default_factory=dict)  # outputs of the finished teachers, by their keys

    @property
    def flat_RP(self) -> Tensor:
        """The parameters (R, P)."""
        parameters_RP: Tensor = self.state["parameters"]
        return parameters_RP

    @property
    def order_RED(self) -> Tensor | None:
        """A given order of the data (R, E, N); None if the order comes from the stream."""
        return self.state.get("order")

    @property
    def finished(self) -> bool:
        """Whether every run has left."""
        return not self.runs

    @property
    def steps_per_epoch(self) -> int:
        """Updates in an epoch."""
        return self.of_an_epoch.updates

    @property
    def of_an_epoch(self) -> Epoch:
        """The sizes of an epoch."""
        if self.order_RED is not None:
            return epoch_of(self.runs[0], self.order_RED.shape[2])
        return epoch(self.runs[0])

    @property
    def draws(self) -> int:
        """Examples that are trained on in an epoch."""
        return self.of_an_epoch.draws

    @property
    def only_labelled(self) -> NDArray[np.int64] | None:
        """The examples to draw from, if examples without a label are left out; None for all. A student uses all: its teacher labels the
        others.
        """
        return None if self.runs[0].teachers else labelled(self.runs[0])

    @property
    def micro_size(self) -> int:
        """Examples in one forward pass."""
        return self.of_an_epoch.micro

    @property
    def accumulation(self) -> int:
        """Number of forward passes whose gradients are averaged into one update."""
        return self.runs[0].training.accumulation

    @property
    def batch_size(self) -> int:
        """Examples that an update averages over; the last update of an epoch may have fewer."""
        return self.of_an_epoch.batch

    @property
    def epoch(self) -> int:
        """Completed epochs."""
        return self.step // self.steps_per_epoch if self.runs else 0

    def keep(self, rows: Sequence[int]) -> Stack:
        """The stack of some of its runs. They continue as if the other runs had never been in it."""
        return replace(self, runs=tuple(self.runs[row] for row in rows), state=picked(self.state, rows))


@lru_cache(maxsize=64)
def _labelled(data: Data, training: Training) -> NDArray[np.int64]:
    split = split_of(RunSettings(data=data, training=training))
    return labelled_rows(split.y_train, split.outputs, training.labelled, data.split_seed)


def labelled(run: RunSettings) -> NDArray[np.int64] | None:
    """The training examples whose labels the run may use, as `labelled_rows` chooses them; None for all."""
    training = run.training
    return None if training.labelled == 1 else _labelled(run.data, Training(examples=training.examples, labelled=training.labelled))


class DeviceError(RuntimeError):
    """A device that is not available; the message names the setting that asked for it."""


def device_of(run: RunSettings) -> torch.device:
    """The device on which a run trains; `auto` is a GPU if there is one. Raises DeviceError if a GPU is asked for and there is none."""
    name = run.training.device
    if name == "cuda" and not torch.cuda.is_available():
        raise DeviceError('training.device: "cuda" was asked for, but PyTorch sees no GPU here; use "auto" or "cpu"')
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def begin(runs: Sequence[RunSettings], *, initial: Sequence[dict[str, Tensor]] | None = None, order: Sequence[Any] | None = None) -> Stack:
    """The stack of `runs` before their first update; their `common` settings must agree.

    `initial`: one state_dict for each run. `order`: one integer array (epochs, draws) for each run.

    Raises SettingsError for settings that do not go with the data, DataError for data that cannot be read, and ValueError for an invalid
    order or for runs that cannot share a stack.
    """
    _check_data(runs)
    if len({common(run) for run in runs}) > 1:
        raise ValueError("the runs of one stack must share all settings except those listed in core.engine.planning; see `plan`")
    places = sorted(range(len(runs)), key=lambda place: group_key(runs[place]))
    runs = [runs[place] for place in places]
    device, dtype = device_of(runs[0]), DTYPES[runs[0].training.dtype]
    template = blank(runs[0])
    flat_RP = initial_parameters(runs, template).to(dtype)
    buffers = {name: torch.stack([buffer] * len(runs)) for name, buffer in template.named_buffers()}
    if initial is not None:
        flat_RP, buffers = _given_start([initial[place] for place in places], template, dtype)
    state: State = {
        "parameters": flat_RP.to(device),
        **named(BUFFERS, {name: _cast(buffer, dtype).to(device) for name, buffer in buffers.items()}),
        "start": flat_RP.to(device, copy=True),
        "plateau": (astuple(PlateauState()),) * len(runs),
        "stopping": (astuple(Watch()),) * len(runs),
        "logged": torch.zeros(len(runs), 3, dtype=torch.float64, device=device),
        "seconds": (0.0,) * len(runs),
    }
    if order is not None:
        state["order"] = _given_order([order[place] for place in places], runs).to(device)
    stack = Stack(tuple(runs), step=0, measured=False, state=state, teachers=tuple(map(begin, plan(teachers_of(runs)))))
    _check_batches(stack)
    return stack


def _check_batches(stack: Stack) -> None:
    """Refuses a batch of one example for networks with batch norm, which has nothing to average over there."""
    run, size, draws = stack.runs[0], stack.micro_size, stack.draws
    if (draws % size or size) == 1 and needs_two_examples(run.model, sizes_of(load_data(run.data))):
        larger = next(other for other in range(size + 1, draws + 2) if draws % other != 1)
        raise SettingsError(
            f"training.batch_size: {size} leaves 1 of {draws} training examples for the last batch, and batch norm needs at least 2; "
            f"leave it out by training.drop_last = true, or try {larger}"
        )


def _check_data(runs: Sequence[RunSettings]) -> None:
    """Refuses what only the loaded data can show to be invalid. The runs share data, network and batches."""
    split = split_of(runs[0])
    for run in runs:
        if complaint := run.task_complaint(split.task):
            raise SettingsError(complaint)
        if split.targets > 1 and run.teachers:
            raise SettingsError(
                f"distillation.kind: {run.distillation.kind} needs one class an example, and {run.data.kind} has {split.targets}; "
                "set it to none, or choose other data"
            )


def _given_start(initial: Sequence[dict[str, Tensor]], template: nn.Module, dtype: torch.dtype) -> tuple[Tensor, dict[str, Tensor]]:
    """Parameters (R, P) and buffers from given state_dicts. Raises ValueError if one does not fit the network."""
    for state in initial:
        try:
            template.load_state_dict(state)
        except (RuntimeError, TypeError) as error:
            raise ValueError(f"initial: {' '.join(str(error).split())}") from error
    names = [name for name, _ in template.named_parameters()]
    flat_RP = torch.stack([torch.cat([state[name].detach().to(dtype).flatten() for name in names]) for state in initial])
    buffers = {name: torch.stack([state[name] for state in initial]) for name, _ in template.named_buffers()}
    return flat_RP, buffers


def _given_order(order: Sequence[Any], runs: Sequence[RunSettings]) -> Tensor:
    """Given orders, with equal numbers of draws, as one tensor (R, epochs, draws). Shorter orders are padded with zeros that are never
    drawn.

    Raises ValueError for an array that is not a valid order of the data.
    """
    orders = [torch.as_tensor(epochs) for epochs in order]
    examples, longest = len(split_of(runs[0]).x_train), max(run.training.epochs for run in runs)
    for order_ED, run in zip(orders, runs, strict=True):
        if order_ED.dim() != 2 or order_ED.is_floating_point():
            raise ValueError("order: needs an integer array (epochs, draws) for each run")
        epochs, draws = order_ED.shape
        if epochs < run.training.epochs or not draws:
            raise ValueError(f"order: {epochs} epochs of {draws} draws were given, but training.epochs is {run.training.epochs}")
        if int(order_ED.min()) < 0 or int(order_ED.max()) >= examples:
            raise ValueError(f"order: takes only indices of training examples, 0 to {examples - 1}")
    ends = [(0, 0, 0, max(longest - len(order_ED), 0)) for order_ED in orders]
    return torch.stack([nn.functional.pad(order_ED[:longest], end) for order_ED, end in zip(orders, ends, strict=True)]).long()


def _cast(buffer: Tensor, dtype: torch.dtype) -> Tensor:
    return buffer.to(dtype) if buffer.is_floating_point() else buffer
