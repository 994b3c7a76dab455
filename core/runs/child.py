"""The dashboard's own runner: a child process that ends when the dashboard does.

A plain child, never multiprocessing: that would run the page's script again. The pipe to its standard input is held by this process
alone, so it closes even when this process is killed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from core.runs.configuration import Configuration

ROOT = Path(__file__).resolve().parents[2]
PAUSE_BEFORE_RESTART_SECONDS = 5.0

_lock = threading.Lock()
_children: dict[str, tuple[subprocess.Popen[bytes], float]] = {}  # by the store's URL: the runner, and when it was started


def ensure_runner(configuration: Configuration) -> None:
    """Starts the store's runner as a child, unless one that was started here is running. Cheap: it may be called at every redraw.

    One that died is started again; one that dies at once, not before a few seconds have passed.
    """
    with _lock:
        process, started = _children.get(configuration.store, (None, 0.0))
        if process is not None:
            if process.poll() is None or time.monotonic() - started < PAUSE_BEFORE_RESTART_SECONDS:
                return
            _close(process)
        _children[configuration.store] = (_start(configuration), time.monotonic())


def end_runner(configuration: Configuration) -> None:
    """Ends the runner that was started here, and waits until it has."""
    with _lock:
        process, _ = _children.pop(configuration.store, (None, 0.0))
        if process is not None:
            _close(process)
            process.wait()


def _start(configuration: Configuration) -> subprocess.Popen[bytes]:
    # -P: a folder `core` in the working directory is not taken for this one. The directory itself stays: settings may name files in it.
    command = [sys.executable, "-P", "-m", "core", "runner", "--watch-stdin"]
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = os.environ | configuration.environment() | {"PYTHONPATH": path}
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment)


def _close(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
