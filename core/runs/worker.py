"""What a worker does: it computes segments, and touches no store. Torch is imported only where it computes."""

from __future__ import annotations

import logging
import multiprocessing
import os
import threading
from multiprocessing import connection

from core.choices.more_optimizers import CustomOptimizerError
from core.choices.training import Training
from core.data.examples import DataError
from core.engine.segments import Segment, SegmentResult, run_segment
from core.settings import RunSettings, SettingsError

NICENESS = 10  # the dashboard stays quick while all cores train


class SegmentError(RuntimeError):
    """A segment that cannot be computed; the message is for the user."""


def compute(segment: Segment) -> SegmentResult:
    """Computes a segment. Raises SegmentError, whatever went wrong: not every exception survives the way back to the runner."""
    from core.engine.state import DeviceError

    try:
        return run_segment(segment)
    except (DataError, SettingsError, DeviceError, CustomOptimizerError) as error:  # their messages are for the user
        raise SegmentError(str(error)) from error
    except Exception as error:
        logging.getLogger(__name__).exception("a segment failed")
        raise SegmentError(f"{type(error).__name__}: {error}") from error


def warm_up() -> None:
    """Does once what is slow the first time: loads data, builds a network and an optimizer."""
    compute(Segment((RunSettings(training=Training(epochs=1, batch_size="full")),), epochs=1))


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
