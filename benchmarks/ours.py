"""The same work by `core.compare`. Nothing is stored, so that every repetition trains."""

from __future__ import annotations

from concurrent.futures import Executor

import core
from benchmarks.work import Work

NEVER = 10_000_000
"""More updates than a run has, so that it is measured only at its start and at its end."""


def measured(work: Work, executor: Executor | None = None) -> list[float]:
    """Trains with all measurements after each epoch; in this process, or on the executor's workers."""
    return _train(work.comparison(), executor)


def unmeasured(work: Work, executor: Executor | None = None) -> list[float]:
    """Trains with measurements only at the start and at the end."""
    return _train(work.comparison(evaluate_every=NEVER), executor)


def _train(comparison: core.Comparison, executor: Executor | None) -> list[float]:
    history = core.compare(comparison, store=None, executor=executor, progress=False).history
    last = history[history["status"] != "running"]
    return [float(accuracy) for accuracy in last["train_accuracy"]]
