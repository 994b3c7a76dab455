"""The work of a worker process: it computes segments and does not touch the store. Torch is imported only here."""

from __future__ import annotations

import ctypes
import logging
import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing import connection, forkserver

from core.choices.optimizers.others import CustomOptimizerError
from core.choices.training import Training
from core.data.examples import DataError
from core.engine.segments import Segment, SegmentResult, run_segment
from core.settings import RunSettings, SettingsError

PR_SET_PDEATHSIG = 1  # of <sys/prctl.h>
NICENESS = 10  # keeps the dashboard fast while all cores train


class SegmentError(RuntimeError):
    """A segment that cannot be computed; the message is for the user."""


def compute(segment: Segment) -> SegmentResult:
    """Computes a segment. Raises SegmentError for any error, because not every exception can be sent back to the runner."""
    from core.engine.stack import DeviceError

    try:
        return run_segment(segment)
    except (DataError, SettingsError, DeviceError, CustomOptimizerError) as error:  # their messages are written for the user
        raise SegmentError(str(error)) from error
    except Exception as error:
        logging.getLogger(__name__).exception("a segment failed")
        raise SegmentError(f"{type(error).__name__}: {error}") from error


def warm_up() -> None:
    """Does once what is slow the first time: loads data, builds a network and an optimizer."""
    compute(Segment((RunSettings(training=Training(epochs=1, batch_size="full")),), epochs=1))


def start() -> None:
    """Prepares a worker process: it has low priority and one thread, and ends when its parent ends, however that happens."""
    _die_with_parent()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    import torch

    torch.set_num_threads(1)


def _die_with_parent() -> None:
    """On Linux the kernel ends the worker with its parent, even if the worker is stopped.

    The parent is the fork server. It ends when nobody holds the runner's pipe to it, and it passes that pipe on to each worker, so the
    worker closes its copy.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    held = getattr(getattr(forkserver, "_forkserver", None), "_forkserver_alive_fd", None)
    if held is not None:
        os.close(held)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
