"""A segment is a stretch of epochs of a stack, as it is sent to a worker and back: plain values and bytes.

Torch is imported only where a segment is computed. The process that sends segments and receives their results does not load it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from core.engine.records import Records
from core.settings import RunSettings


@dataclass(frozen=True)
class Segment:
    """The work that a worker is asked to do."""

    runs: tuple[RunSettings, ...]  # all runs of the stack as planned, including those that have left it
    state: bytes | None = None  # the bytes of the stack; None: the stack begins here
    epochs: int | None = None  # the most epochs; None: as many as fit into `seconds`
    seconds: float = 0.5


@dataclass(frozen=True)
class SegmentResult:
    """What a worker returns."""

    state: bytes | None  # the bytes of the stack; None: every run has left
    records: Records
    epoch: int  # epochs that the stack has completed
    seconds: float  # wall time


class Pace:
    """Tells when a segment is long enough: after its number of epochs, or if another epoch would not fit into its seconds."""

    def __init__(self, segment: Segment) -> None:
        """Starts the clock."""
        self.segment, self.epochs, self.begun = segment, 0, time.perf_counter()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self.begun

    def epoch_done(self) -> bool:
        """Counts an epoch; returns whether it was the last of the segment."""
        self.epochs += 1
        if self.segment.epochs is not None:
            return self.epochs >= self.segment.epochs
        return self.seconds * (self.epochs + 1) / self.epochs > self.segment.seconds


def run_segment(segment: Segment) -> SegmentResult:
    """Advances the stack by at least one epoch. Raises DataError or RuntimeError if the data or the device are not available."""
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
