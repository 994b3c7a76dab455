"""The runner: takes requests from the store, has segments computed, and is the only one that writes results.

Each segment's records and its stack's new state are one transaction, so a runner that is killed loses the segments that were being
computed, and the next one goes on to the same numbers. There is one runner a store, by the lease.
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
"""Between two tries to reach a database that does not answer."""
GRACE_SECONDS = 5.0
"""That the runner has for its end once it has been asked to."""
MOST_CRASHES = 3
"""Workers that may die over one stack before its comparison is given up."""

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
        """Waits for the lease, then serves the store, till `stop` is set or `until()` holds. Ends the workers and gives the lease back.

        A database that does not answer is waited for. Raises StoreFailedError where waiting does not help.
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
        """Begins anew, as another runner would: whether a lost connection has kept what was written last is in the store."""
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
        """Takes up what was asked for, hands out segments, and takes in those that are done; waits a moment when there are none."""
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
        """Opens what an earlier runner left."""
        with self.store.database.writing() as connection:
            left = ledger.unfinished_business(connection)
        for comparison in left:
            self._open(comparison)
        self.labs.resume()

    def _take_requests(self) -> bool:
        """Whether there were any."""
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
        """Brings the agenda to where the request has brought the store."""
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
        """Gives the pool as many segments as it has room for, no more: what comes next is decided as late as possible."""
        while self._room() and (chosen := self.agenda.next()) is not None:
            stack, segment = chosen
            try:
                self.underway[self.pool.submit(self.compute, segment)] = stack
            except BrokenExecutor:
                self._pool_broke(stack)

    def _room(self) -> bool:
        """Whether the pool may have another segment. A suspect is computed alone: who then dies, dies of it."""
        if any(stack.suspect for stack in self.underway.values()):
            return False
        return len(self.underway) + self.labs.busy < (1 if self.agenda.suspects() else self.pool.slots)

    def _take_in(self, done: set[Future[SegmentResult]]) -> None:
        """Takes in finished segments. The workers get their next ones before the results are written."""
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
            except Exception as error:  # whatever it is, it concerns this stack alone
                self._give_up(stack, str(error) if isinstance(error, SegmentError) else f"{type(error).__name__}: {error}")
            else:
                if self.agenda.has(stack):
                    self.agenda.advanced(stack, result)
                    arrived.append((stack, result))
        self._hand_out()
        for stack, result in arrived:
            if self.agenda.has(stack):  # its comparison has not failed meanwhile
                self._write(stack, result)
        self.agenda.close_finished()
        self._close_steps()

    def _write(self, stack: PlannedStack, result: SegmentResult) -> None:
        try:
            with self.store.database.writing() as connection:
                self.lease.check(connection)
                written = ledger.apply(connection, stack.id, result)
        except (StoreValueError, OverflowError) as error:  # SQLite keeps no value beyond a gigabyte
            self._give_up(stack, f"the store cannot keep so large a stack ({error}); compare fewer runs or smaller networks")
            return
        if not written:
            stack.unfinished.clear()  # deleted meanwhile: nobody wants it

    def _close_steps(self) -> None:
        for comparison in self.agenda.close_steps():
            with self.store.database.writing() as connection:
                self.lease.check(connection)
                ledger.stepped(connection, comparison)

    def _worker_died(self, stack: PlannedStack, error: WorkerDiedError) -> None:
        """The segment goes to another worker, unless it seems to be what they die of."""
        stack.crashes += not self.underway
        stack.busy, stack.suspect = False, True
        if stack.crashes >= MOST_CRASHES:
            self._give_up(stack, f"{error}, {stack.crashes} times in a row; perhaps there was not enough memory")

    def _pool_broke(self, stack: PlannedStack) -> None:
        """The executor is lost, and with it every segment that it had: a new one, and the lost segments again."""
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
    """The process `python -m core runner`: serves till it is told to end or, with `watch_stdin`, till its standard input closes.

    Raises StoreError or ConfigurationError where the store or the executor cannot be had.
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
    """Python runs its handlers between two steps of the main thread, which may be waiting for a database; this comes at once."""
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
    """The pipe from the dashboard closes however the dashboard ends."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    stop.set()


def _end_in_time(stop: threading.Event, pool: Pool) -> None:
    """Whatever the main thread waits for then: the database, a cluster, processes that do not end."""
    stop.wait()
    time.sleep(GRACE_SECONDS)
    log.warning("ending takes too long; what was being computed is computed again")
    pool.end()
    os._exit(1)
