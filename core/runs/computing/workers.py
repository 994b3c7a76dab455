"""Worker processes behind the standard library's executor interface, each with a pipe of its own.

`ProcessPoolExecutor` reads all results from one shared pipe, in one thread: a worker that dies or is stopped in the middle of its result
leaves that thread waiting for the rest for ever, and every other worker's result behind it. Here each worker has a seat: a thread that
talks to this process alone, over a pipe of which the worker alone holds the other end. When the worker dies the pipe closes, whatever was
under way; the seat fails that one task and takes another process. The others notice nothing.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, InvalidStateError
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from queue import Empty, SimpleQueue
from typing import Any, ParamSpec, TypeVar

import psutil

P = ParamSpec("P")
T = TypeVar("T")

LOOK_SECONDS = 1.0
"""How often the workers are looked at."""

MENTIONED_AFTER_SECONDS = 5.0
"""A worker that has been silent for so long is spoken of."""

log = logging.getLogger(__name__)
_starting = threading.Lock()  # multiprocessing keeps its list of children for one thread at a time


class WorkerDiedError(RuntimeError):
    """The process that computed it died, or gave no sign of life for too long: there is no result, and it may be tried again."""


@dataclass
class Task:
    """What a worker is asked to do, and the future of it."""

    call: Callable[[], Any]
    future: Future[Any] = field(default_factory=Future)

    def settle(self, result: Any = None, error: BaseException | None = None) -> None:
        """Gives the future its result or error, unless it has one: a worker that was given up may still answer."""
        with contextlib.suppress(InvalidStateError):
            if error is None:
                self.future.set_result(result)
            else:
                self.future.set_exception(error)


class Seat:
    """A thread that has tasks computed by a worker process, and by another when that one died."""

    def __init__(self, tasks: SimpleQueue[Task | None], context: Any, start: Callable[[], None]) -> None:
        """Takes from `tasks` till it gets None. `start` prepares each process."""
        self.tasks, self.context, self.start = tasks, context, start
        self.process: Any = None
        self.task: Task | None = None  # that the process is at
        self.given_up = False
        self.silent = 0  # looks since the process last gave a sign of life
        self._pipe: Connection | None = None
        self._watched: psutil.Process | None = None
        self._spent: tuple[Task | None, float] = (None, 0.0)
        self.thread = threading.Thread(target=self._serve, name="worker", daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while not self.given_up and (task := self.tasks.get()) is not None:
            if task.future.set_running_or_notify_cancel():
                self._do(task)
        if not self.given_up:
            self.end()

    def _do(self, task: Task) -> None:
        try:
            message = ForkingPickler.dumps(task.call)
        except Exception as error:
            task.settle(error=error)
            return
        self.task, self.silent = task, 0
        try:
            reply = self._exchange(message)
        except (OSError, EOFError):
            self.end()
            task.settle(error=WorkerDiedError("the worker process died"))
        else:
            _answer(task, reply)
        self.task = None

    def _exchange(self, message: Any) -> bytes:
        pipe = self._pipe or self._begin()
        if self.given_up:  # while the process was being started
            raise EOFError
        pipe.send_bytes(message)
        return pipe.recv_bytes()

    def _begin(self) -> Connection:
        with _starting:
            pipe, theirs = self.context.Pipe()
            process = self.context.Process(target=_work, args=(theirs, self.start), daemon=True)
            process.start()
            theirs.close()  # the worker alone holds it now: its end is the pipe's
        self.process, self._pipe = process, pipe
        return pipe

    def end(self) -> None:
        """Kills the process, busy or not: it keeps nothing that could be lost, and a stopped one hears nothing else."""
        process, self.process = self.process, None
        self._pipe = None  # it closes when nobody reads from it any more
        if process is not None:
            process.kill()

    def look(self) -> None:
        """Counts the looks since the process was last given a task or used the processor.

        That it uses the processor is the sign of life: a segment may take minutes, and does so computing. A process that is stopped,
        hangs in the kernel or waits for its own memory uses none. Looks are counted, and no clock read: while this process, too, was
        stopped, or the machine slept, there were none.
        """
        task, process = self.task, self.process
        now = (task, self._processor_seconds(process))
        idle = task is None or process is None
        self.silent = 0 if idle or now != self._spent else self.silent + 1
        self._spent = now

    def _processor_seconds(self, process: Any) -> float:
        if process is None:
            return 0.0
        try:
            if self._watched is None or self._watched.pid != process.pid:
                self._watched = psutil.Process(process.pid)
            times = self._watched.cpu_times()
        except psutil.Error:  # it is gone, and its pipe is about to say so
            return 0.0
        return float(times.user + times.system)

    def give_up(self, reason: str) -> None:
        """Fails the task and leaves the process to its end, which one that hangs in the kernel reaches later."""
        self.given_up = True
        task = self.task
        self.end()
        if task is not None:
            task.settle(error=WorkerDiedError(reason))


def _answer(task: Task, reply: bytes) -> None:
    try:
        result, error = ForkingPickler.loads(reply)
    except Exception as unreadable:
        task.settle(error=unreadable)
    else:
        task.settle(result, error)


def _work(pipe: Connection, start: Callable[[], None]) -> None:
    """A worker process: does what it is sent, one after the other, till the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole terminal; the process that has workers ends them
    start()
    with contextlib.suppress(EOFError, OSError):
        while True:
            pipe.send_bytes(_done(ForkingPickler.loads(pipe.recv_bytes())))


