"""Starts the dashboard as a user would, on a free port and a data folder of its own, and ends it by its own process id."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 15.0


class ServerError(RuntimeError):
    """The dashboard did not come up, or left processes behind."""


@dataclass(frozen=True)
class Server:
    """A dashboard that is running."""

    process: psutil.Popen
    url: str
    home: Path
    log: Path

    @property
    def pid(self) -> int:
        """Process id of the dashboard."""
        return int(self.process.pid)

    def family(self) -> list[psutil.Process]:
        """The dashboard's process and all below it: the runner and its workers."""
        return [self.process, *self.process.children(recursive=True)]


@contextmanager
def serve(home: Path, *, script: Path = ROOT / "app.py") -> Iterator[Server]:
    """A running dashboard whose data folder is `home`; on leaving it is ended, and its whole family must be gone.

    Raises `ServerError` when it does not answer within a minute, or when a process of it outlives it.
    """
    server = start(home, script)
    try:
        wait_until_healthy(server)
        yield server
    finally:
        stop(server)


def start(home: Path, script: Path) -> Server:
    """Starts the dashboard without waiting for it; what it prints goes to `server.log` in `home`."""
    home.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={port}"]
    environment = os.environ | {"TANDEM_HOME": str(home), "TANDEM_RECORDED": "0", "PYTHONUNBUFFERED": "1"}
    log = home / "server.log"
    with log.open("wb") as output:
        process = psutil.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
    return Server(process, f"http://127.0.0.1:{port}", home, log)


def wait_until_healthy(server: Server, timeout_s: float = START_TIMEOUT_S) -> None:
    """Returns once the server answers; raises `ServerError`, with what it printed, when it ends first or takes too long."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise ServerError(f"the dashboard ended with status {server.process.returncode}:\n{server.log.read_text()}")
        if _answers(f"{server.url}/_stcore/health"):
            return
        time.sleep(0.05)
    raise ServerError(f"the dashboard did not answer within {timeout_s:.0f} s:\n{server.log.read_text()}")


def stop(server: Server, timeout_s: float = STOP_TIMEOUT_S) -> None:
    """Ends the server as Ctrl-C's SIGTERM would, waits for its family, and raises `ServerError` naming whoever stays."""
    try:
        family = server.family()
    except psutil.NoSuchProcess:
        family = [server.process]
    server.process.terminate()
    _, alive = psutil.wait_procs(family, timeout=timeout_s)
    described = [_describe(process) for process in alive]
    for process in alive:
        _kill(process)
    if described:
        raise ServerError(f"still running {timeout_s:.0f} s after the dashboard was ended: " + "; ".join(described))


def free_port() -> int:
    """A TCP port of this machine that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _describe(process: psutil.Process) -> str:
    try:
        return f"{process.pid} {' '.join(process.cmdline())[:200]}"
    except psutil.Error:
        return str(process.pid)


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
        process.wait(5)
    except psutil.Error:
        pass
