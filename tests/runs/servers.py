"""A PostgreSQL server and a Dask cluster of the tests' own: on loopback, in a folder of their own, ended by their process ids."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import psutil
import pytest

from tests.runs.helpers import gone, until

ROOT = Path(__file__).resolve().parents[2]
USER = "tandem"


def missing(what: str, how: str) -> None:
    """Says in a line what is not tested here and why. In CI that is a failure."""
    line = f"{what}: not tested, since it is not installed ({how})"
    if os.environ.get("CI"):
        pytest.fail(line, pytrace=False)
    pytest.skip(line)


def _program(name: str) -> str | None:
    """Debian keeps the server's programs beside the path."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return shutil.which(name) or next((str(place / name) for place in places if (place / name).exists()), None)


def _not_root() -> dict[str, str | int]:
    """PostgreSQL does not run as root."""
    if os.geteuid() != 0:
        return {}
    names = {user.pw_name for user in pwd.getpwall()}
    return {"user": "postgres" if "postgres" in names else "nobody"}


class Postgres:
    """A server; `restart` as an administrator would."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.identity = folder, _not_root()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._numbers = count()
        if self.identity:
            shutil.chown(folder, self.identity["user"])
        self._do("initdb", "-D", "data", "-U", USER, "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
        self.start()

    def _do(self, program: str, *arguments: str) -> None:
        done = subprocess.run([_program(program), *arguments], cwd=self.folder, capture_output=True, text=True, **self.identity)
        assert done.returncode == 0, done.stderr

    def start(self) -> None:
        options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": str(self.folder), "fsync": "off"}
        command = [_program("postgres"), "-D", "data", "-p", str(self.port), *(f"--{name}={value}" for name, value in options.items())]
        with (self.folder / "log").open("ab") as log:
            self.process = psutil.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self.identity)
        until(self._answers, "the PostgreSQL server")

    def _answers(self) -> bool:
        import psycopg

        assert self.process.poll() is None, (self.folder / "log").read_text()
        try:
            psycopg.connect(self.url_of("postgres").replace("+psycopg", ""), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)  # clients are cut off
        self.process.wait()

    def url_of(self, database: str) -> str:
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """The URL of an empty database."""
        import psycopg

        name = f"test{next(self._numbers)}"
        with psycopg.connect(self.url_of("postgres").replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY file_copy")
        return self.url_of(name)


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server, or a line that says why there is none."""
    if not (_program("postgres") and find_spec("psycopg")):
        missing("PostgreSQL", "apt-get install postgresql; pip install -r requirements-postgres.txt")
    folder = Path(tempfile.mkdtemp(prefix="tandem-postgres-", dir="/tmp"))
    server = Postgres(folder)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


@contextmanager
def dask(folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """The address of a scheduler with two workers, and the process that looks after these; or a line that says why there is none."""
    if not find_spec("distributed"):
        missing("Dask", "pip install -r requirements-dask.txt")
    file = folder / "scheduler.json"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TANDEM_HOME": str(folder / "elsewhere")}
    common = ("--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(file))
    commands = [
        ("scheduler", "--port", "0", *common),
        ("worker", *common, "--nworkers", "2", "--nthreads", "1", "--memory-limit", "0", "--local-directory", str(folder)),
    ]
    processes: list[psutil.Popen] = []
    try:
        for program, *options in commands:
            command = [sys.executable, "-m", "dask", program, *options]
            with (folder / f"{program}.log").open("ab") as log:
                processes.append(psutil.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log))
            until(file.exists, "the scheduler's address")
        yield json.loads(file.read_text())["address"], processes[-1]
    finally:
        everybody = [each for process in processes for each in (process, *process.children(recursive=True))]
        for each in everybody:
            if not gone([each]):
                each.kill()
        for process in processes:
            process.wait()
        until(lambda: gone(everybody), "the end of the cluster")
