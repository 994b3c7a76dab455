"""What the runner writes: the comparisons being trained, their stacks, and the results. Each function is part of one transaction.

A comparison is *live* while it is queued, running or paused. A stack belongs to no comparison: it is trained as long as a live comparison
lacks one of its runs.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, select, update

from core.engine.planning import plan
from core.engine.segments import SegmentResult
from core.runs.store.asking import Action
from core.runs.store.database import write_number
from core.runs.store.frames import ENDED
from core.runs.store.recording import record, take_back
from core.runs.store.schema import comparison_runs, comparisons, history, requests, runs, stack_runs, stacks
from core.settings import ENGINE_VERSION, RunSettings

LIVE = ("queued", "running", "paused")


@dataclass(frozen=True)
class Request:
    """A request, and the comparison's state before it was handled."""

    comparison: str
    action: Action
    before: str


@dataclass(frozen=True)
class StoredStack:
    """A stack as it was last written."""

    id: int
    runs: tuple[RunSettings, ...]
    unfinished: frozenset[str]
    state: bytes | None
    epoch: int


@dataclass(frozen=True)
class Opened:
    """The runs that a comparison lacks, and the stacks that will train them."""

    paused: bool
    wanted: frozenset[str]
    stacks: tuple[StoredStack, ...]


class OutdatedError(RuntimeError):
    """The comparison's runs were made by another version of the engine."""


def take_request(connection: Connection) -> Request | None:
    """The oldest waiting request, after its effect on the comparison's state was stored and the request was removed. None if there is
    none.
    """
    request = connection.execute(select(requests).order_by(requests.c.id).limit(1)).one_or_none()
    if request is None:
        return None
    before = connection.scalars(select(comparisons.c.state).where(comparisons.c.id == request.comparison_id)).one()
    _follow(connection, request.comparison_id, request.action, before)
    connection.execute(delete(requests).where(requests.c.id == request.id))
    return Request(request.comparison_id, request.action, before)


def _follow(connection: Connection, comparison_id: str, action: Action, before: str) -> None:
    if action in ("run", "resume"):
        set_state(connection, comparison_id, "running")
    elif action == "step":
        set_state(connection, comparison_id, "paused", stepping=True)
    elif action == "pause" and before in LIVE:
        set_state(connection, comparison_id, "paused")
    elif action == "cancel" and before in LIVE:
        end(connection, comparison_id, "cancelled")


def set_state(connection: Connection, comparison_id: str, state: str, *, stepping: bool = False, message: str = "") -> None:
    """Stores the state of a comparison, and when it ended."""
    values = {"state": state, "stepping": stepping, "message": message, "finished": None if state in LIVE else time.time()}
    number = write_number(connection)
    connection.execute(update(comparisons).where(comparisons.c.id == comparison_id).values(**values, written=number))


def unfinished_business(connection: Connection) -> list[str]:
    """The comparisons that an earlier runner left running or paused, oldest first. An unfinished step is forgotten."""
    connection.execute(update(comparisons).where(comparisons.c.stepping).values(stepping=False))
    left = select(comparisons.c.id).where(comparisons.c.state.in_(("running", "paused")))
    return list(connection.scalars(left.order_by(comparisons.c.created, comparisons.c.id)))


def open_comparison(connection: Connection, comparison_id: str, workers: int) -> Opened:
    """Finds the stacks of the runs that the comparison lacks, and makes missing ones. A comparison that lacks nothing is finished.

    Existing stacks stay as planned, whatever the number of workers is now, unless they would train runs that nobody needs; their runs then
    begin again in other stacks. Raises OutdatedError.
    """
    paused = connection.scalar(select(comparisons.c.state).where(comparisons.c.id == comparison_id)) == "paused"
    missing = _missing(connection, comparison_id)
    if not missing:
        set_state(connection, comparison_id, "finished")
        return Opened(paused, frozenset(), ())
    kept = _stacks_to_keep(connection, comparison_id, missing)
    _revive(connection, [stack.id for stack in kept])
    stacked = {key for stack in kept for key in stack.unfinished}
    rest = {key: run_id for key, (run_id, _) in missing.items() if key not in stacked}
    take_back(connection, list(rest.values()))
    made = [_make_stack(connection, planned, rest) for planned in plan([missing[key][1] for key in rest], workers)]
    return Opened(paused, frozenset(missing), (*kept, *made))


