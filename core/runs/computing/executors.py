"""Where segments are computed: executors of the standard library's interface, and the pool that the runner has of one."""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from importlib import import_module
from typing import Any, ParamSpec, TypeVar

from core.runs.computing import worker
from core.runs.computing.workers import Workers
from core.runs.configuration import SILENCE_SECONDS, Configuration, ConfigurationError, cores

P = ParamSpec("P")
T = TypeVar("T")

PRELOADED = (
    "core.engine.advance",
    "torch._dynamo",  # torch.optim imports it at the first step
    "sklearn.compose",
    "sklearn.datasets",
    "sklearn.impute",
    "sklearn.model_selection",
    "sklearn.preprocessing",
)
"""What a worker needs and is slow to import: imported once, by the server that workers are forked from, and shared in memory."""

MOST_BREAKS = 10
BREAKS_WITHIN_SECONDS = 10.0


def make_executor(workers: int, silence: float = SILENCE_SECONDS) -> Workers:
    """Worker processes, one torch thread each, that end with this process however it ends.

    One that uses no processor time for `silence` seconds while it computes is taken for lost, and replaced.

    They import the main script, as all of Python's worker processes do: a script calls this under `if __name__ == "__main__":`.
    """
    context: Any
    if sys.platform == "win32":
        context = multiprocessing.get_context("spawn")
    else:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(list(PRELOADED))
    return Workers(workers, context, worker.start, silence=silence)


class InlineExecutor(Executor):
    """Computes in this process, at once: `submit` returns when it is done. Torch keeps to one thread meanwhile."""

    _max_workers = 1  # where the standard library's executors say it, too

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(on_one_thread(fn, *args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def on_one_thread(fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """More threads only slow networks of this size down."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return fn(*args, **kwargs)
    finally:
        torch.set_num_threads(threads)


def executor_from(configuration: Configuration) -> Executor:
    """The executor that the configuration names: worker processes here, or a Dask cluster by its scheduler's address.

    A cluster's machines need this package and, for tables, the data folder. Raises ConfigurationError where Dask is not installed.
    """
    if configuration.cluster is None:
        return make_executor(configuration.workers, configuration.worker_silence)
    try:
        client = import_module("distributed").Client(configuration.cluster)
    except ImportError as error:
        raise ConfigurationError("TANDEM_CLUSTER needs Dask: pip install distributed") from error
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"TANDEM_CLUSTER: no scheduler answers at {configuration.cluster}: {error}") from error
    executor: Executor = client.get_executor(pure=False)
    return executor


class Pool:
    """An executor that is made when it is needed, and anew when it breaks as a whole, as one of a cluster may."""

    def __init__(self, make: Callable[[], Executor], slots: int) -> None:
        """`slots`: how many segments are given to it at a time."""
        self.slots = slots
        self._make: Callable[[], Executor] | None = make
        self._executor: Executor | None = None
        self._breaks: list[float] = []

    @classmethod
    def around(cls, executor: Executor) -> Pool:
        """A pool of a caller's executor, which stays the caller's: it is neither ended nor made anew."""
        pool = cls(lambda: executor, getattr(executor, "_max_workers", None) or cores())
        pool._executor, pool._make = executor, None
        return pool

    def warm(self) -> None:
        """Starts the workers, so that the first segment finds them ready."""
        if self._make is not None:
            for _ in range(self.slots):
                self.submit(worker.warm_up)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As `Executor.submit`. Raises BrokenExecutor."""
        if self._executor is None:
            assert self._make is not None
            self._executor = self._make()
        return self._executor.submit(fn, *args, **kwargs)

    def renew(self) -> None:
        """Drops the executor that broke; the next segment makes another. Raises BrokenExecutor when that does not help."""
        now = time.monotonic()
        self._breaks = [moment for moment in self._breaks if now - moment < BREAKS_WITHIN_SECONDS] + [now]
        if self._make is None or len(self._breaks) > MOST_BREAKS:
            raise BrokenExecutor(f"the workers died, {len(self._breaks)} times within {BREAKS_WITHIN_SECONDS:g} seconds")
        self.end()

    def trouble(self) -> str:
        """What is to be said of the workers; empty when all is well."""
        return self._executor.trouble() if isinstance(self._executor, Workers) else ""

    def end(self) -> None:
        """Ends the workers now, whatever they are at, and waits for none of them."""
        if self._make is None or self._executor is None:
            return
        executor, self._executor = self._executor, None
        if isinstance(executor, Workers):
            executor.kill_workers()
        else:
            executor.shutdown(wait=False)
