"""Turns a table into examples: which columns are features, what the target is, and the report.

Shapes: N rows of the table; those with a target are examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.data.examples import DataError, Division, Examples, FloatArray, IntArray
from core.data.reading.calendar import as_numbers
from core.data.reading.columns import MOST_CATEGORIES, Column, columns_of
from core.data.reading.hints import hints
from core.data.reading.limits import LIMITS, Limits, check_shape
from core.data.reading.options import CHARACTERS, Options
from core.data.reading.raw import RawTable
from core.data.report import ColumnReading, Dialect, Reading, Role, Spread

if TYPE_CHECKING:
    from core.data.sets.fetched import TabularData

MISSING = "missing"  # the category for a missing value
MOST_CLASSES = 20  # a numeric target with more distinct values is a quantity instead of a class
MOST_UNCLEAR = 3  # the most columns that one message explains
LARGEST = float(np.finfo(np.float32).max)  # networks are trained in float32
PARTS = {
    0: ("train", "training", "fit", "tr"),
    1: ("validation", "valid", "val", "dev", "development"),
    2: ("test", "testing", "holdout", "held-out", "eval"),
}


@dataclass(frozen=True, eq=False)
class _Target:
    """y: as in `Examples`. why: the reason for the task, in words."""

    y: IntArray | FloatArray
    class_names: tuple[str, ...] | None
    why: str


def examples_of(raw: RawTable, data: TabularData, target: str, options: Options, limits: Limits = LIMITS) -> Examples:
    """Numbers, dates and categories of a table as features, its `target` as classes or quantities, and the report of the reading.

    Rows without a target are left out and counted. Raises DataError for a column or target that cannot be used.
    """
    _check_columns(raw.names, data, target)
    columns = {column.name: column for column in columns_of(raw, options)}
    raw.columns = []  # released, because their memory is needed for the features
    roles = _roles(raw.names, data, target)
    known, left_out = _known_rows(raw, columns, roles)
    features = [columns[name].as_feature() for name in raw.names if roles[name] in ("feature", "time") and name not in data.drop]
    _check_usable(features)
    x, sources = _features(features, known)
    check_shape(len(x), _encoded_width(x), limits, encoded=True)
    found = _target(columns[target], known, data.task)
    reading = _reading(raw, columns, roles, known, found, target, left_out)
    notes = (*reading.notes, *hints(features, known, found.y, found.class_names is not None))
    return Examples(
        x,
        found.y,
        found.class_names,
        dropped=sum(count for _, count in left_out),
        division=_division(columns, data, known),
        reading=replace(reading, notes=notes),
        sources=sources,
    )


def _check_columns(names: Sequence[str], data: TabularData, target: str) -> None:
    columns = ", ".join(repr(name) for name in names[:MOST_CATEGORIES])
    if target not in names:
        raise DataError(f"There is no column {target!r} to be the target. The columns are {columns}.")
    if unknown := [name for name in data.drop if name not in names]:
        raise DataError(f"There is no column {unknown[0]!r} to drop. The columns are {columns}.")
    for field in ("numbers", "categories", "dates"):
        if unknown := [name for name in getattr(data, field) if name not in names]:
            raise DataError(f"There is no column {unknown[0]!r}, which {field} names. The columns are {columns}.")
    for field in ("split_column", "group_column", "time_column"):
        if (name := getattr(data, field)) and name not in names:
            raise DataError(f"There is no column {name!r}, which {field} names. The columns are {columns}.")
        if name == target:
            raise DataError(f"The column {name!r} is the target and cannot be the {field} too.")
    if target in data.drop:
        raise DataError(f"The column {target!r} is the target and cannot be dropped. Remove it from `drop`.")


def _roles(names: Sequence[str], data: TabularData, target: str) -> dict[str, Role]:
    """The role of each column. Raises DataError if no column is left as a feature."""
    roles: dict[str, Role] = {name: "left out" if name in data.drop else "feature" for name in names}
    roles |= {target: "target"}
    named: tuple[tuple[str, Role], ...] = ((data.split_column, "split"), (data.group_column, "group"), (data.time_column, "time"))
    roles |= {name: role for name, role in named if name}
    if not any(role in ("feature", "time") and name not in data.drop for name, role in roles.items()):
        raise DataError("No column is left to be a feature. Drop fewer columns.")
    return roles


def _known_rows(raw: RawTable, columns: dict[str, Column], roles: dict[str, Role]) -> tuple[IntArray, list[tuple[str, int]]]:
    """The used rows, and why others are not used: they have no target, or no group or time that would place them."""
    left_out = list(raw.left_out)
    used = np.ones(raw.rows, dtype=bool)
    for role, what in (("target", "target"), ("split", "part"), ("group", "group"), ("time", "time")):
        for name in [name for name, its in roles.items() if its == role]:
            absent = columns[name].absent & used
            if columns[name].absent.all():
                raise DataError(f"The {what} column {name!r} has no values. Choose another {what}.")
            if absent.any():
                left_out.append((f"without a {what}", int(absent.sum())))
            used &= ~absent
    return np.flatnonzero(used), left_out


def _check_usable(features: Sequence[Column]) -> None:
    """Refuses unclear columns, free text and unusable columns, and names all of them at once."""
    unclear = [column for column in features if column.kind == "unclear"]
    if unclear:
        more = f" (And {len(unclear) - MOST_UNCLEAR} more columns.)" if len(unclear) > MOST_UNCLEAR else ""
        raise DataError(" ".join(f"The column {column.name!r} is unclear: {column.problem}." for column in unclear[:MOST_UNCLEAR]) + more)
    reasons = {
        column.name: "free text" if column.kind == "text" else column.how[0] for column in features if column.kind in ("text", "unusable")
    }
    listed = ", ".join(f"{name!r} ({reason})" for name, reason in reasons.items())
    if len(reasons) == len(features):
        raise DataError(f"No usable feature column: {listed}. A table needs a column of numbers, of categories or of dates.")
    if reasons:
        raise DataError(
            f"Only numbers and categories, and dates, can be features, unlike {listed}. Drop such columns: drop = {[*reasons]}."
        )


def _features(features: Sequence[Column], known: IntArray) -> tuple[pd.DataFrame, dict[str, str]]:
    """The columns for the encoder, with the known rows only; and the table's column from which each one is made."""
    made: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for column in features:
        if column.numbers is not None:
            parts: dict[str, Any] = {column.name: _finite(column, known)}
        elif column.dates is not None:
            parts = {f"{column.name}.{part}": values for part, values in as_numbers(column.dates[known]).items()}
        else:
            parts = {column.name: _categories(column, known)}
        if twice := [name for name in parts if name in made]:
            raise DataError(f"The column {column.name!r} would make a feature {twice[0]!r}, and there is one. Rename one of the columns.")
        made |= parts
        sources |= dict.fromkeys(parts, column.name)
    return pd.DataFrame(made, copy=False), sources


