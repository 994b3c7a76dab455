"""A segment: a stretch of epochs of a stack, as it travels to a worker and back: plain values and bytes.

Torch is imported only where a segment is computed: the process that hands segments out and takes in their results has none.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from core.engine.records import Records
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


class Pace:
    """Tells when a segment is long enough: after so many epochs, or when another would not fit into its seconds."""

    def __init__(self, segment: Segment) -> None:
        """Begins to count."""
        self.segment, self.epochs, self.begun = segment, 0, time.perf_counter()

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.perf_counter() - self.begun

    def epoch_done(self) -> bool:
        """Counts an epoch, and tells whether it was the last."""
        self.epochs += 1
        if self.segment.epochs is not None:
            return self.epochs >= self.segment.epochs
        return self.seconds * (self.epochs + 1) / self.epochs > self.segment.seconds


def run_segment(segment: Segment) -> SegmentResult:
    """Advances the stack by at least one epoch. Raises DataError or RuntimeError where the data or the device cannot be had."""
    from core.engine.advance import advance
    from core.engine.memory import keep_freed_memory
    from core.engine.stack import begin, device_of
    from core.engine.stack_bytes import from_bytes, to_bytes

    pace = Pace(segment)
    keep_freed_memory()
    device = device_of(segment.runs[0])
    stack = begin(segment.runs) if segment.state is None else from_bytes(segment.state, device)
    last = max(run.training.epochs for run in segment.runs)
    records, ended = Records(), False
    while stack.teachers and not ended:
        stack, _ = advance(stack, 1)
        ended = pace.epoch_done()
    if not ended:
        stack, records = advance(stack, last, pace.epoch_done)
    epoch = stack.epoch if stack.runs else last
    return SegmentResult(None if stack.finished else to_bytes(stack), records, epoch, pace.seconds)
