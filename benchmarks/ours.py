"""The same work by `core.compare`. Nothing is stored, so that every repetition trains."""

from __future__ import annotations

from concurrent.futures import Executor

import core
from benchmarks.work import Work

NEVER = 10_000_000
"""More updates than a run has: it is then measured at its start and at its end, and not between."""


def measured(work: Work, executor: Executor | None = None) -> list[float]:
    """With everything that is measured after each epoch; in this process, or on the executor's workers."""
    return _train(work.comparison(), executor)


def unmeasured(work: Work, executor: Executor | None = None) -> list[float]:
    """Measured at the start and at the end alone."""
    return _train(work.comparison(evaluate_every=NEVER), executor)


def _train(comparison: core.Comparison, executor: Executor | None) -> list[float]:
    history = core.compare(comparison, store=None, executor=executor, progress=False).history
    last = history[history["status"] != "running"]
    return [float(accuracy) for accuracy in last["train_accuracy"]]
