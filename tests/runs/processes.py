"""Processes that the tests start, watch and kill."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.runs.helpers import gone, until

ROOT = Path(__file__).resolve().parents[2]

DASHBOARD = """
import sys, time
sys.path.insert(0, {root!r})
from core.runs.child import ensure_runner
from core.runs.configuration import Configuration
ensure_runner(Configuration())
time.sleep(6000)
"""
"""What the dashboard does about its runner when a page is opened, and closed for good."""

EXECUTOR = """
import sys, time
sys.path.insert(0, {root!r})
from core.runs.computing.executors import make_executor
executor = make_executor(2)
for _ in range(2):
    executor.submit(time.sleep, 600)
time.sleep(600)
"""

RUNNER = """
import sys
sys.path.insert(0, {root!r})
from functools import partial
from core.runs import runner
from core.runs.configuration import Configuration
from tests.runs.helpers import heavy
runner.Runner = partial(runner.Runner, compute=heavy)
sys.exit(runner.main(Configuration(), watch_stdin=True))
"""
"""A runner whose segments are large and wait for the file `go`."""


class Family:
    """A process of our own and all that it has started."""

    def __init__(self, process: psutil.Popen) -> None:
        self.process = process

    @property
    def descendants(self) -> list[psutil.Process]:
        return self.process.children(recursive=True)

    @property
    def runner(self) -> psutil.Process:
        """The runner, once it is there."""
        return until(
            lambda: next((child for child in self.process.children() if child.is_running() and not gone([child])), None), "the runner"
        )

    def workers(self) -> list[psutil.Process]:
        """The workers that are there now: what the runner's server of forks has forked."""
        return [worker for server in self.runner.children() for worker in server.children()]

    def kill(self, process: psutil.Process | None = None) -> None:
        """Kills the process itself, or another, so that it can do nothing about it, and waits till all below it are gone, too."""
        victim = process or self.process
        family = [victim, *victim.children(recursive=True)]
        victim.kill()
        if victim is self.process:
            self.process.wait()
        until(lambda: gone(family), f"the end of {family}")


def at_rest(process: psutil.Process) -> bool:
    """Whether the process waits for something, and has for a while."""
    spent = process.cpu_times()
    for _ in range(20):
        if process.status() != psutil.STATUS_SLEEPING or process.cpu_times() != spent:
            return False
        time.sleep(0.01)
    return True


@contextmanager
def started(program: str, folder: Path, **environment: str) -> Iterator[Family]:
    """A Python program, in a folder that is not the repository's and knows nothing of it."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-c", program.format(root=str(ROOT))]
    process = psutil.Popen(command, cwd=folder, env=inherited | environment, stdin=subprocess.PIPE)
    family = Family(process)
    try:
        yield family
    finally:
        if process.poll() is None:
            family.kill()
        process.stdin.close()