def _categories(column: Column, known: IntArray) -> pd.Series:
    names = np.array([*column.levels, MISSING], dtype=object)  # the code of a missing value is -1, which selects the last name
    return pd.Series(names[column.codes[known]], dtype=object)  # type: ignore[index]


def _finite(column: Column, known: IntArray) -> FloatArray:
    """The column's numbers, NaN for missing. Raises DataError for values that are infinite, also after conversion to float32."""
    values: FloatArray = column.numbers if len(known) == column.rows else column.numbers[known]  # type: ignore[index, assignment]
    bad = np.flatnonzero(np.abs(values) > LARGEST)
    if len(bad):
        raise DataError(
            f"The column {column.name!r} holds {values[bad[0]]} (row {known[bad[0]] + 1}, of {len(bad)} such): infinite, or "
            f"too large for 32-bit numbers. Mend these values or leave them empty."
        )
    return values


def _encoded_width(x: pd.DataFrame) -> int:
    """The most features that the encoding can make: each number with a missing flag, and a flag for each category."""
    numbers = x.select_dtypes("number")
    categories = x.select_dtypes(exclude="number")
    return int(numbers.shape[1] + numbers.isna().any().sum() + categories.nunique().sum())


def _target(column: Column, known: IntArray, task: str) -> _Target:
    name = column.name
    if column.kind == "unclear":
        raise DataError(f"The target column {name!r} is unclear: {column.problem}.")
    if column.kind in ("text", "unusable", "date"):
        raise DataError(f"The target column {name!r} holds free text or dates. Choose a target of numbers or of categories.")
    if column.numbers is None:
        if task == "regression":
            raise DataError(f"The target column {name!r} is not numeric: no regression. Set task to classification.")
        values: NDArray[Any] = np.array(column.levels, dtype=object)[column.codes[known]]  # type: ignore[index]
        return _classes(name, values, "the target holds categories" if task == "auto" else "as asked")
    numbers = _finite(column, known)
    distinct = np.unique(numbers)
    if len(distinct) < 2:
        raise DataError(f"The target column {name!r} holds one class only, {distinct[0]:g}, or one number: there is nothing to predict.")
    quantity = _why_quantity(distinct, len(numbers))
    if task == "regression" or (task == "auto" and quantity):
        return _Target(numbers, None, "as asked" if task == "regression" else quantity)
    return _classes(name, numbers, "as asked" if task == "classification" else f"the target holds {len(distinct)} different whole numbers")


