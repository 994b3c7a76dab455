"""The lease that makes sure that a store has only one runner."""

from __future__ import annotations

import os
import platform
import time
import uuid
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import psutil
from sqlalchemy import Connection, delete, select, update

from core.runs.store.database import Database, put
from core.runs.store.schema import lease

LASTS_SECONDS = 30.0
RENEWED_EVERY_SECONDS = 5.0


class LeaseLostError(RuntimeError):
    """Another runner has taken over; the results of this one must not be written."""


@dataclass(frozen=True)
class Holder:
    """The process that holds the lease."""

    owner: str
    host: str
    pid: int
    started: float
    workers: int
    expires: float
    trouble: str | None

    @property
    def alive(self) -> bool:
        """On this machine: whether the process exists. On another machine, or if the process is stopped: whether it renewed the lease in
        time.
        """
        status = _status(self.pid, self.started) if self.host == this_host() else psutil.STATUS_STOPPED
        return self.expires > time.time() if status == psutil.STATUS_STOPPED else status not in (None, psutil.STATUS_ZOMBIE)


def holder(connection: Connection) -> Holder | None:
    """The holder of the lease, alive or not; None if there is none."""
    columns = (lease.c.owner, lease.c.host, lease.c.pid, lease.c.started, lease.c.workers, lease.c.expires, lease.c.trouble)
    row = connection.execute(select(*columns)).one_or_none()
    return None if row is None else Holder(*row)


@dataclass
class Lease:
    """The lease of one runner, which can be taken, renewed and released."""

    database: Database
    workers: int
    owner: str = field(default_factory=lambda: uuid.uuid4().hex)
    _renewed: float = 0.0
    _trouble: str = ""

    def take(self) -> bool:
        """Takes the lease if no living process holds it; returns whether this runner now has it."""
        with self.database.reading() as connection:  # a waiting runner does not write
            if (held := holder(connection)) is not None and held.alive and held.owner != self.owner:
                return False
        with self.database.writing() as connection:
            held = holder(connection)
            if held is not None and held.alive and held.owner != self.owner:
                return False
            put(connection, lease, [self._row()], ["id"])
        self._renewed = time.monotonic()
        return True

    def renew(self, trouble: str = "") -> None:
        """Renews the lease when it is time, and stores a message about the workers when it changes. Raises LeaseLostError."""
        if trouble == self._trouble and time.monotonic() - self._renewed < RENEWED_EVERY_SECONDS:
            return
        with self.database.writing() as connection:
            self.check(connection)
            connection.execute(update(lease).values(expires=time.time() + LASTS_SECONDS, trouble=trouble))
        self._renewed, self._trouble = time.monotonic(), trouble

    def check(self, connection: Connection) -> None:
        """Raises LeaseLostError unless this runner has the lease; called in every transaction that writes results."""
        if connection.scalar(select(lease.c.owner)) != self.owner:
            raise LeaseLostError("another runner has taken over this store")

    def release(self) -> None:
        """Releases the lease, if this runner still has it."""
        with self.database.writing() as connection:
            connection.execute(delete(lease).where(lease.c.owner == self.owner))

    def _row(self) -> dict[str, object]:
        pid = os.getpid()
        return {
            "id": 1,
            "owner": self.owner,
            "host": this_host(),
            "pid": pid,
            "started": psutil.Process(pid).create_time(),
            "workers": self.workers,
            "expires": time.time() + LASTS_SECONDS,
            "trouble": "",
        }


@lru_cache(maxsize=1)
def this_host() -> str:
    """The machine and, on Linux, the namespace of its process ids, because containers have their own."""
    namespace = Path("/proc/self/ns/pid")
    return f"{platform.node()} {namespace.readlink()}" if namespace.is_symlink() else platform.node()


def _status(pid: int, started: float) -> str | None:
    """The status of the process that was started then; None if it is gone. A process that ended but was not collected is a zombie."""
    try:
        process = psutil.Process(pid)
        return str(process.status()) if abs(process.create_time() - started) < 1.0 else None
    except psutil.NoSuchProcess:
        return None
