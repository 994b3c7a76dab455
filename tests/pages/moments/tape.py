"""What the engine measured of a comparison, row by row, and writing a part of it into a store as the runner would."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import Connection, Table, select

from core.analysis.metrics import TESTS
from core.comparison import Comparison
from core.engine.records import HISTORY_COLUMNS, LAYER_COLUMNS, MEASURES, METRIC_COLUMNS, Records, Row
from core.runs.store import Store, recording
from core.runs.store.schema import END_COLUMNS, grids, history, layers, predictions, runs, weights
from core.settings import RunSettings

SCORES = tuple(
    name for name in METRIC_COLUMNS if name not in ("train_loss", "penalty") and not name.endswith(("loss", "loss_eval", "rmse", "mae"))
)
APART = {"weights": weights, "predictions": predictions}
"""What a run ends with that stands in a table of its own."""

ENDED = ("run", "status", *END_COLUMNS, "parameters", "nonzero", "weights", "predictions")
LOSSES = ("train_loss", "train_loss_eval", "val_loss")


class Reached(NamedTuple):
    """How far a run is: how many of its evaluations are in the store, its status then, and what its losses are if it diverged."""

    evaluations: int
    status: str = "running"
    loss: float = math.nan


class Tape:
    """The rows of every run of a comparison, by the run's key."""

    def __init__(self, store: Store, comparison: Comparison) -> None:
        """Reads a comparison that is trained."""
        self._keys = [run.key for run in comparison.runs()]
        with store.database.reading() as connection:
            self._history = self._read(connection, history, [name for name in HISTORY_COLUMNS if name != "moment"])
            self._layers = self._read(connection, layers, LAYER_COLUMNS)
            self._grids = self._read(connection, grids, ("run", "step", "grid"))
            self._ended = {key: rows[0] for key, rows in self._read(connection, runs, ENDED).items()}

    def _read(self, connection: Connection, table: Table, columns: Iterable[str]) -> dict[str, list[Row]]:
        """The rows of a table by run; NULL is NaN, as the engine has it."""
        found = [APART[name].c.data.label(name) if name in APART else table.c[name] for name in columns if name not in ("run", "key")]
        statement = select(runs.c.key.label("run"), *found).where(runs.c.key.in_(self._keys)).order_by(*table.primary_key)
        if table is not runs:
            statement = statement.join(table, table.c.run_id == runs.c.id)
        else:
            for apart in APART.values():
                statement = statement.outerjoin(apart, apart.c.run_id == runs.c.id)
        rows: dict[str, list[Row]] = {key: [] for key in self._keys}
        for row in connection.execute(statement).mappings():
            rows[row["run"]].append({name: math.nan if value is None and name not in APART else value for name, value in row.items()})
        return rows

    def length(self, run: RunSettings) -> int:
        """How many evaluations there are of a run."""
        return len(self._history[run.key])

    def play(self, store: Store, reached: Mapping[str, Reached]) -> None:
        """Writes the runs (by key) down as far as they are to be, in one transaction."""
        records = Records()
        for key, place in reached.items():
            records.extend(self._until(key, place))
        with store.database.writing() as connection:
            ids = dict(connection.execute(select(runs.c.key, runs.c.id)).all())
            recording.record(connection, ids, records)

    def _until(self, key: str, place: Reached) -> Records:
        rows = [dict(row, status="running", moment="") for row in self._history[key][: place.evaluations]]
        if not rows:
            return Records()
        status = self._ended[key]["status"] if place.status == "finished" else place.status  # some diverge by themselves
        diverged = place.status == "diverged"
        rows[-1] |= {"status": status} | (_lost(place.loss) if diverged else {})
        last = rows[-1]["step"]
        layer_rows = [row for row in self._layers[key] if row["step"] <= last]
        if diverged:
            layer_rows = [row | _lost_layer(place.loss) if row["step"] == last else row for row in layer_rows]
        ended = [] if place.status == "running" else [self._ended[key] | {"status": status}]
        if diverged:
            ended = [row | dict.fromkeys(TESTS, math.nan) | {"predictions": None} for row in ended]
        return Records(rows, layer_rows, ended, [row | {"step": last} for row in self._grids[key]])


def _lost(loss: float) -> Row:
    """The measurements of a run that diverged: all NaN, or losses that are infinite or enormous, with scores that are nothing."""
    if math.isnan(loss):
        return dict.fromkeys((*METRIC_COLUMNS, *MEASURES), loss)
    return dict.fromkeys(LOSSES, loss) | {name: 0.0 if math.isfinite(loss) else math.nan for name in SCORES} | {"weight_norm": loss}


def _lost_layer(loss: float) -> Row:
    if math.isfinite(loss):
        return {"weight_norm": loss}
    return dict.fromkeys(("grad_norm", "update_ratio", "weight_norm", "activation_mean", "activation_std", "low", "high"), loss)
