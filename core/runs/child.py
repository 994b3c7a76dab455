"""The dashboard's own runner: a child process that ends when the dashboard does.

It is a plain child, without multiprocessing, which would run the page's script again. Only this process holds the pipe to its standard
input, so the pipe closes even if this process is killed.
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

from core.runs.configuration import Configuration

ROOT = Path(__file__).resolve().parents[2]
LOOK_SECONDS = 1.0
SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 60.0
"""Seconds between a runner's end and the next start: doubled each time, unless the runner lived longer than the longest pause."""

log = logging.getLogger(__name__)


class Keeper:
    """Keeps a runner alive: a thread waits for its end, collects it, and starts it again, whether or not a page is open.

    It does not ask the store whether there is work, because a store that does not answer may be the reason why runners end.
    """

    def __init__(self, configuration: Configuration) -> None:
        """Starts the runner. Raises OSError."""
        self.configuration = configuration
        self._over = threading.Event()
        self._lock = threading.Lock()
        self.process = _start(configuration)
        self._thread = threading.Thread(target=self._keep, name="keeper of the runner", daemon=True)
        self._thread.start()

    def _keep(self) -> None:
        pause = 0.0
        while not self._over.is_set():
            began = time.monotonic()
            self._await_end()
            pause = next_pause(pause, time.monotonic() - began)
            self._over.wait(pause)
            self._start_again()

    def _start_again(self) -> None:
        with self._lock:
            if not self._over.is_set():
                _close(self.process)
                try:
                    self.process = _start(self.configuration)
                except OSError:  # no memory or no process number is free; it may work later
                    log.exception("the runner cannot be started")

    def _await_end(self) -> None:
        """Waits until the runner ends. A stopped runner is killed after the time allowed for silent workers: it would hold its lease for
        ever.
        """
        process, stopped = self.process, 0
        while process.returncode is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(LOOK_SECONDS)
            stopped = stopped + 1 if _is_stopped(process.pid) else 0
            if stopped * LOOK_SECONDS >= self.configuration.worker_silence:
                process.kill()

    def end(self) -> None:
        """Ends the runner, and waits until it has ended."""
        with self._lock:
            self._over.set()
            _close(self.process)
        self.process.wait()
        self._thread.join()


def next_pause(last: float, lived: float) -> float:
    """Seconds to wait before a runner is started again, from the last pause and from how long the runner lived."""
    return SHORTEST_PAUSE_SECONDS if lived > LONGEST_PAUSE_SECONDS else min(max(SHORTEST_PAUSE_SECONDS, 2 * last), LONGEST_PAUSE_SECONDS)


_lock = threading.Lock()
_keepers: dict[str, Keeper] = {}  # by the store's URL


def ensure_runner(configuration: Configuration) -> Keeper:
    """Returns the keeper of the store's runner, which is started if needed. Cheap enough to be called at every redraw. Raises OSError."""
    with _lock:
        if configuration.store not in _keepers:
            _keepers[configuration.store] = Keeper(configuration)
        return _keepers[configuration.store]


def _is_stopped(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_STOPPED
    except psutil.Error:
        return False


def _start(configuration: Configuration) -> subprocess.Popen[bytes]:
    # -P: a folder `core` in the working directory must not replace this one. The working directory stays, because settings may name its
    # files.
    command = [sys.executable, "-P", "-m", "core", "runner", "--watch-stdin"]
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = os.environ | configuration.environment() | {"PYTHONPATH": path}
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment)


def _close(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
