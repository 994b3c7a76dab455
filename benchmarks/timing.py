"""Times contestants side by side: interleaved, so that a busy machine slows all of them, and compared within a repetition."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

Contestant = Callable[[], Sequence[float]]
"""Does the work once and returns a score of every run, such as its accuracy."""

Clock = Callable[[], float]
"""Seconds. `time.process_time` for work within this process, which then counts the same on a busy machine but for its caches."""


@dataclass(frozen=True)
class Timing:
    """What was seen of one contestant: seconds of each repetition, and the scores of its last."""

    seconds: list[float]
    scores: list[float]


def race(contestants: Mapping[str, Contestant], repetitions: int, clock: Clock = time.perf_counter) -> dict[str, Timing]:
    """Runs every contestant once to warm up, untimed, then `repetitions` times in turns, each repetition beginning with another."""
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
    """How many times as fast as the reference: the median over the repetitions of the ratio within one."""
    return median(other / own for own, other in zip(timing.seconds, reference.seconds, strict=True))


def _timed(contestant: Contestant, clock: Clock) -> tuple[float, list[float]]:
    gc.collect()
    begun = clock()
    scores = list(contestant())
    return clock() - begun, scores
