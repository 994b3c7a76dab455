"""Short texts about a comparison's progress."""

from __future__ import annotations

import math
from contextlib import suppress
from datetime import datetime

from core.data.examples import DataError
from core.engine.planning import measured_examples
from core.runs.estimate import Estimate, estimate
from core.runs.store import Progress
from core.settings import RunSettings
from core.ui import service
from core.ui.results.live import Results

DIVERGED = (
    "Runs whose loss or weights are no longer finite, or that ended with a loss above 1,000 times that of a constant "
    "prediction. They are left out of all means."
)
"""The definition of diverged runs, as in `core.engine.training.divergence`."""


def sample(results: Results) -> str:
    """The number of training examples on which the training metrics are measured: "1,000 examples"; empty if all are used."""
    said = {_sample(run) for run in results.comparison.runs()} - {"none"}
    return "" if said <= {""} else " or ".join(sorted(text or "all" for text in said))


def _sample(run: RunSettings) -> str:
    size = measured_examples(run)
    if not size:
        return "none" if size == 0 else ""
    if run.data.parts is None:
        return f"at most {count(size, 'example')}"
    return "" if size >= run.data.parts.train else count(size, "example")


def standing(results: Results) -> str:
    """`25 runs · epoch 18 of 20 · 2 diverged · 4 s left` while it runs; before, the estimated cost; after, that all runs are stored."""
    progress = results.progress
    if progress.active or progress.state == "paused":
        return " · ".join(filter(None, [_state(progress), _epochs(results), diverged(progress), _left(progress)]))
    if results.recorded:
        day = datetime.fromtimestamp(results.recorded)  # noqa: DTZ006 (the user's own day)
        said = f"Results recorded on {day.day} {day:%B %Y}; Run trains these networks here"
        with suppress(DataError):
            said += f" in about {duration(_cost(results).seconds)}"
        return said
    if results.missing == 0:
        return " · ".join(filter(None, [f"All {count(progress.runs, 'run')} stored", diverged(progress)]))
    return " · ".join(filter(None, [_planned(results), diverged(progress)]))


def count(number: int, noun: str) -> str:
    """`1 run`, `25 runs`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def duration(seconds: float) -> str:
    """`4 s`, `2 min`, `1.5 h`: rounded up, because it is an estimate."""
    if seconds < 90:
        return f"{max(math.ceil(seconds), 1)} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def diverged(progress: Progress) -> str:
    """`2 diverged`, or an empty text."""
    return f"{progress.runs_diverged:,} diverged" if progress.runs_diverged else ""


def _state(progress: Progress) -> str:
    asked = {"run": "starting", "resume": "resuming", "pause": "pausing", "step": "one more epoch", "cancel": "cancelling"}
    said = asked.get(progress.pending or "", {"queued": "waiting its turn", "paused": "paused"}.get(progress.state, ""))
    runs = count(progress.runs, "run")
    return f"{runs}, {said}" if said else runs


def _epochs(results: Results) -> str:
    """The mean epoch if all runs have equally many epochs, else the epochs of all runs together. Teachers' epochs are not counted."""
    progress = results.progress
    if not progress.epochs_done and any(run.teachers for run in results.comparison.runs()):
        return "teachers are trained first"
    lengths = {run.training.epochs for run in results.comparison.runs()}
    if len(lengths) == 1 and progress.runs:
        return f"epoch {int(progress.epochs_done / progress.runs):,} of {lengths.pop():,}"
    return f"{progress.epochs_done:,.0f} of {progress.epochs_total:,} epochs"


def _left(progress: Progress) -> str:
    return f"{duration(progress.seconds_left)} left" if progress.seconds_left is not None else ""


def _cost(results: Results) -> Estimate:
    return results.once("estimate", lambda: estimate(results.comparison, service.store()))


def _planned(results: Results) -> str:
    """`25 runs, 5 stored, about 4 s`; after a cancel, the reached epoch; without the time if the data cannot be read."""
    progress = results.progress
    runs = count(progress.runs, "run")
    try:
        cost = _cost(results)
    except DataError:
        return runs
    begun = progress.epochs_done - (progress.epochs_total - cost.epochs)  # epochs of runs that are not completely stored
    if begun > 0:
        left = duration(cost.seconds * (1 - begun / cost.epochs))
        return f"{runs} · stopped at {_epochs(results)} · Run continues from there, about {left}"
    stored = f"{progress.runs_done:,} stored" if progress.runs_done else "none stored yet"
    return f"{runs}, {stored}, about {duration(cost.seconds)} to train"
