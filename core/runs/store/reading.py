"""What is read from the store, as data frames and small values."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd
from pandas import DataFrame
from sqlalchemy import Connection, Select, Table, case, false, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from core.engine.records import BEFORE_REWIND, METRIC_COLUMNS
from core.runs.store.frames import ENDED, fetched, with_counts, with_members, with_times
from core.runs.store.lease import Holder, holder
from core.runs.store.members import Members
from core.runs.store.schema import (
    END_COLUMNS,
    HISTORY_VALUES,
    LAST_COLUMNS,
    LAYER_VALUES,
    before_rewind,
    comparison_runs,
    comparisons,
    grids,
    history,
    layers,
    predictions,
    requests,
    runs,
    stack_runs,
    stacks,
)
from core.settings import ENGINE_VERSION, RunSettings


class Cursor(NamedTuple):
    """The position up to which rows have been read."""

    revision: tuple[int, int]  # changes if rows that were read before may be gone; then everything is read again
    written: int


@dataclass(frozen=True)
class Progress:
    """The progress of a comparison. Two values are equal as long as nothing has happened."""

    state: str  # queued, running, paused, cancelled, finished, failed; new: never requested
    runs: int
    runs_done: int  # finished, stopped or diverged
    runs_diverged: int
    epochs_done: float  # over all runs; a run that has ended counts completely
    epochs_total: int
    seconds_left: float | None  # for a running comparison; None before an estimate is possible
    message: str  # why it failed
    pending: str | None  # the action that was requested and is not handled yet
    runner: bool  # whether there is a runner
    trouble: str  # the runner's message about its workers; empty if all is well
    version: int  # changes with every change of the comparison or its runs

    @property
    def active(self) -> bool:
        """Whether it will change without a new request."""
        return self.pending is not None or self.state in ("queued", "running")


def cursor(connection: Connection, members: Members) -> Cursor:
    """The position up to which everything is written. Runs that were deleted and trained again have new ids, which are never reused."""
    taken_back, ids, written = connection.execute(
        select(*(func.coalesce(value, 0) for value in (func.sum(runs.c.revision), func.sum(runs.c.id), func.max(runs.c.written)))).join(
            members.table, runs.c.id == members.table.c.run_id
        )
    ).one()
    return Cursor((int(taken_back), int(ids)), int(written))


def history_rows(connection: Connection, members: Members, since: Cursor | None) -> tuple[DataFrame, Cursor]:
    """The rows of the history contract, ordered by the comparison's runs and by step, with rows from before a rewind first."""
    standing, reached = _evaluations(connection, members, history, since)
    marked, _ = _evaluations(connection, members, before_rewind, since)
    standing, marked = (frame.assign(moment=moment)[[*frame.columns[:-1], "moment", "status"]] for frame, moment in (
        (standing, ""), (marked, BEFORE_REWIND)
    ))  # fmt: skip
    if marked.empty:
        return standing, reached
    return merged(marked, standing, HISTORY_KEY, list(members.frame(connection)["run"])), reached


def _evaluations(connection: Connection, members: Members, table: Table, since: Cursor | None) -> tuple[DataFrame, Cursor]:
    columns = [table.c.step, *(table.c[name] for name in HISTORY_VALUES), table.c.status]
    return _rows(connection, members, table, columns, since)


def layer_rows(connection: Connection, members: Members, since: Cursor | None) -> tuple[DataFrame, Cursor]:
    """The rows of the layers contract with variant, seed and epoch, and with layers from the input on."""
    values = [layers.c[name] for name in LAYER_VALUES if name not in ("low", "high")]
    return _rows(connection, members, layers, [layers.c.step, history.c.epoch, layers.c.layer, *values], since)


def histogram_rows(connection: Connection, members: Members, variant: str | None, seed: int | None) -> DataFrame:
    """The rows of the histograms contract, for one variant or seed or for all."""
    columns = [layers.c.step, history.c.epoch, layers.c.layer, layers.c.low, layers.c.high, layers.c.counts]
    conditions = [members.table.c.variant == variant] if variant is not None else []
    conditions += [members.table.c.seed == seed] if seed is not None else []
    frame, _ = _rows(connection, members, layers, columns, None, *conditions)
    return with_counts(frame)


def grid_rows(connection: Connection, members: Members) -> DataFrame:
    """variant, seed, run, step, epoch, grid: the latest of each run."""
    frame, _ = _rows(connection, members, grids, [grids.c.step, history.c.epoch, grids.c.grid], None)
    return frame


