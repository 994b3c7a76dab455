"""Writes the engine's records into the tables: histories, layers, grids, weights, and each run's last and best values."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update

from core.analysis.metrics import higher_is_better
from core.engine.records import METRIC_COLUMNS, Records, Row
from core.runs.store.database import put, write_number
from core.runs.store.schema import (
    END_COLUMNS,
    HISTORY_VALUES,
    LAST_COLUMNS,
    LAYER_VALUES,
    before_rewind,
    grids,
    history,
    layers,
    predictions,
    runs,
    weights,
)

BETTER: dict[str, Callable[..., float]] = {name: max if higher_is_better(name) else min for name in METRIC_COLUMNS}


def record(connection: Connection, ids: dict[str, int], records: Records, seconds: float = 0.0) -> None:
    """Stores records. `ids`: a run's key -> its id; rows of other runs are dropped. `seconds`: the wall time that they took."""
    number = write_number(connection)
    history_rows = [row for row in records.history if row["run"] in ids]
    marked = [row for row in history_rows if row["moment"]]
    standing = [row for row in history_rows if not row["moment"]]
    _insert_history(connection, history, ids, standing, number)
    _insert_history(connection, before_rewind, ids, marked, number)
    _insert_layers(connection, ids, [row for row in records.layers if row["run"] in ids], number)
    latest = {row["run"]: row for row in records.grids if row["run"] in ids}
    put(connection, grids, [{"run_id": ids[key], "step": row["step"], "grid": row["grid"]} for key, row in latest.items()], ["run_id"])
    _update_runs(connection, ids, standing, marked, seconds, number)
    _end_runs(connection, ids, [row for row in records.ended if row["run"] in ids])


def _insert_history(connection: Connection, table: Table, ids: dict[str, int], rows: Sequence[Row], number: int) -> None:
    names = ("step", *HISTORY_VALUES, "status")
    if rows:
        connection.execute(
            insert(table), [{"run_id": ids[row["run"]], "written": number} | {name: row[name] for name in names} for row in rows]
        )


def _insert_layers(connection: Connection, ids: dict[str, int], rows: Sequence[Row], number: int) -> None:
    names = ("step", "layer", *LAYER_VALUES, "counts")
    placed: Counter[tuple[str, int]] = Counter()
    values = []
    for row in rows:
        place = (row["run"], row["step"])
        values.append({"run_id": ids[row["run"]], "position": placed[place], "written": number} | {name: row[name] for name in names})
        placed[place] += 1
    if values:
        connection.execute(insert(layers), values)


def _update_runs(
    connection: Connection, ids: dict[str, int], rows: Sequence[Row], marked: Sequence[Row], seconds: float, number: int
) -> None:
    """Updates the runs. `marked` rows are from before a rewind: they may be a run's best values but not its current ones; each run has a
    later row.
    """
    by_run: dict[str, list[Row]] = {row["run"]: [] for row in rows}
    for row in (*marked, *rows):
        by_run[row["run"]].append(row)
    if not by_run:
        return
    best = [runs.c[f"best_{name}"] for name in METRIC_COLUMNS]
    statement = select(runs.c.id, runs.c.worker_seconds, *best).where(runs.c.id.in_([ids[key] for key in by_run]))
    former = {row["id"]: row for row in connection.execute(statement).mappings()}
    share, common = seconds / len(by_run), {"updated": time.time(), "written": number}
    values = [common | _progressed(former[ids[key]], new, share) for key, new in by_run.items()]
    connection.execute(update(runs).where(runs.c.id == bindparam("which")), values)


def _progressed(former: Any, rows: Sequence[Row], seconds: float) -> dict[str, Any]:
    """The columns of a run after more rows of its history, which took a worker `seconds` seconds."""
    last = rows[-1]
    reached = {name: last[name] for name in ("status", "epoch", "step", "samples", "seconds")}
    latest = {f"last_{name}": last[name] for name in LAST_COLUMNS}
    best = {f"best_{name}": _best(name, [former[f"best_{name}"], *(row[name] for row in rows)]) for name in METRIC_COLUMNS}
    return {"which": former["id"], "worker_seconds": former["worker_seconds"] + seconds} | reached | latest | best


def _best(metric: str, values: Sequence[float | None]) -> float:
    """The best of the finite values; NaN if there is none."""
    return BETTER[metric]((value for value in values if value is not None and math.isfinite(value)), default=math.nan)


def _end_runs(connection: Connection, ids: dict[str, int], rows: Sequence[Row]) -> None:
    if not rows:
        return
    names = ("status", *END_COLUMNS, "parameters", "nonzero")
    values = [{"which": ids[row["run"]]} | {name: row[name] for name in names} for row in rows]
    connection.execute(update(runs).where(runs.c.id == bindparam("which")), values)
    for table, name in ((weights, "weights"), (predictions, "predictions")):
        put(connection, table, [{"run_id": ids[row["run"]], "data": row[name]} for row in rows if row[name] is not None], ["run_id"])


def take_back(connection: Connection, run_ids: Sequence[int]) -> None:
    """Resets runs that begin (again): deletes their measurements, and tells readers so."""
    begun = list(connection.scalars(select(history.c.run_id).where(history.c.run_id.in_(run_ids)).distinct()))
    for table in (history, before_rewind, layers, grids):
        connection.execute(delete(table).where(table.c.run_id.in_(begun)))
    nothing = dict.fromkeys((*(f"last_{name}" for name in LAST_COLUMNS), *(f"best_{name}" for name in METRIC_COLUMNS)))
    zero = {"epoch": 0.0, "step": 0, "samples": 0, "seconds": 0.0, "worker_seconds": 0.0, "revision": runs.c.revision + 1}
    connection.execute(update(runs).where(runs.c.id.in_(begun)).values(**nothing, **zero))
    fresh = {"status": "queued", "updated": time.time(), "written": write_number(connection)}
    connection.execute(update(runs).where(runs.c.id.in_(run_ids)).values(**fresh))
