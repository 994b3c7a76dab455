"""Rows of the store as data frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DataFrame, Index, Series
from sqlalchemy import BigInteger, ColumnElement, Connection, Double, Integer, Select, String

from core.engine.measuring.predictions import Predictions

ENDED = ("finished", "stopped", "diverged")
"""The statuses of a run that is completely stored: it is never trained again."""

STATES = ("queued", "running", "paused", "cancelled", "finished", "failed")
"""The states of a comparison."""


def fetched(connection: Connection, statement: Select[Any]) -> DataFrame:
    """The rows of a statement, by column: numbers as float64 (NULL is NaN), whole numbers that cannot be NULL as int64, text as str."""
    result = connection.execute(statement)
    assert result.cursor is not None
    rows = result.cursor.fetchall()  # plain tuples avoid row objects for a hundred thousand values
    values = zip(*rows, strict=True) if rows else ((),) * len(statement.selected_columns)
    return DataFrame({column.name: _array(column, cells) for column, cells in zip(statement.selected_columns, values, strict=True)})


def _array(column: ColumnElement[Any], cells: Sequence[Any]) -> Any:
    if isinstance(column.type, Double):
        return np.array(cells, dtype=np.float64)
    if isinstance(column.type, Integer | BigInteger):
        dtype = np.float64 if getattr(column, "nullable", True) else np.int64
        return np.array(cells, dtype=dtype)
    if isinstance(column.type, String):
        return _texts(cells)
    return Series(cells, dtype=object)


def _texts(cells: Sequence[str]) -> Any:
    """A str array; the few distinct texts of a long column are converted once."""
    codes, distinct = pd.factorize(np.array(cells, dtype=object))
    return Index(distinct, dtype="str").take(codes)


def with_members(frame: DataFrame, members: DataFrame, columns: Sequence[str] = ("variant", "seed", "run")) -> DataFrame:
    """Replaces the column `position` by the members' columns, in front. `members` is indexed by position, from 0."""
    places = frame["position"].to_numpy()
    joined = {name: Index(members[name]).take(places) for name in columns}
    return DataFrame(joined | {name: frame[name].array for name in frame.columns if name != "position"})


def with_counts(frame: DataFrame) -> DataFrame:
    """The column `counts` as float32 arrays instead of bytes."""
    return frame.assign(counts=Series([_floats(cell) for cell in frame["counts"]], dtype=object, index=frame.index))


def _floats(cell: bytes | None) -> NDArray[np.float32]:
    return np.frombuffer(cell or b"", dtype=np.float32)


def with_predictions(frame: DataFrame) -> DataFrame:
    """The column `data` (of `core.engine.measuring.predictions`) with one row for each example; see `Store.predictions`."""
    names = ["variant", "seed", "run"]
    of_runs: list[dict[Any, Any]] = frame.to_dict("records")
    parts = [_predicted(Predictions.from_bytes(row["data"])).assign(**{name: row[name] for name in names}) for row in of_runs]
    columns = [*names, "part", "size", "example", "target", "predicted"]
    whole = pd.concat(parts, ignore_index=True) if parts else DataFrame(columns=columns)
    return whole[[*columns, *(name for name in whole.columns if name not in columns)]]


def _predicted(held: Predictions) -> DataFrame:
    about = {"part": held.part, "size": held.size, "example": held.example}
    if not held.class_names:
        return DataFrame({**about, "target": held.target, "predicted": held.output})
    names = np.array(held.class_names, dtype=object)
    probabilities = {f"probability_{name}": held.output[:, place] for place, name in enumerate(held.class_names)}
    return DataFrame({**about, "target": names[held.target], "predicted": names[held.output.argmax(1)], **probabilities})


def with_times(frame: DataFrame, columns: Sequence[str]) -> DataFrame:
    """Seconds since 1970 as times in UTC; NaN becomes NaT."""
    return frame.assign(**{name: pd.to_datetime(frame[name], unit="s", utc=True) for name in columns})