def prediction_rows(connection: Connection, members: Members, variants: Sequence[str] | None) -> DataFrame:
    """variant, seed, run and data (bytes) of the runs that have predictions, for some variants or all."""
    statement = select(members.table.c.position, predictions.c.data).join(predictions, predictions.c.run_id == members.table.c.run_id)
    if variants is not None:
        statement = statement.where(members.table.c.variant.in_(variants))
    frame = fetched(connection, statement.order_by(members.table.c.position))
    return with_members(frame, members.frame(connection))


def _rows(
    connection: Connection, members: Members, table: Table, columns: list[Any], since: Cursor | None, *conditions: ColumnElement[bool]
) -> tuple[DataFrame, Cursor]:
    reached = cursor(connection, members)
    key = [column for column in table.primary_key if column.name != "run_id"]
    if since is not None and since.revision == reached.revision:
        new = table.c.written > since.written if reached.written > since.written else false()
        conditions, key = (*conditions, new), [table.c.written, *key]  # in the order of the index that finds them
    statement: Select[Any] = select(members.table.c.position, *columns).join(table, table.c.run_id == members.table.c.run_id)
    if table is layers or table is grids:
        statement = statement.join(history, (history.c.run_id == table.c.run_id) & (history.c.step == table.c.step))
    frame = fetched(connection, statement.where(*conditions).order_by(members.table.c.position, *key))
    return with_members(frame, members.frame(connection)), reached


def run_rows(connection: Connection, members: Members) -> DataFrame:
    """One row for each run: variant, seed, run, status, its progress, last_*, best_*, test_*, parameters, nonzero."""
    names = ["status", "epochs", "epoch", "step", "samples", "seconds"]
    names += [
        *(f"last_{name}" for name in LAST_COLUMNS),
        *(f"best_{name}" for name in METRIC_COLUMNS),
        *END_COLUMNS,
        "parameters",
        "nonzero",
    ]
    place = members.table.c.position
    statement = select(place, *(runs.c[name] for name in names)).join(runs, runs.c.id == members.table.c.run_id).order_by(place)
    return with_members(fetched(connection, statement), members.frame(connection))


def matching(search: str, state: str | None, without: Collection[str] = ()) -> list[ColumnElement[bool]]:
    """The conditions for comparisons that contain a text, are in a state, and are not in `without`."""
    texts = (comparisons.c.name, comparisons.c.note, comparisons.c.spec, comparisons.c.id)
    conditions = [or_(*(column.icontains(search, autoescape=True) for column in texts))] if search else []
    conditions += [comparisons.c.id.not_in(without)] if without else []
    return [*conditions, comparisons.c.state == state] if state is not None else conditions


def count(connection: Connection, search: str, state: str | None, without: Collection[str] = ()) -> int:
    """The number of matching comparisons."""
    return connection.scalars(select(func.count()).select_from(comparisons).where(*matching(search, state, without))).one()


OUTDATED = (func.min(runs.c.engine_version) != ENGINE_VERSION).label("outdated")


def comparison_rows(
    connection: Connection, search: str, state: str | None, limit: int, offset: int, without: Collection[str] = ()
) -> DataFrame:
    """One row for each comparison, newest first."""
    found = select(comparisons).where(*matching(search, state, without))
    page = found.order_by(comparisons.c.created.desc(), comparisons.c.id).limit(limit).offset(offset).subquery()
    fields = [page.c[name] for name in ("id", "name", "note", "state", "created", "finished", "message", "spec")]
    statement = (
        select(*fields, *_counts(), func.count(comparison_runs.c.variant.distinct()).label("variants"), OUTDATED)
        .join(comparison_runs, comparison_runs.c.comparison_id == page.c.id)
        .join(runs, runs.c.id == comparison_runs.c.run_id)
        .group_by(*fields)
        .order_by(page.c.created.desc(), page.c.id)
    )
    frame = fetched(connection, statement)
    whole = {name: frame[name].astype("int64") for name in ("runs", "runs_done", "diverged", "variants")}
    return with_times(frame.assign(**whole, outdated=frame["outdated"].astype("bool")), ["created", "finished"])


