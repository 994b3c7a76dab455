"""The other work of the runner: experiments that are running or were requested before."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, or_, select

from core.runs.store import Store
from core.runs.store.schema import comparisons, labs

PENDING = ("queued", "running")


def others(store: Store, comparison_ids: Sequence[str], lab_keys: Sequence[str]) -> int:
    """The number of other experiments that share the runner with these, or come before them.

    Comparisons take turns, so every other one that is queued or running counts. Labs are computed one by one in the order of their
    requests, so those requested before the last of these count, and all of them if none of these is a lab.
    """
    with store.database.reading() as connection:
        asked = select(func.max(labs.c.asked)).where(labs.c.key.in_(lab_keys), labs.c.state.in_(PENDING))
        latest = connection.scalar(asked)
        before: list[ColumnElement[bool]] = [] if latest is None else [or_(labs.c.asked < latest, labs.c.state == "running")]
        computed = select(func.count()).where(labs.c.state.in_(PENDING), labs.c.key.not_in(lab_keys), *before)
        trained = select(func.count()).where(comparisons.c.state.in_(PENDING), comparisons.c.id.not_in(comparison_ids))
        return int(connection.scalar(computed) or 0) + int(connection.scalar(trained) or 0)
