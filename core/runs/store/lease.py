"""One runner a store: the lease that it holds."""

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
    """Another runner has taken over; what this one still computes must not be written."""


@dataclass(frozen=True)
class Holder:
    """Who holds the lease."""

    owner: str
    host: str
    pid: int
    started: float
    workers: int
    expires: float
    trouble: str | None

    @property
    def alive(self) -> bool:
        """On this machine: whether the process is there. On another, or if it is stopped: whether it has renewed the lease in time."""
        status = _status(self.pid, self.started) if self.host == this_host() else psutil.STATUS_STOPPED
        return self.expires > time.time() if status == psutil.STATUS_STOPPED else status not in (None, psutil.STATUS_ZOMBIE)


def holder(connection: Connection) -> Holder | None:
    """Who holds the lease, dead or alive; None when nobody does."""
    columns = (lease.c.owner, lease.c.host, lease.c.pid, lease.c.started, lease.c.workers, lease.c.expires, lease.c.trouble)
    row = connection.execute(select(*columns)).one_or_none()
    return None if row is None else Holder(*row)


@dataclass
class Lease:
    """The lease of one runner, to be tried for, renewed and given back."""

    database: Database
    workers: int
    owner: str = field(default_factory=lambda: uuid.uuid4().hex)
    _renewed: float = 0.0
    _trouble: str = ""

    def take(self) -> bool:
        """Takes the lease when nobody alive holds it, and says whether it is now this runner's."""
        with self.database.reading() as connection:  # one that waits does not write
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
        """Says that this runner lives, when it is time to, and what is wrong with its workers, when that changes. Raises LeaseLostError."""
        if trouble == self._trouble and time.monotonic() - self._renewed < RENEWED_EVERY_SECONDS:
            return
        with self.database.writing() as connection:
            self.check(connection)
            connection.execute(update(lease).values(expires=time.time() + LASTS_SECONDS, trouble=trouble))
        self._renewed, self._trouble = time.monotonic(), trouble

    def check(self, connection: Connection) -> None:
        """Raises LeaseLostError unless the lease is this runner's; called in every transaction that writes results."""
        if connection.scalar(select(lease.c.owner)) != self.owner:
            raise LeaseLostError("another runner has taken over this store")

    def release(self) -> None:
        """Gives the lease back, if it is still this runner's."""
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
    """The machine and, on Linux, the namespace that process ids belong to: containers have their own."""
    namespace = Path("/proc/self/ns/pid")
    return f"{platform.node()} {namespace.readlink()}" if namespace.is_symlink() else platform.node()


def _status(pid: int, started: float) -> str | None:
    """Of the process that was started then; None when it is gone. One that ended and was not yet collected is a zombie."""
    try:
        process = psutil.Process(pid)
        return str(process.status()) if abs(process.create_time() - started) < 1.0 else None
    except psutil.NoSuchProcess:
        return None
