"""What a worker does: it computes segments, and touches no store. Torch is imported only where it computes."""

from __future__ import annotations

import logging
import multiprocessing
import os
import threading
from dataclasses import dataclass
from multiprocessing import connection

from core.choices.datasets.examples import DataError
from core.choices.more_optimizers import CustomOptimizerError
from core.choices.training import Training
from core.engine.records import Records
from core.settings import RunSettings, SettingsError

SEGMENT_SECONDS = 0.5
NICENESS = 10  # the dashboard stays quick while all cores train


@dataclass(frozen=True)
class Assignment:
    """A segment to compute: of the stack that was planned with `runs`, from `state` on (None: from the beginning)."""

    runs: tuple[RunSettings, ...]
    state: bytes | None = None
    epochs: int | None = None  # at most so many; None: as many as fit into SEGMENT_SECONDS


@dataclass(frozen=True)
class Advance:
    """What it brought: the engine's SegmentResult, in a form that can be unpickled without torch."""

    state: bytes | None  # None: every run has left the stack
    records: Records
    epoch: int
    seconds: float


class SegmentError(RuntimeError):
    """A segment that cannot be computed; the message is for the user."""


def advance(assignment: Assignment) -> Advance:
    """Computes a segment. Raises SegmentError, whatever went wrong: not every exception survives the way back to the runner."""
    from core.engine.segments import Segment, run_segment
    from core.engine.state import DeviceError

    segment = Segment(assignment.runs, assignment.state, assignment.epochs, SEGMENT_SECONDS)
    try:
        result = run_segment(segment)
    except (DataError, SettingsError, DeviceError, CustomOptimizerError) as error:  # their messages are for the user
        raise SegmentError(str(error)) from error
    except Exception as error:
        logging.getLogger(__name__).exception("a segment failed")
        raise SegmentError(f"{type(error).__name__}: {error}") from error
    return Advance(result.state, result.records, result.epoch, result.seconds)


def warm_up() -> None:
    """Does once what is slow the first time: loads data, builds a network and an optimizer."""
    advance(Assignment((RunSettings(training=Training(epochs=1, batch_size="full")),), epochs=1))


def start() -> None:
    """Prepares a worker process: it yields to the dashboard, keeps to one thread, and ends when its parent does, however that ends."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    import torch

    torch.set_num_threads(1)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
