"""The runner takes requests from the store, has segments computed, and is the only process that writes results.

Each segment's records and its stack's new state are one transaction. So a killed runner loses only the segments that were being computed,
and the next runner continues to the same numbers. The lease makes sure that a store has only one runner.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait

from sqlalchemy import select

from core.engine.segments import Segment, SegmentResult
from core.runs.computing import worker
from core.runs.computing.executors import Pool, executor_from
from core.runs.computing.lab_bench import LabBench
from core.runs.computing.work import Agenda, Job, PlannedStack
from core.runs.computing.worker import SegmentError
from core.runs.computing.workers import WorkerDiedError
from core.runs.configuration import Configuration
from core.runs.store import Store, ledger
from core.runs.store.database import StoreFailedError, StoreLostError, StoreValueError
from core.runs.store.lease import Lease, LeaseLostError
from core.runs.store.ledger import OutdatedError, Request, StoredStack
from core.runs.store.schema import requests

POLL_SECONDS = 0.1
RETRY_SECONDS = 1.0
"""Seconds between two tries to reach a database that does not answer."""
GRACE_SECONDS = 5.0
"""Seconds that the runner has to end after it was asked to."""
MOST_CRASHES = 3
"""Number of workers that may die while computing one stack before its comparison fails."""

log = logging.getLogger(__name__)

Compute = Callable[[Segment], SegmentResult]


class Runner:
    """Runs the comparisons of a store in a pool of workers."""

    def __init__(self, store: Store, pool: Pool, *, compute: Compute = worker.compute) -> None:
        self.store, self.pool, self.compute = store, pool, compute
        self.lease = Lease(store.database, pool.slots)
        self.agenda = Agenda()
        self.labs = LabBench(store, pool, self.lease)
        self.underway: dict[Future[SegmentResult], PlannedStack] = {}

    def run(self, stop: threading.Event, until: Callable[[], bool] = lambda: False) -> None:
        """Waits for the lease, then serves the store until `stop` is set or `until()` holds. Ends the workers and releases the lease.

        Waits for a database that does not answer. Raises StoreFailedError if waiting does not help.
        """
        while not stop.is_set():
            try:
                self._serve(stop, until)
                return
            except LeaseLostError as error:
                log.warning("%s; this runner stands by", error)
            except StoreLostError as error:
                log.warning("%s Training waits for it.", error)
                stop.wait(RETRY_SECONDS)
            finally:
                self._leave()

    def _leave(self) -> None:
        """Starts from nothing, as another runner would: only the store knows whether the last write before a lost connection was kept."""
        self.underway, self.agenda = {}, Agenda()
        self.pool.end()
        try:
            self.lease.release()
        except StoreFailedError as error:
            log.warning("the lease is left to expire: %s", error)

    def _serve(self, stop: threading.Event, until: Callable[[], bool]) -> None:
        while not self.lease.take():
            if until() or stop.wait(POLL_SECONDS):
                return
        self.resume()
        self.pool.warm()
        while not (stop.is_set() or until()):
            self.turn(stop)

    def turn(self, stop: threading.Event) -> None:
        """Handles requests, submits segments, and stores finished ones; waits a moment if there is nothing to do."""
        self.lease.renew(self.pool.trouble())
        asked = self._take_requests()
        self.labs.turn(room=len(self.underway) < self.pool.slots)
        self._hand_out()
        if not self.underway:
            stop.wait(0 if asked else POLL_SECONDS)
            return
        done, _ = wait(self.underway, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
        self._take_in(done)

    def resume(self) -> None:
        """Opens the comparisons that an earlier runner left unfinished."""
        with self.store.database.writing() as connection:
            left = ledger.unfinished_business(connection)
        for comparison in left:
            self._open(comparison)
        self.labs.resume()

    def _take_requests(self) -> bool:
        """Handles all waiting requests; returns whether there were any."""
        with self.store.database.reading() as connection:
            asked = waiting = connection.scalar(select(requests.c.id).limit(1)) is not None
        while waiting:
            with self.store.database.writing() as connection:
                self.lease.check(connection)
                request = ledger.take_request(connection)
            waiting = request is not None
            if request is not None:
                self._follow(request)
        return asked

    def _follow(self, request: Request) -> None:
        """Updates the agenda to the state that the request has set in the store."""
        if request.action == "cancel":
            self.agenda.close(request.comparison)
            return
        if request.action == "pause" and request.before not in ledger.LIVE:
            return
        if request.comparison not in self.agenda.jobs or request.before not in ("running", "paused"):
            self._open(request.comparison)
        if (job := self.agenda.jobs.get(request.comparison)) is None:  # it lacked nothing
            return
        if request.action == "step":
            job.step()
        else:
            job.go_on(paused=request.action == "pause")

    def _open(self, comparison: str) -> None:
        """Puts a comparison's stacks on the agenda."""
        self.agenda.close(comparison)
        try:
            with self.store.database.writing() as connection:
                self.lease.check(connection)
                opened = ledger.open_comparison(connection, comparison, self.pool.slots)
        except (OutdatedError, ValueError) as error:  # ValueError: settings that this version refuses
            self._fail(comparison, str(error))
            return
        if opened.wanted:
            stacks = [self.agenda.stack(stored.id) or _stack(stored) for stored in opened.stacks]
            self.agenda.open(Job(comparison, set(opened.wanted), stacks, opened.paused))

    def _hand_out(self) -> None:
        """Gives the pool as many segments as it has room for and no more, so that the next segment is chosen as late as possible."""
        while self._room() and (chosen := self.agenda.next()) is not None:
            stack, segment = chosen
            try:
                self.underway[self.pool.submit(self.compute, segment)] = stack
            except BrokenExecutor:
                self._pool_broke(stack)

    def _room(self) -> bool:
        """Whether the pool may have another segment. A suspect is computed alone, so that a worker that dies then dies because of it."""
        if any(stack.suspect for stack in self.underway.values()):
            return False
        return len(self.underway) + self.labs.busy < (1 if self.agenda.suspects() else self.pool.slots)

    def _take_in(self, done: set[Future[SegmentResult]]) -> None:
        """Handles finished segments. The workers get their next segments before the results are written."""
        arrived: list[tuple[PlannedStack, SegmentResult]] = []
        for future in done:
            if (stack := self.underway.pop(future, None)) is None:
                continue
            try:
                result = future.result()
            except WorkerDiedError as error:
                self._worker_died(stack, error)
            except (BrokenExecutor, CancelledError):
                self._pool_broke(stack)
            except Exception as error:  # any error concerns only this stack
                self._give_up(stack, str(error) if isinstance(error, SegmentError) else f"{type(error).__name__}: {error}")
            else:
                if self.agenda.has(stack):
                    self.agenda.advanced(stack, result)
                    arrived.append((stack, result))
        self._hand_out()
        for stack, result in arrived:
            if self.agenda.has(stack):  # its comparison has not failed in the meantime
                self._write(stack, result)
        self.agenda.close_finished()
        self._close_steps()

    def _write(self, stack: PlannedStack, result: SegmentResult) -> None:
        try:
            with self.store.database.writing() as connection:
                self.lease.check(connection)
                written = ledger.apply(connection, stack.id, result)
        except (StoreValueError, OverflowError) as error:  # SQLite stores no value above a gigabyte
            self._give_up(stack, f"the store cannot keep such a large stack ({error}); compare fewer runs or smaller networks")
            return
        if not written:
            stack.unfinished.clear()  # deleted in the meantime, so nobody needs it

    def _close_steps(self) -> None:
        for comparison in self.agenda.close_steps():
            with self.store.database.writing() as connection:
                self.lease.check(connection)
                ledger.stepped(connection, comparison)

    def _worker_died(self, stack: PlannedStack, error: WorkerDiedError) -> None:
        """Gives the segment to another worker, unless the segment itself seems to kill the workers."""
        stack.crashes += not self.underway
        stack.busy, stack.suspect = False, True
        if stack.crashes >= MOST_CRASHES:
            self._give_up(stack, f"{error}, {stack.crashes} times in a row; perhaps there was not enough memory")

    def _pool_broke(self, stack: PlannedStack) -> None:
        """Handles the loss of the executor with all its segments: makes a new one and submits the lost segments again."""
        lost = [stack, *self.underway.values()]
        self.underway.clear()
        self.pool.renew()
        for each in lost:
            each.busy = False

    def _give_up(self, stack: PlannedStack, message: str) -> None:
        """Fails the comparisons that wait for the stack."""
        stack.busy = False
        if self.agenda.has(stack):
            with self.store.database.reading() as connection:
                waiting = ledger.dependants(connection, stack.id)
            for comparison in waiting:
                self._fail(comparison, message)

    def _fail(self, comparison: str, message: str) -> None:
        log.error("comparison %s failed: %s", comparison, message)
        self.agenda.close(comparison)
        with self.store.database.writing() as connection:
            self.lease.check(connection)
            ledger.end(connection, comparison, "failed", message)