def _unfinished(*columns: Any) -> Select[Any]:
    """The rows of runs that have not ended, joined with comparisons and members."""
    joined = comparisons.join(comparison_runs).join(runs)
    return select(*columns).select_from(joined).where(runs.c.status.not_in(ENDED))


def _missing(connection: Connection, comparison_id: str) -> dict[str, tuple[int, RunSettings]]:
    """Key -> id and settings of the comparison's runs that have not ended."""
    statement = _unfinished(runs.c.key, runs.c.id, runs.c.settings, runs.c.engine_version).where(comparisons.c.id == comparison_id)
    rows = connection.execute(statement.order_by(comparison_runs.c.position)).all()
    if any(row.engine_version != ENGINE_VERSION for row in rows):
        raise OutdatedError("its runs were planned by another version of Tandem; compare again to train them")
    return {row.key: (row.id, RunSettings.model_validate_json(row.settings)) for row in rows}


def _stacks_to_keep(connection: Connection, comparison_id: str, missing: Iterable[str]) -> list[StoredStack]:
    """The stacks of the missing runs; stacks that should begin again are deleted."""
    wanted, wanted_elsewhere = set(missing), _wanted_elsewhere(connection, comparison_id)
    kept = []
    for stack in _stacks_of(connection, comparison_id):
        shared = not wanted_elsewhere.isdisjoint(stack.unfinished)
        if shared or stack.unfinished <= wanted:  # begun or not, because its size affects the last bits of its runs' results
            kept.append(stack)
        else:
            connection.execute(delete(stacks).where(stacks.c.id == stack.id))
    return kept


def _wanted_elsewhere(connection: Connection, comparison_id: str) -> set[str]:
    """The unfinished runs of all other live comparisons."""
    return set(connection.scalars(_unfinished(runs.c.key).where(comparisons.c.id != comparison_id, comparisons.c.state.in_(LIVE))))


def _stacks_of(connection: Connection, comparison_id: str) -> list[StoredStack]:
    """The stacks that contain an unfinished run of the comparison."""
    mine = _unfinished(runs.c.id).where(comparisons.c.id == comparison_id)
    held = select(stack_runs.c.stack_id).where(stack_runs.c.run_id.in_(mine))
    rows = connection.execute(select(stacks).where(stacks.c.id.in_(held)).order_by(stacks.c.id)).all()
    return [_with_runs(connection, row.id, row.state, row.epoch) for row in rows]


def _with_runs(connection: Connection, stack_id: int, state: bytes | None, epoch: int) -> StoredStack:
    joined = select(runs.c.key, runs.c.settings, runs.c.status).join(stack_runs, stack_runs.c.run_id == runs.c.id)
    rows = connection.execute(joined.where(stack_runs.c.stack_id == stack_id).order_by(stack_runs.c.position)).all()
    settings = tuple(RunSettings.model_validate_json(row.settings) for row in rows)
    return StoredStack(stack_id, settings, frozenset(row.key for row in rows if row.status not in ENDED), state, epoch)


def _make_stack(connection: Connection, planned: Sequence[RunSettings], ids: dict[str, int]) -> StoredStack:
    epochs = max(run.training.epochs for run in planned)
    stack_id = connection.execute(insert(stacks).values(epochs=epochs, epoch=0)).inserted_primary_key[0]  # type: ignore[index]
    rows = [{"stack_id": stack_id, "position": place, "run_id": ids[run.key]} for place, run in enumerate(planned)]
    connection.execute(insert(stack_runs), rows)
    return StoredStack(stack_id, tuple(planned), frozenset(run.key for run in planned), None, 0)


