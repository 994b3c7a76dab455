"""The part of the runner that has labs computed, one at a time, beside the comparisons."""

from __future__ import annotations

import logging
from concurrent.futures import BrokenExecutor, Future

from sqlalchemy import select

from core.runs import labs
from core.runs.computing.executors import Pool
from core.runs.labs import Job
from core.runs.store import Store
from core.runs.store.lease import Lease
from core.runs.store.schema import labs as table

log = logging.getLogger(__name__)


class LabBench:
    """Takes labs from the store, and stores their results."""

    def __init__(self, store: Store, pool: Pool, lease: Lease) -> None:
        self.store, self.pool, self.lease = store, pool, lease
        self._underway: tuple[Job, Future[tuple[bytes, float]]] | None = None

    @property
    def busy(self) -> bool:
        """Whether a worker computes a lab."""
        return self._underway is not None

    def resume(self) -> None:
        """Queues the labs that an earlier runner left unfinished."""
        self._underway = None
        with self.store.database.writing() as connection:
            self.lease.check(connection)
            labs.take_back(connection)

    def turn(self, *, room: bool) -> None:
        """Stores a finished lab, and submits the next one if there is room."""
        if self._underway is not None and self._underway[1].done():
            self._take_in(*self._underway)
        if self._underway is None and room and self._waiting():
            self._hand_out()

    def _waiting(self) -> bool:
        with self.store.database.reading() as connection:
            return connection.scalar(select(table.c.key).where(table.c.state == "queued").limit(1)) is not None

    def _hand_out(self) -> None:
        with self.store.database.writing() as connection:
            self.lease.check(connection)
            job = labs.take(connection)
        if job is None:
            return
        try:
            self._underway = job, self.pool.submit(labs.compute, job.name, job.arguments)
        except BrokenExecutor as error:
            self._write_failure(job, str(error))

    def _take_in(self, job: Job, future: Future[tuple[bytes, float]]) -> None:
        self._underway = None
        try:
            content, seconds = future.result()
        except Exception as error:  # any error concerns only this lab
            self._write_failure(job, f"{type(error).__name__}: {error}")
            return
        with self.store.database.writing() as connection:
            self.lease.check(connection)
            labs.keep(connection, job.key, content, seconds)

    def _write_failure(self, job: Job, message: str) -> None:
        log.error("lab %s failed: %s", job.name, message)
        with self.store.database.writing() as connection:
            self.lease.check(connection)
            labs.fail(connection, job.key, message)
