"""The report of how a table was read, which a user should see before training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.data.examples import Task

Kind = Literal["number", "category", "date", "text", "unclear", "unusable"]
"""text: free text. unclear: a setting must say how to read it. unusable: empty, or of a type that cannot be a feature."""
Role = Literal["feature", "target", "split", "group", "time", "left out"]


MOST_CLASSES_LISTED = 12
MOST_COLUMNS_LISTED = 12


@dataclass(frozen=True)
class Dialect:
    """How the bytes became cells. For Parquet only `format` is set.

    format: csv, xlsx, parquet, or openml; with `gzip` in front if it was compressed.
    skipped: number of lines left out before the header (titles, comments).
    """

    format: str = "csv"
    encoding: str = ""
    separator: str = ""
    decimal: str = "point"
    thousands: str = "none"
    header: str = "first_line"
    skipped: int = 0
    sheet: str = ""

    def line(self) -> str:
        """How the bytes became cells, in words."""
        sheet = [f"sheet {self.sheet!r}"] if self.sheet else []
        said = [self.format, *sheet, self.encoding, f"separated by {self.separator}" if self.separator else ""]
        if self.separator or self.sheet:
            said += [f"decimals with a {self.decimal}", "" if self.thousands == "none" else f"digits grouped by {self.thousands}"]
            said += ["no line of names" if self.header == "none" else "names in the first line"]
        return f"read as {', '.join(filter(None, said))}"


@dataclass(frozen=True)
class ColumnReading:
    """The report of one column: its type, its role, and what was done to its values.

    features: number of features after encoding; 0 if it is no feature.
    missing, distinct: number of rows without a value; number of distinct values.
    how: what was done to its values, in words ("2 '-' read as missing"). filled: what replaces its missing values.
    """

    name: str
    kind: Kind
    role: Role
    features: int
    missing: int
    distinct: int
    example: str
    how: str = ""
    filled: str = ""

    @property
    def said(self) -> str:
        """What was done to its values, and what replaces missing ones, in words; empty if nothing."""
        return "; ".join(filter(None, (self.how, self.filled))) if self.role != "left out" else ""


@dataclass(frozen=True)
class Spread:
    """A regression's target in its own unit."""

    low: float
    high: float
    mean: float
    std: float


@dataclass(frozen=True)
class Reading:
    """How a table was read.

    rows: number of rows in the file, without the header; used: how many are used; left_out: (reason, count) of the others.
    why_task: the reason for the task, in words. classes: (name, count), sorted by name; empty for a regression, which has `spread`.
    parts: (name, count) of training, validation and test rows; `split` says how they were made, in words.
    notes: warnings: a column that numbers the rows, one that gives the target away, a class with one member.
    """

    rows: int
    used: int
    left_out: tuple[tuple[str, int], ...]
    target: str
    task: Task
    why_task: str
    classes: tuple[tuple[str, int], ...]
    spread: Spread | None
    columns: tuple[ColumnReading, ...]
    dialect: Dialect
    notes: tuple[str, ...] = ()
    parts: tuple[tuple[str, int], ...] = ()
    split: str = ""

    @property
    def features(self) -> int:
        """The number of features after encoding."""
        return sum(column.features for column in self.columns)

    def lines(self) -> list[str]:
        """The whole report in a few plain lines."""
        return [line for line in (self._rows(), self._target(), self._parts(), *self._columns(), self.dialect.line(), *self.notes) if line]

    def _rows(self) -> str:
        why = ", ".join(f"{count:,} {reason}" for reason, count in self.left_out)
        return f"{self.used:,} of {self.rows:,} rows{f' ({why})' if why else ''}"

    def _target(self) -> str:
        if self.spread is None:
            listed = ", ".join(f"{name} {count:,}" for name, count in self.classes[:MOST_CLASSES_LISTED])
            more = f" and {len(self.classes) - MOST_CLASSES_LISTED} more" if len(self.classes) > MOST_CLASSES_LISTED else ""
            said = f"{len(self.classes)} classes: {listed}{more}"
        else:
            spread = self.spread
            said = f"from {spread.low:g} to {spread.high:g}, mean {spread.mean:g}, standard deviation {spread.std:g}"
        return f"{self.task} of {self.target!r} ({self.why_task}): {said}"

    def _parts(self) -> str:
        return f"{', '.join(f'{count:,} {name}' for name, count in self.parts)} ({self.split})" if self.parts else ""

    def _columns(self) -> list[str]:
        """How many features the kinds of columns become, and what was done to columns that are not plain numbers or categories."""
        used = [column for column in self.columns if column.features]
        kinds = {kind: [column for column in used if column.kind == kind] for kind in ("number", "category", "date")}
        counts = [_counted(kind, columns) for kind, columns in kinds.items() if columns]
        left_out = [repr(column.name) for column in self.columns if column.role == "left out"]
        changed = [f"{column.name!r}: {said}" for column in self.columns if (said := column.said)]
        shown = changed[:MOST_COLUMNS_LISTED] + (
            [f"and {len(changed) - MOST_COLUMNS_LISTED} more columns"] if len(changed) > MOST_COLUMNS_LISTED else []
        )
        return ["; ".join(counts), f"left out: {_few(left_out)}" if left_out else "", *shown]

    def text(self) -> str:
        """The lines as one text."""
        return "\n".join(self.lines())


@dataclass(frozen=True)
class Preview:
    """A table before its target is chosen.

    columns: with role "feature" and 0 features. head: the first rows, with cells as in the file.
    target: the likely target: a column called y, label, target, class, ..., else the last column.
    """

    rows: int
    columns: tuple[ColumnReading, ...]
    dialect: Dialect
    head: tuple[tuple[str, ...], ...]
    target: str
    notes: tuple[str, ...] = ()


def _counted(kind: str, columns: Sequence[ColumnReading]) -> str:
    plural = {"number": "numbers", "category": "categories", "date": "dates"}[kind]
    features = sum(column.features for column in columns)
    what = f"{len(columns):,} column{'s' * (len(columns) > 1)} of {plural}"
    return f"{what} -> {features:,} feature{'s' * (features > 1)}"


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_COLUMNS_LISTED} more" if len(names) > MOST_COLUMNS_LISTED else ""
    return ", ".join(names[:MOST_COLUMNS_LISTED]) + more