def _why_quantity(distinct: FloatArray, count: int) -> str:
    """Why a numeric target is a quantity; empty if it counts as classes."""
    if (distinct != np.round(distinct)).any():
        return "the target holds numbers that are not whole"
    if len(distinct) > MOST_CLASSES:
        return f"the target holds {len(distinct):,} different numbers, more than {MOST_CLASSES}"
    if len(distinct) > 2 and len(distinct) > count / 2:
        return f"more than half of the target's numbers differ: {len(distinct)} in {count} rows"
    return ""


def _classes(name: str, values: NDArray[Any], why: str) -> _Target:
    """Indices into the sorted names of the classes; whole numbers are sorted as numbers and named without a decimal point."""
    known, indices = np.unique(values, return_inverse=True)
    if len(known) < 2:
        raise DataError(f"The target column {name!r} holds one class only, {known[0]!s}. Choose another target.")
    if len(known) > MOST_CATEGORIES and len(known) > len(values) / 2:
        raise DataError(
            f"The target column {name!r} has {len(known)} classes in {len(values)} rows. "
            "Set task to regression if it is a quantity, or choose another target."
        )
    return _Target(indices.astype(np.int64), tuple(_class_name(value) for value in known), why)


def _class_name(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _division(columns: dict[str, Column], data: TabularData, known: IntArray) -> Division | None:
    """The column that decides the parts, if there is one."""
    if data.split_column:
        return Division("given", data.split_column, _parts_of(columns[data.split_column], known))
    if data.group_column:
        return Division("groups", data.group_column, _places(columns[data.group_column], known))
    if data.time_column:
        column = columns[data.time_column]
        if column.numbers is None and column.dates is None:
            raise DataError(
                f"The time column {column.name!r} holds neither dates nor numbers. Choose another, or set dates = [{column.name!r}]."
            )
        return Division("time", data.time_column, _places(column, known))
    return None


def _places(column: Column, known: IntArray) -> IntArray:
    """Each row's index among the sorted distinct values of a column."""
    values = next(values for values in (column.numbers, column.dates, column.codes) if values is not None)[known]
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def _parts_of(column: Column, known: IntArray) -> IntArray:
    words = {word: part for part, several in PARTS.items() for word in several}
    levels = [level.strip().casefold() for level in column.levels]
    used = np.unique(column.codes[known]) if column.codes is not None else np.array([], dtype=np.int64)
    bad = [column.levels[place] for place in used if levels[place] not in words]
    if bad or column.codes is None:
        held = f"also {bad[0]!r}" if bad else "numbers or dates"
        raise DataError(f"The column {column.name!r}, which is to say the parts, holds {held}. It may hold train, validation and test.")
    places = np.array([words.get(level, -1) for level in levels], dtype=np.int64)
    return places[column.codes[known]]


def _reading(
    raw: RawTable,
    columns: dict[str, Column],
    roles: dict[str, Role],
    known: IntArray,
    found: _Target,
    target: str,
    left_out: list[tuple[str, int]],
) -> Reading:
    """The report of the reading, before the split and the encoding add to it."""
    y = found.y
    spread = None if found.class_names else Spread(float(y.min()), float(y.max()), float(y.mean()), float(y.std()))
    counts = np.bincount(y.astype(np.int64)).tolist() if found.class_names else []
    return Reading(
        rows=raw.rows + sum(count for _, count in raw.left_out),
        used=len(known),
        left_out=tuple(left_out),
        target=target,
        task="regression" if found.class_names is None else "classification",
        why_task=found.why,
        classes=tuple(zip(found.class_names or (), counts, strict=True)),
        spread=spread,
        columns=tuple(column_reading(columns[name], role) for name, role in roles.items()),
        dialect=dialect_of(raw, columns.values()),
        notes=tuple(raw.notes),
    )


def column_reading(column: Column, role: Role = "feature") -> ColumnReading:
    """The report of a column, without its number of features."""
    shown = column.as_feature() if role in ("feature", "time", "left out") else column
    return ColumnReading(
        shown.name,
        shown.kind,
        role,
        0,
        int(shown.absent.sum()),
        shown.distinct,
        shown.example,
        "; ".join(part for part in shown.how if part),
    )


def dialect_of(raw: RawTable, columns: Any) -> Dialect:
    """The dialect, completed by what the numbers show: the decimal separator and the digit grouping."""
    columns = list(columns)
    comma = any(column.decimal == "comma" and column.certain for column in columns)
    grouped = {sign for sign in CHARACTERS for column in columns if any(f"grouped by {CHARACTERS[sign]!r}" in how for how in column.how)}
    return replace(raw.dialect, decimal="comma" if comma else "point", thousands=", ".join(sorted(grouped)) or "none")
