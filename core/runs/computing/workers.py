"""Worker processes behind the standard library's executor interface, each with its own pipe.

`ProcessPoolExecutor` reads all results from one shared pipe in one thread. If a worker dies or is stopped in the middle of its result, that
thread waits for the rest for ever, and so do the results of all other workers. Here each worker has a seat: a thread that talks only to
this process, over a pipe whose other end only the worker holds. If the worker dies, the pipe closes; the seat fails that one task and
starts another process. The other workers are not affected.
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
"""Seconds between two checks of the workers."""

MENTIONED_AFTER_SECONDS = 5.0
"""Seconds after which a silent worker is reported."""

log = logging.getLogger(__name__)
_starting = threading.Lock()  # multiprocessing's list of children is not thread-safe


class WorkerDiedError(RuntimeError):
    """The process that computed the task died, or showed no sign of life for too long. There is no result, and the task can be tried
    again.
    """


@dataclass
class Task:
    """A call for a worker, and its future."""

    call: Callable[[], Any]
    future: Future[Any] = field(default_factory=Future)

    def settle(self, result: Any = None, error: BaseException | None = None) -> None:
        """Sets the future's result or error, unless it is set already: a worker that was given up may still answer."""
        with contextlib.suppress(InvalidStateError):
            if error is None:
                self.future.set_result(result)
            else:
                self.future.set_exception(error)


class Seat:
    """A thread that has tasks computed by a worker process, and by a new process if that one dies."""

    def __init__(self, tasks: SimpleQueue[Task | None], context: Any, start: Callable[[], None]) -> None:
        """Takes tasks from `tasks` until it gets None. `start` prepares each process."""
        self.tasks, self.context, self.start = tasks, context, start
        self.process: Any = None
        self.task: Task | None = None  # the task that the process computes
        self.given_up = False
        self.silent = 0  # checks since the process last showed a sign of life
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
        if self.given_up:  # while the process was starting
            raise EOFError
        pipe.send_bytes(message)
        return pipe.recv_bytes()

    def _begin(self) -> Connection:
        with _starting:
            pipe, theirs = self.context.Pipe()
            process = self.context.Process(target=_work, args=(theirs, self.start), daemon=True)
            process.start()
            theirs.close()  # now only the worker holds its end, so that its death closes the pipe
        self.process, self._pipe = process, pipe
        return pipe

    def end(self) -> None:
        """Kills the process, busy or not: it has nothing that could be lost, and a stopped process reacts to nothing else."""
        process, self.process = self.process, None
        self._pipe = None  # the pipe closes when nobody reads from it
        if process is not None:
            process.kill()

    def look(self) -> None:
        """Counts the checks since the process last got a task or used the processor.

        Processor time is the sign of life: a segment may take minutes, but it computes all the time. A process that is stopped, hangs in
        the kernel or waits for swapped memory uses none. Checks are counted instead of seconds, because there are none while this process
        is also stopped or the machine sleeps.
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
        except psutil.Error:  # the process is gone, and its pipe is about to close
            return 0.0
        return float(times.user + times.system)

    def give_up(self, reason: str) -> None:
        """Fails the task and leaves the process to end by itself, which may take longer if it hangs in the kernel."""
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
    """A worker process: computes one task after another until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole terminal; the parent process ends its workers
    start()
    with contextlib.suppress(EOFError, OSError):
        while True:
            pipe.send_bytes(_done(ForkingPickler.loads(pipe.recv_bytes())))


def _done(call: Callable[[], Any]) -> Any:
    """The result of the call, or the exception that it raises, as bytes; an exception that cannot be pickled becomes its text."""
    try:
        return ForkingPickler.dumps((call(), None))
    except Exception as error:
        try:
            return ForkingPickler.dumps((None, error))
        except Exception:
            return ForkingPickler.dumps((None, RuntimeError(f"{type(error).__name__}: {error}")))


class Workers(Executor):
    """Worker processes that are watched, with one task each at a time.

    A task raises WorkerDiedError if its worker dies, or if its worker has used no processor time for `silence` seconds.
    """

    def __init__(self, workers: int, context: Any, start: Callable[[], None], *, silence: float) -> None:
        """`context` comes from multiprocessing. `start` is called first in each process."""
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
        atexit.register(self.kill_workers)  # before multiprocessing waits for its children, one of which may be stopped

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As `Executor.submit`; function, arguments and result are pickled."""
        task = Task(partial(fn, *args, **kwargs))
        with self._lock:
            if self._refuses:
                raise RuntimeError("cannot schedule new futures after shutdown")
            self._tasks.put(task)
        return task.future

    def trouble(self) -> str:
        """A message about silent workers; empty if there are none."""
        silent = [(seat.silent * LOOK_SECONDS, seat) for seat in self._seats if seat.silent * LOOK_SECONDS >= MENTIONED_AFTER_SECONDS]
        if not silent:
            return ""
        longest, seat = max(silent, key=lambda pair: pair[0])
        who = f"{len(silent)} worker processes have" if len(silent) > 1 else f"The worker process {getattr(seat.process, 'pid', '')} has"
        return (
            f"{who} used no processor time for {longest:.0f} s, perhaps because of a stop or swapping. "
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
        """As `Executor.shutdown`: submitted tasks are still computed, unless they are cancelled; then the processes end."""
        self._close(cancel=cancel_futures)
        while wait and (alive := self._alive()):
            alive[0].thread.join()
        if wait:
            self._over.set()
            self._watch.join()

    def kill_workers(self) -> None:
        """Ends the processes now, whatever they do, without waiting. Submitted tasks are cancelled or fail."""
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
