"""Measures contestants side by side: they take turns, so that a busy machine slows all of them, and are compared within a repetition."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

Contestant = Callable[[], Sequence[float]]
"""Does the work once and returns a score of every run, such as its accuracy."""

Clock = Callable[[], float]
"""Returns seconds. For work within this process use `time.process_time`, which other load changes only through the caches."""


@dataclass(frozen=True)
class Timing:
    """The times of one contestant: seconds of each repetition, and the scores of its last."""

    seconds: list[float]
    scores: list[float]


def race(contestants: Mapping[str, Contestant], repetitions: int, clock: Clock = time.perf_counter) -> dict[str, Timing]:
    """Runs every contestant once for warm-up, then `repetitions` times in turns; each repetition begins with another contestant."""
    names = list(contestants)
    scores = {name: list(contestants[name]()) for name in names}
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for repetition in range(repetitions):
        first = repetition % len(names)
        for name in names[first:] + names[:first]:
            taken, scores[name] = _timed(contestants[name], clock)
            seconds[name].append(taken)
    return {name: Timing(seconds[name], scores[name]) for name in names}


def speedup(timing: Timing, reference: Timing) -> float:
    """Returns the speedup over the reference: the median over the repetitions of the ratio within one repetition."""
    return median(other / own for own, other in zip(timing.seconds, reference.seconds, strict=True))


def _timed(contestant: Contestant, clock: Clock) -> tuple[float, list[float]]:
    gc.collect()
    begun = clock()
    scores = list(contestant())
    return clock() - begun, scores
