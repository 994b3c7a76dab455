"""The progress of several comparisons with one request: a list of them needs as many queries as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Row, select

from core.comparison import Comparison
from core.runs.store import Store
from core.runs.store.frames import ENDED
from core.runs.store.schema import comparisons, requests, runs


class Standing(NamedTuple):
    """The progress of a comparison. state: as in `Progress`. pending: whether a request is not handled yet."""

    state: str
    pending: bool
    message: str
    runs: int
    runs_done: int
    epochs_done: float
    epochs_total: int

    @property
    def active(self) -> bool:
        """Whether it will change without a new request."""
        return self.pending or self.state in ("queued", "running")


def standings(store: Store, wanted: Sequence[Comparison]) -> dict[str, Standing]:
    """The progress by the comparisons' ids. For a `new` one, which was never requested, the runs that others have stored are counted."""
    with store.database.reading() as connection:
        keys = {run.key for comparison in wanted for run in comparison.runs()}
        known = _runs(connection, keys)
        columns = (comparisons.c.id, comparisons.c.state, comparisons.c.stepping, comparisons.c.message)
        chosen = comparisons.c.id.in_([comparison.id for comparison in wanted])
        asked = {row.id: row for row in connection.execute(select(*columns).where(chosen))}
        pending = set(connection.scalars(select(requests.c.comparison_id).where(requests.c.comparison_id.in_(list(asked)))))
    return {each.id: _standing(each, asked.get(each.id), known, pending=each.id in pending) for each in wanted}


def _runs(connection: Connection, keys: set[str]) -> dict[str, Row]:
    columns = (runs.c.key, runs.c.status, runs.c.epoch, runs.c.epochs)
    return {row.key: row for row in connection.execute(select(*columns).where(runs.c.key.in_(keys)))}


def _standing(comparison: Comparison, asked: Row | None, known: Mapping[str, Row], *, pending: bool) -> Standing:
    every = comparison.runs()
    stored = [known[run.key] for run in every if run.key in known]
    ended = [row.status in ENDED for row in stored]
    done = sum(float(row.epochs if over else row.epoch) for row, over in zip(stored, ended, strict=True))
    state = "new" if asked is None else "running" if asked.stepping else asked.state
    total = sum(run.training.epochs for run in every)
    return Standing(state, pending, "" if asked is None else asked.message, len(every), sum(ended), done, total)
