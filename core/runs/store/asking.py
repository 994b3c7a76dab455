"""What the dashboard writes: comparisons and requests. The runner writes the results (`core.runs.store.ledger`)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Connection, delete, exists, insert, select, update

from core.choices.words.texts import as_name, shown, without_odd_signs
from core.comparison import Comparison
from core.data.sets import Table
from core.data.tables import name_of
from core.runs.store.database import put, write_number
from core.runs.store.schema import comparison_runs, comparisons, requests, runs, stack_runs, stacks
from core.settings import ENGINE_VERSION, RunSettings, SettingsError

Action = Literal["run", "pause", "resume", "step", "cancel"]
ACTIONS: tuple[str, ...] = get_args(Action)
NAME_LENGTH = 80


class UnknownComparisonError(LookupError):
    """There is no comparison with that id in the store."""


@dataclass(frozen=True)
class Deleted:
    """What a deletion removed: the comparison, and the runs that no other comparison uses."""

    comparison: str
    runs: tuple[str, ...]


def register(connection: Connection, comparison: Comparison, name: str = "") -> None:
    """Stores the comparison and its runs, unless they are there. A given name replaces the stored one."""
    row = {"id": comparison.id, "name": name or default_name(comparison), "spec": comparison.to_json()}
    register_members(connection, row, comparison.members)
    if name:
        rename(connection, comparison.id, name)


def register_members(connection: Connection, comparison: dict[str, str], members: Sequence[tuple[str, RunSettings]]) -> None:
    """Stores the row of a comparison (id, name, spec) and its members (variant, run), unless they are there."""
    now, number = time.time(), write_number(connection)
    row = comparison | {"note": "", "state": "queued", "stepping": False, "created": now, "message": "", "written": number}
    put(connection, comparisons, [row], ["id"], replace=False)
    put(connection, runs, [_run_row(run, now, number) for _, run in members], ["key"], replace=False)
    keys = [run.key for _, run in members]
    ids = dict(connection.execute(select(runs.c.key, runs.c.id).where(runs.c.key.in_(keys))).all())
    rows = [
        {"comparison_id": comparison["id"], "position": place, "variant": variant, "seed": run.seed, "run_id": ids[run.key]}
        for place, (variant, run) in enumerate(members)
    ]
    put(connection, comparison_runs, rows, ["comparison_id", "position"], replace=False)


def _run_row(run: RunSettings, now: float, number: int) -> dict[str, Any]:
    settings = {"key": run.key, "settings": run.model_dump_json(), "epochs": run.training.epochs, "engine_version": ENGINE_VERSION}
    begun = {"status": "queued", "epoch": 0.0, "step": 0, "samples": 0, "seconds": 0.0, "worker_seconds": 0.0, "revision": 0}
    return settings | begun | {"created": now, "updated": now, "written": number}


def default_name(comparison: Comparison) -> str:
    """`digits: sgd, adam`: the data and the variants' names, shortened if there are many; separated by semicolons if names contain commas.

    A table is called by the name of its file.
    """
    data = comparison.base.data
    called = without_odd_signs(name_of(data.sha256) or Path(data.path).name) if isinstance(data, Table) else ""
    between = "; " if any("," in variant for variant in comparison.names) else ", "
    name = f"{called or data.kind}: {between.join(comparison.names)}"
    return name if len(name) <= NAME_LENGTH else name[: NAME_LENGTH - 1].rstrip(",; ") + "…"


def ask(connection: Connection, comparison_id: str, action: str) -> None:
    """Leaves a request for the runner. Raises UnknownComparisonError, or ValueError for an unknown action."""
    if action not in ACTIONS:
        raise ValueError(f"action {action!r}: one of {', '.join(ACTIONS)}")
    state = _state(connection, comparison_id)
    if action == "run" and state not in ("running", "paused"):
        changed = {"state": "queued", "message": "", "finished": None, "written": write_number(connection)}
        connection.execute(update(comparisons).where(comparisons.c.id == comparison_id).values(**changed))
    connection.execute(insert(requests).values(comparison_id=comparison_id, action=action, created=time.time()))


def _state(connection: Connection, comparison_id: str) -> str:
    state = connection.scalar(select(comparisons.c.state).where(comparisons.c.id == comparison_id))
    if state is None:
        raise UnknownComparisonError(f"no comparison {comparison_id!r} in the store")
    return state


def rename(connection: Connection, comparison_id: str, name: str) -> None:
    """Renames a comparison. Raises UnknownComparisonError, or SettingsError for characters that no name may have."""
    try:
        _change(connection, comparison_id, name=as_name(name))
    except ValueError as error:
        raise SettingsError(f"name: {shown(name)}: {error}") from error


def annotate(connection: Connection, comparison_id: str, note: str) -> None:
    """Replaces the note of a comparison. Raises UnknownComparisonError."""
    _change(connection, comparison_id, note=note)


def _change(connection: Connection, comparison_id: str, **values: str) -> None:
    _state(connection, comparison_id)
    number = write_number(connection)
    connection.execute(update(comparisons).where(comparisons.c.id == comparison_id).values(**values, written=number))


def removable(connection: Connection, comparison_id: str) -> Deleted:
    """What `remove` would delete. Raises UnknownComparisonError."""
    _state(connection, comparison_id)
    return Deleted(comparison_id, tuple(connection.scalars(select(runs.c.key).where(_only_of(comparison_id)).order_by(runs.c.id))))


def remove(connection: Connection, comparison_id: str) -> Deleted:
    """Deletes a comparison in any state, with the runs that only it uses. Raises UnknownComparisonError.

    A runner that trains these runs finds their stack gone, and drops its results.
    """
    deleted = removable(connection, comparison_id)
    connection.execute(delete(runs).where(_only_of(comparison_id)))
    connection.execute(delete(comparisons).where(comparisons.c.id == comparison_id))
    connection.execute(delete(stacks).where(~exists().where(stack_runs.c.stack_id == stacks.c.id)))
    return deleted


def _only_of(comparison_id: str) -> ColumnElement[bool]:
    mine = select(comparison_runs.c.run_id).where(comparison_runs.c.comparison_id == comparison_id)
    others = select(comparison_runs.c.run_id).where(comparison_runs.c.comparison_id != comparison_id)
    return runs.c.id.in_(mine) & runs.c.id.not_in(others)