def end(connection: Connection, comparison_id: str, state: str, message: str = "") -> None:
    """Ends a comparison early, as `cancelled` or `failed`. Its runs that no other live comparison needs are cancelled.

    A stack that another comparison needs continues as a whole. The states of the other stacks are kept, so that a later run continues from
    there.
    """
    set_state(connection, comparison_id, state, message=message)
    wanted_elsewhere = _wanted_elsewhere(connection, comparison_id)
    going_on = [stack for stack in _stacks_of(connection, comparison_id) if not wanted_elsewhere.isdisjoint(stack.unfinished)]
    kept = wanted_elsewhere.union(*(stack.unfinished for stack in going_on))
    mine = connection.execute(_unfinished(runs.c.key, runs.c.id).where(comparisons.c.id == comparison_id)).all()
    set_status(connection, [row.id for row in mine if row.key not in kept], "cancelled")


def set_status(connection: Connection, run_ids: Sequence[int], status: str) -> None:
    """Sets the status of runs, and of the last row in each one's history."""
    number = write_number(connection)
    connection.execute(update(runs).where(runs.c.id.in_(run_ids)).values(status=status, updated=time.time(), written=number))
    last = select(func.max(history.c.step)).where(history.c.run_id == runs.c.id).scalar_subquery()
    reached = connection.execute(select(runs.c.id, last.label("step")).where(runs.c.id.in_(run_ids))).all()
    for run_id, step in reached:
        row = (history.c.run_id == run_id) & (history.c.step == step)
        connection.execute(update(history).where(row).values(status=status, written=number))


def _revive(connection: Connection, stack_ids: Sequence[int]) -> None:
    """Sets cancelled runs that continue now to running."""
    joined = select(runs.c.id).join(stack_runs, stack_runs.c.run_id == runs.c.id)
    cancelled = connection.scalars(joined.where(stack_runs.c.stack_id.in_(stack_ids), runs.c.status == "cancelled")).all()
    if cancelled:
        set_status(connection, cancelled, "running")


def apply(connection: Connection, stack_id: int, result: SegmentResult) -> bool:
    """Stores the result of a segment: its records, the stack's new state, and the comparisons that it finishes.

    Returns False and writes nothing if the stack is gone, because its comparison was deleted or began again.
    """
    former = connection.execute(select(stacks.c.epoch).where(stacks.c.id == stack_id)).one_or_none()
    if former is None:
        return False
    joined = select(runs.c.key, runs.c.id).join(stack_runs, stack_runs.c.run_id == runs.c.id).where(stack_runs.c.stack_id == stack_id)
    ids = dict(connection.execute(joined).all())
    record(connection, ids, result.records, result.seconds)
    if result.state is None:
        connection.execute(delete(stacks).where(stacks.c.id == stack_id))
    else:
        pace = result.seconds / max(1, result.epoch - former.epoch)
        connection.execute(update(stacks).where(stacks.c.id == stack_id).values(state=result.state, epoch=result.epoch, pace=pace))
    _finish(connection, [ids[row["run"]] for row in result.records.ended if row["run"] in ids])
    return True


def _finish(connection: Connection, run_ids: Sequence[int]) -> None:
    """Finishes the live comparisons that lack no run any more, now that these runs have ended."""
    concerned = select(comparison_runs.c.comparison_id).where(comparison_runs.c.run_id.in_(run_ids))
    lacking = _unfinished(comparisons.c.id)
    done = select(comparisons.c.id).where(comparisons.c.id.in_(concerned), comparisons.c.state.in_(LIVE), comparisons.c.id.not_in(lacking))
    for comparison_id in connection.scalars(done).all() if run_ids else ():
        set_state(connection, comparison_id, "finished")


def stepped(connection: Connection, comparison_id: str) -> None:
    """Stores that the epoch of a step is done."""
    number = write_number(connection)
    connection.execute(update(comparisons).where(comparisons.c.id == comparison_id).values(stepping=False, written=number))


def dependants(connection: Connection, stack_id: int) -> list[str]:
    """The live comparisons that lack a run of this stack."""
    held = select(stack_runs.c.run_id).where(stack_runs.c.stack_id == stack_id)
    lacking = _unfinished(comparisons.c.id).where(comparisons.c.state.in_(LIVE), runs.c.id.in_(held))
    return list(connection.scalars(lacking.distinct()))