def _done(call: Callable[[], Any]) -> Any:
    """What the call gives, or the exception that it raises, as bytes; one that cannot travel becomes its text."""
    try:
        return ForkingPickler.dumps((call(), None))
    except Exception as error:
        try:
            return ForkingPickler.dumps((None, error))
        except Exception:
            return ForkingPickler.dumps((None, RuntimeError(f"{type(error).__name__}: {error}")))


class Workers(Executor):
    """Worker processes that are watched, one task each at a time.

    A task whose worker dies raises WorkerDiedError; so does one whose worker has used no processor time for `silence` seconds.
    """

    def __init__(self, workers: int, context: Any, start: Callable[[], None], *, silence: float) -> None:
        """`context`: of multiprocessing. `start` is called first in each process."""
        self._max_workers = workers
        self._silence = silence
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._seat = partial(Seat, self._tasks, context, start)
        self._seats = [self._seat() for _ in range(workers)]
        self._refuses = False
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._watch = threading.Thread(target=self._watch_seats, name="watch over workers", daemon=True)
        self._watch.start()
        atexit.register(self.kill_workers)  # before multiprocessing waits for its children, of which one may be stopped

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As `Executor.submit`; function, arguments and result are pickled."""
        task = Task(partial(fn, *args, **kwargs))
        with self._lock:
            if self._refuses:
                raise RuntimeError("cannot schedule new futures after shutdown")
            self._tasks.put(task)
        return task.future

    def trouble(self) -> str:
        """What is to be said of workers that are silent; empty when none is."""
        silent = [(seat.silent * LOOK_SECONDS, seat) for seat in self._seats if seat.silent * LOOK_SECONDS >= MENTIONED_AFTER_SECONDS]
        if not silent:
            return ""
        longest, seat = max(silent, key=lambda pair: pair[0])
        who = f"{len(silent)} worker processes have" if len(silent) > 1 else f"The worker process {getattr(seat.process, 'pid', '')} has"
        return (
            f"{who} used no processor time for {longest:.0f} s: stopped, perhaps, or swapped out. "
            f"After {self._silence:g} s another process takes over the work (TANDEM_WORKER_SILENCE)."
        )

    def _watch_seats(self) -> None:
        while self._alive() and not self._over.wait(LOOK_SECONDS):
            for place, seat in enumerate(self._seats):
                seat.look()
                if seat.silent * LOOK_SECONDS >= self._silence:
                    log.warning("a worker process gave no sign of life for %g s; another takes over its work", self._silence)
                    self._seats[place] = self._seat()
                    seat.give_up(f"the worker process gave no sign of life for {self._silence:g} s")

    def _alive(self) -> list[Seat]:
        return [seat for seat in self._seats if seat.thread.is_alive()]

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """As `Executor.shutdown`: what was submitted is still computed, unless it is cancelled; then the processes end."""
        self._close(cancel=cancel_futures)
        while wait and (alive := self._alive()):
            alive[0].thread.join()
        if wait:
            self._over.set()
            self._watch.join()

    def kill_workers(self) -> None:
        """Ends the processes now, whatever they are at, and waits for nothing. What was submitted is cancelled or fails."""
        self._over.set()
        self._close(cancel=True)
        for seat in self._seats:
            seat.give_up("the worker process was ended")

    def _close(self, *, cancel: bool) -> None:
        with self._lock:
            self._refuses = True
            if cancel:
                self._cancel_waiting()
            for _ in self._seats:
                self._tasks.put(None)
        atexit.unregister(self.kill_workers)

    def _cancel_waiting(self) -> None:
        with contextlib.suppress(Empty):
            while True:
                if (task := self._tasks.get_nowait()) is not None:
                    task.future.cancel()
