"""A segment: a stretch of epochs of a stack, as it travels to a worker and back: plain values and bytes."""

from __future__ import annotations

import time
from dataclasses import dataclass

from core.engine.advance import advance
from core.engine.memory import keep_freed_memory
from core.engine.records import Records
from core.engine.state import Stack, begin, device_of
from core.settings import RunSettings


@dataclass(frozen=True)
class Segment:
    """What a worker is asked for."""

    runs: tuple[RunSettings, ...]  # the runs of the stack as planned, also those that left it
    state: bytes | None = None  # None: the stack begins here
    epochs: int | None = None  # at most so many; None: as many as fit into `seconds`
    seconds: float = 0.5


@dataclass(frozen=True)
class SegmentResult:
    """What it gives back."""

    state: bytes | None  # None: every run has left
    records: Records
    epoch: int  # epochs that the stack has completed
    seconds: float  # wall time


def run_segment(segment: Segment) -> SegmentResult:
    """Advances the stack by at least one epoch. Raises DataError or RuntimeError where the data or the device cannot be had."""
    begun = time.perf_counter()
    keep_freed_memory()
    device = device_of(segment.runs[0])
    stack = begin(segment.runs) if segment.state is None else Stack.from_bytes(segment.state, device)
    records, done = Records(), 0
    while not stack.finished:
        count = _next_stretch(segment, done, time.perf_counter() - begun)
        if count < 1:
            break
        stack, new = advance(stack, count)
        records.extend(new)
        done += count
    epoch = stack.epoch if stack.runs else max(run.training.epochs for run in segment.runs)
    return SegmentResult(None if stack.finished else stack.to_bytes(), records, epoch, time.perf_counter() - begun)


def _next_stretch(segment: Segment, done: int, spent: float) -> int:
    """Epochs to do before looking at the clock again: one at first, then half of what seems to fit."""
    if segment.epochs is not None:
        return segment.epochs - done
    if done == 0:
        return 1
    left = (segment.seconds - spent) * done / spent
    return max(1, int(left / 2)) if left >= 1 else 0
