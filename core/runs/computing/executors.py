"""Where segments are computed: executors with the standard library's interface, and the runner's pool around one."""

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
"""Slow imports of a worker: done once, by the server from which workers are forked, and shared in memory."""

MOST_BREAKS = 10
BREAKS_WITHIN_SECONDS = 10.0


def make_executor(workers: int, silence: float = SILENCE_SECONDS) -> Workers:
    """Worker processes with one torch thread each, which end with this process, however it ends.

    A worker that uses no processor time for `silence` seconds while it computes counts as lost, and is replaced.

    They import the main script, as all of Python's worker processes do, so a script calls this under `if __name__ == "__main__":`.
    """
    context: Any
    if sys.platform == "win32":
        context = multiprocessing.get_context("spawn")
    else:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(list(PRELOADED))
    return Workers(workers, context, worker.start, silence=silence)


class InlineExecutor(Executor):
    """Computes at once in this process: `submit` returns when the task is done. torch uses one thread meanwhile."""

    _max_workers = 1  # an attribute that the standard library's executors also have

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(on_one_thread(fn, *args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def on_one_thread(fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Calls `fn` with one torch thread, because more threads only slow down networks of this size."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return fn(*args, **kwargs)
    finally:
        torch.set_num_threads(threads)


def executor_from(configuration: Configuration) -> Executor:
    """The executor that the configuration names: worker processes here, or a Dask cluster by its scheduler's address.

    The cluster's machines need this package and, for tables, the data folder. Raises ConfigurationError if Dask is not installed.
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
    """An executor that is made when it is needed, and made again if it breaks as a whole, as a cluster's may."""

    def __init__(self, make: Callable[[], Executor], slots: int) -> None:
        """`slots`: the number of segments that it gets at a time."""
        self.slots = slots
        self._make: Callable[[], Executor] | None = make
        self._executor: Executor | None = None
        self._breaks: list[float] = []

    @classmethod
    def around(cls, executor: Executor) -> Pool:
        """A pool around a caller's executor, which the pool neither ends nor makes again."""
        pool = cls(lambda: executor, getattr(executor, "_max_workers", None) or cores())
        pool._executor, pool._make = executor, None
        return pool

    def warm(self) -> None:
        """Starts the workers, so that they are ready for the first segment."""
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
        """Drops the broken executor; the next segment makes a new one. Raises BrokenExecutor if this happens too often."""
        now = time.monotonic()
        self._breaks = [moment for moment in self._breaks if now - moment < BREAKS_WITHIN_SECONDS] + [now]
        if self._make is None or len(self._breaks) > MOST_BREAKS:
            raise BrokenExecutor(f"the workers died, {len(self._breaks)} times within {BREAKS_WITHIN_SECONDS:g} seconds")
        self.end()

    def trouble(self) -> str:
        """A message about the workers; empty if all is well."""
        return self._executor.trouble() if isinstance(self._executor, Workers) else ""

    def end(self) -> None:
        """Ends the workers now, whatever they do, without waiting for them."""
        if self._make is None or self._executor is None:
            return
        executor, self._executor = self._executor, None
        if isinstance(executor, Workers):
            executor.kill_workers()
        else:
            executor.shutdown(wait=False)