def _counts() -> list[Any]:
    ended = runs.c.status.in_(ENDED)
    return [
        func.count(runs.c.id).label("runs"),
        func.sum(case((ended, 1), else_=0)).label("runs_done"),
        func.sum(case((runs.c.status == "diverged", 1), else_=0)).label("diverged"),
        func.sum(case((ended, runs.c.epochs), else_=runs.c.epoch)).label("epochs_done"),
        func.sum(runs.c.epochs).label("epochs_total"),
    ]


def progress(connection: Connection, comparison_id: str) -> Progress | None:
    """The progress of the comparison; None if there is none with that id."""
    fields = ("state", "stepping", "message", "written")
    row = connection.execute(select(*(comparisons.c[name] for name in fields)).where(comparisons.c.id == comparison_id)).one_or_none()
    if row is None:
        return None
    counts = connection.execute(
        select(*_counts(), func.max(runs.c.written).label("written"))
        .join(comparison_runs, comparison_runs.c.run_id == runs.c.id)
        .where(comparison_runs.c.comparison_id == comparison_id)
    ).one()
    pending = connection.scalar(
        select(requests.c.action).where(requests.c.comparison_id == comparison_id).order_by(requests.c.id.desc()).limit(1)
    )
    held = holder(connection)
    return Progress(
        state="running" if row.stepping else row.state,
        runs=counts.runs,
        runs_done=int(counts.runs_done),
        runs_diverged=int(counts.diverged),
        epochs_done=float(counts.epochs_done),
        epochs_total=int(counts.epochs_total),
        seconds_left=_seconds_left(connection, comparison_id, held) if row.state == "running" else None,
        message=row.message,
        pending=pending,
        **_runner(held),
        version=max(row.written, counts.written),
    )


def standing(connection: Connection, members: Members, wanted: Sequence[RunSettings]) -> Progress:
    """The progress of a comparison that was never requested: the part of it that others have stored."""
    counts = connection.execute(
        select(*_counts(), func.sum(runs.c.written).label("written")).join(members.table, members.table.c.run_id == runs.c.id)
    ).one()
    held = holder(connection)
    return Progress(
        state="new",
        runs=len(wanted),
        runs_done=int(counts.runs_done or 0),
        runs_diverged=int(counts.diverged or 0),
        epochs_done=float(counts.epochs_done or 0),
        epochs_total=sum(run.training.epochs for run in wanted),
        seconds_left=None,
        message="",
        pending=None,
        **_runner(held),
        version=int(counts.written or 0),
    )


def _runner(held: Holder | None) -> dict[str, Any]:
    if held is None or not held.alive:
        return {"runner": False, "trouble": ""}
    return {"runner": True, "trouble": held.trouble or ""}


def _seconds_left(connection: Connection, comparison_id: str, held: Holder | None) -> float | None:
    """The remaining time of its stacks at their pace, divided among the workers and shared with the other running comparisons."""
    rows = connection.execute(
        select(stacks.c.id, stacks.c.epoch, stacks.c.epochs, stacks.c.pace)
        .join(stack_runs, stack_runs.c.stack_id == stacks.c.id)
        .join(comparison_runs, comparison_runs.c.run_id == stack_runs.c.run_id)
        .where(comparison_runs.c.comparison_id == comparison_id)
        .distinct()
    ).all()
    paces = [row.pace for row in rows if row.pace is not None]
    if not paces:
        return None
    usual = sum(paces) / len(paces)
    left = [(row.epochs - row.epoch) * (usual if row.pace is None else row.pace) for row in rows]
    running = connection.scalar(select(func.count()).where(comparisons.c.state == "running")) or 1
    return float(max(max(left), sum(left) * running / (held.workers if held else 1)))


def merged(known: DataFrame, fresh: DataFrame, key: list[str], order: list[str]) -> DataFrame:
    """The known rows together with the fresh ones, which replace rows with the same `key`; runs are in the given order.

    Within one step, rows that are marked by a moment come first.
    """
    both = pd.concat([known, fresh], ignore_index=True).drop_duplicates(key, keep="last")
    place = both["run"].map({run: place for place, run in enumerate(order)})
    order_of = {"_place": place, "_step": both["step"], "_last": both["moment"] == "" if "moment" in key else 0}
    return both.assign(**order_of).sort_values(list(order_of), kind="stable").drop(columns=list(order_of)).reset_index(drop=True)


HISTORY_KEY = ["run", "step", "moment"]
LAYER_KEY = ["run", "step", "layer"]