def _stack(stored: StoredStack) -> PlannedStack:
    return PlannedStack(stored.id, stored.runs, set(stored.unfinished), stored.state, stored.epoch)


def main(configuration: Configuration, *, watch_stdin: bool = False) -> int:
    """The process `python -m core runner`: serves until it is told to end or, with `watch_stdin`, until its standard input closes.

    Raises StoreError or ConfigurationError if the store or the executor is not available.
    """
    logging.basicConfig(stream=sys.stderr, format="runner: %(message)s")
    stop = threading.Event()
    _stop_on_signals(stop)
    if watch_stdin:
        threading.Thread(target=_watch_stdin, args=(stop,), daemon=True).start()
    pool = Pool(lambda: executor_from(configuration), configuration.workers)
    threading.Thread(target=_end_in_time, args=(stop, pool), daemon=True).start()
    store = Store(configuration.store)
    try:
        Runner(store, pool).run(stop)
    finally:
        store.close()
    return 0


def _stop_on_signals(stop: threading.Event) -> None:
    """Handles signals at once. Python's own handlers run only between two steps of the main thread, which may be waiting for a database."""
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    signal.set_wakeup_fd(writer.detach())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    threading.Thread(target=_watch_signals, args=(reader, stop), daemon=True).start()


def _watch_signals(reader: socket.socket, stop: threading.Event) -> None:
    reader.recv(1)
    stop.set()


def _watch_stdin(stop: threading.Event) -> None:
    """Waits until the pipe from the dashboard closes, which happens however the dashboard ends."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    stop.set()


def _end_in_time(stop: threading.Event, pool: Pool) -> None:
    """Ends the process in time, whatever the main thread waits for: the database, a cluster, or processes that do not end."""
    stop.wait()
    time.sleep(GRACE_SECONDS)
    log.warning("ending takes too long; what was being computed is computed again")
    pool.end()
    os._exit(1)
