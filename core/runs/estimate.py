"""Estimates how long a comparison will take, from the stored runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from sqlalchemy import select

from core.comparison import Comparison
from core.engine.planning import plan, signature
from core.engine.sizes import epoch, multiply_adds
from core.runs.configuration import cores
from core.runs.store import Store
from core.runs.store.frames import ENDED
from core.runs.store.schema import runs
from core.settings import RunSettings, teachers_of

# A worker's seconds for an update of one run in a stack, including evaluations, measured on one core of a server of 2024.
SECONDS_PER_UPDATE_OF_A_STACK = 4e-4
SECONDS_PER_UPDATE = 3e-5
SECONDS_PER_MULTIPLY_ADD = 1.5e-10  # of the forward pass; the backward pass and evaluations are included

LOOKED_AT = 100
"""The most stored runs (the latest) from which this machine's speed is estimated."""
USUAL_STACK = 12
"""Assumed size of the stack in which a stored run was trained."""
MOST_CORRECTION = 10.0


@dataclass(frozen=True)
class Estimate:
    """The cost of a comparison now."""

    runs_total: int
    runs_stored: int  # these are not trained again
    epochs: int  # of the missing runs, summed
    seconds: float  # wall time if nothing else is running


def estimate(comparison: Comparison, store: Store, workers: int | None = None) -> Estimate:
    """Expected cost of the runs of a comparison that the store lacks, with `workers` workers (None: all cores).

    Before any run is stored, it is the cost on the machine named above; later it is corrected by the times of stored runs with the same
    shapes, or else of all stored runs. Raises DataError if a table must be read to tell, but cannot be read.
    """
    workers = workers or cores()
    wanted = comparison.runs()
    stored = _stored(store, [run.key for run in wanted])
    missing = [run for run in wanted if run.key not in stored]
    correction = _Correction(store)
    stacks = [_seconds_of_all(stack) * correction.of(stack[0]) for stack in plan(missing, workers)]
    seconds = max(max(stacks), sum(stacks) / workers) if stacks else 0.0
    return Estimate(len(wanted), len(stored), sum(run.training.epochs for run in missing), seconds)


def _stored(store: Store, keys: Sequence[str]) -> set[str]:
    with store.database.reading() as connection:
        return set(connection.scalars(select(runs.c.key).where(runs.c.key.in_(keys), runs.c.status.in_(ENDED))))


def _seconds_of_all(stack: Sequence[RunSettings]) -> float:
    """A worker's seconds for a stack, including its teachers."""
    teachers = plan(teachers_of(stack))
    return sum(_seconds(run, len(together)) for together in (stack, *teachers) for run in together)


def _seconds(run: RunSettings, stack: int, updates: float | None = None) -> float:
    """A worker's seconds for a run in a stack of `stack` runs."""
    each = epoch(run)
    if updates is None:
        updates = run.training.epochs * each.updates
    together = 1 if run.optimizer.closure else stack  # an optimizer that evaluates the loss itself does so for each run separately
    one = SECONDS_PER_UPDATE_OF_A_STACK / together + SECONDS_PER_UPDATE + SECONDS_PER_MULTIPLY_ADD * each.batch * multiply_adds(run)
    return updates * run.optimizer.evaluations * one


class _Correction:
    """The ratio of the measured to the expected times of stored runs."""

    def __init__(self, store: Store) -> None:
        self.by_signature: dict[str, list[float]] = {}
        latest = select(runs.c.settings, runs.c.step, runs.c.worker_seconds).where(
            runs.c.status.in_(ENDED), runs.c.worker_seconds > 0, runs.c.step > 0
        )
        with store.database.reading() as connection:
            rows = connection.execute(latest.order_by(runs.c.updated.desc()).limit(LOOKED_AT)).all()
        for settings, updates, seconds in rows:
            run = _readable(settings)
            if run is not None:
                self.by_signature.setdefault(signature(run), []).append(seconds / _seconds(run, USUAL_STACK, updates))

    def of(self, run: RunSettings) -> float:
        """A factor; 1 if nothing is known."""
        ratios = self.by_signature.get(signature(run)) or [ratio for part in self.by_signature.values() for ratio in part]
        return min(max(median(ratios), 1 / MOST_CORRECTION), MOST_CORRECTION) if ratios else 1.0


def _readable(settings: str) -> RunSettings | None:
    """Stored settings with data whose size is known without reading them; None for others."""
    try:
        run = RunSettings.model_validate_json(settings)
    except ValueError:  # settings of another version
        return None
    return run if run.data.parts is not None and run.data.dimensions is not None else None
