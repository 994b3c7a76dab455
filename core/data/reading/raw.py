"""A table as it stands in its file: names, and cells whose types are not determined yet."""

from __future__ import annotations

import itertools
import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.data.examples import DataError, UnclearError
from core.data.reading import layout
from core.data.reading.formats import EXPORT
from core.data.reading.layout import Record
from core.data.reading.limits import Limits, check_shape
from core.data.reading.options import Options
from core.data.report import Dialect

if TYPE_CHECKING:
    import pyarrow as pa

CELLS_AT_ONCE = 400_000  # cells that are Python strings at the same time
LONGEST_NAME = 200
TOTAL = re.compile(r"(grand |sub)?-?(totals?|sum|average|mean|summe|gesamt|mittelwert|somme|moyenne|totale|media)s?:?", re.IGNORECASE)


@dataclass
class RawTable:
    """Columns of equal length: texts as in the file, or typed values if the file has types.

    lines: the line number of each row in the file; None if rows are counted instead. notes: what was left out, in words.
    categories: columns that the file declares as categories.
    left_out: (reason, count) of the file's rows that are not in the columns.
    """

    names: tuple[str, ...]
    columns: list[pa.ChunkedArray]
    dialect: Dialect
    lines: Sequence[int] | None = None
    left_out: list[tuple[str, int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    categories: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Stores the number of rows, which is needed after the columns are released."""
        self.rows = len(self.columns[0]) if self.columns else 0

    def place(self, row: int) -> str:
        """The position of a row, in words."""
        return f"row {row + 1}" if self.lines is None else f"line {self.lines[row]}"


def table_of(found: Iterator[Record], width: int, options: Options, dialect: Dialect, limits: Limits) -> RawTable:
    """The table in these records; the first record has the names, unless there are none. Raises DataError."""
    first, head = _head(found)
    names, data = _names(first[1], head, width, options)
    rows = itertools.chain([] if names else [first], head, found)
    return _Gathered(tuple(names or made_up(width)), limits).take(rows, data).table(dialect)


def made_up(width: int) -> list[str]:
    """Names for columns without names."""
    return [f"column_{place}" for place in range(1, width + 1)]


def _head(found: Iterator[Record]) -> tuple[Record, list[Record]]:
    head = list(itertools.islice(found, layout.LOOKED_AT))
    if not head:
        raise DataError(f"The file is empty. {EXPORT}")
    return head[0], head[1:]


def _names(first: list[str], head: list[Record], width: int, options: Options) -> tuple[list[str], list[str] | None]:
    """The names of the columns, empty if they must be made up; and the header record, which may be repeated among the rows."""
    if options.header == "none":
        return [], None
    names = [name.strip() for name in first]
    if options.header == "auto":
        _check_are_names(names, [fields for _, fields in head[: max(layout.FEWEST, layout.LETTERS_LOOKED_AT // (4 * width))]])
    if len(names) < width and all(len(fields) == len(names) + 1 and fields[-1].strip() for _, fields in head[:5]):
        raise DataError(
            f"The CSV is ragged: the header has {len(names)} names, and the lines after it have {width} fields each. "
            "Name the first column too (R writes row names without a name), or mend the header."
        )
    return names, first


def _check_are_names(names: list[str], rows: list[list[str]]) -> None:
    choice = 'set header to "none" (names are made up: column_1 and so on), or to "first_line" if these are the names'
    if len(names) > 1 and all(map(layout.PLAIN_NUMBER.fullmatch, filter(None, names))) and any(names):
        raise UnclearError(f"The first line holds numbers, not column names. Add a header line, or {choice}.")
    if layout.holds_data(names, rows):
        shown = ", ".join(names)[:LONGEST_NAME]
        raise UnclearError(f"The first line holds data, not names: {shown}. Add a header line, or {choice}.")


def check_names(names: Sequence[str]) -> None:
    """Refuses too few, missing, repeated or overlong names."""
    if len(names) < 2:
        raise DataError(f"The file has one column; a table needs a target and a feature. {EXPORT}")
    unnamed = [str(place) for place, name in enumerate(names, start=1) if not name]
    if unnamed:
        raise DataError(
            f"No name in the header for column {', '.join(unnamed[:5])}. Name it or remove it "
            "(pandas writes row numbers so: use to_csv(index=False))."
        )
    repeated = sorted({name for name, others in itertools.groupby(sorted(names)) if len(list(others)) > 1})
    if repeated:
        listed = ", ".join(map(repr, (name[:LONGEST_NAME] for name in repeated[:5])))
        raise DataError(f"Duplicate column names: {listed}. Give each column its own name.")
    if longest := next((name for name in names if len(name) > LONGEST_NAME), None):
        raise DataError(f"A column's name has {len(longest):,} characters: {longest[:60]!r}... The limit is {LONGEST_NAME}. Shorten it.")


class _Gathered:
    """Collects rows into columns: only some cells are Python strings at a time, and the others are packed."""

    def __init__(self, names: tuple[str, ...], limits: Limits) -> None:
        self.names = names
        self.limits = limits
        self.lines = array("l")
        self.repeated = 0
        self._packed: list[list[pa.Array]] = [[] for _ in names]
        self._most = max(1, CELLS_AT_ONCE // len(names))

    def take(self, rows: Iterator[Record], header: list[str] | None) -> _Gathered:
        """Packs all rows, each with as many fields as there are names. A repeated header is left out and counted."""
        waiting: list[list[str]] = []
        width = len(self.names)
        for number, fields in rows:
            if len(fields) != width:
                fields = self._fitted(number, fields)
            if fields == header:
                self.repeated += 1
                continue
            waiting.append(fields)
            self.lines.append(number)
            if len(waiting) >= self._most:
                self._pack(waiting)
                waiting = []
        self._pack(waiting)
        return self

    def _fitted(self, number: int, fields: list[str]) -> list[str]:
        """A line without the empty fields that a separator at its end causes. Raises DataError for a line that does not fit."""
        width = len(self.names)
        if len(fields) > width and not any(field.strip() for field in fields[width:]):
            return fields[:width]
        if len(fields) == width - 1 and not self.names[-1]:
            return [*fields, ""]
        raise DataError(f"The CSV is ragged: line {number} has {len(fields)} fields, the header {width}. Mend that line.")

    def _pack(self, rows: list[list[str]]) -> None:
        import pyarrow as pa

        if not rows:
            return
        check_shape(min(len(self.lines), self.limits.rows + 1), len(self.names), self.limits)
        for packed, cells in zip(self._packed, zip(*rows, strict=True), strict=True):
            packed.append(pa.array(cells, pa.string()))

    def table(self, dialect: Dialect) -> RawTable:
        """The collected table, without columns that have neither a name nor a value, and without a last line of totals."""
        import pyarrow as pa

        named = {name: pa.chunked_array(packed, pa.string()) for name, packed in enumerate(self._packed)}
        kept = [place for place, column in named.items() if self.names[place] or _holds_something(column)]
        names = tuple(self.names[place] for place in kept)
        check_names(names)
        check_shape(len(self.lines), len(names), self.limits)
        raw = RawTable(names, [named[place] for place in kept], dialect, self.lines)
        if len(kept) < len(named):
            raw.notes.append("The lines end with a separator: the empty columns without a name that it makes are left out.")
        if self.repeated:
            raw.left_out.append(("that repeats the header", self.repeated))
        return without_totals(raw)


def _holds_something(column: pa.ChunkedArray) -> bool:
    import pyarrow.compute as pc

    return bool(pc.any(pc.not_equal(pc.utf8_trim_whitespace(column), "")).as_py())


def without_totals(raw: RawTable) -> RawTable:
    """The table without a last line of totals. Such a line names itself in a column that does so nowhere else, and has empty fields or
    numbers.
    """
    if raw.rows < 2:
        return raw
    last = [str(column[-1].as_py()).strip() for column in raw.columns]
    said = [place for place, cell in enumerate(last) if TOTAL.fullmatch(cell)]
    if not any(_said_once(raw.columns[place], last, place) for place in said):
        return raw
    where = raw.place(raw.rows - 1)  # of the last row
    raw.rows -= 1
    raw.columns = [column.slice(0, raw.rows) for column in raw.columns]
    raw.left_out.append((f"of totals ({where})", 1))
    return raw


def _said_once(column: pa.ChunkedArray, last: list[str], place: int) -> bool:
    import pyarrow.compute as pc

    cells = pc.utf8_trim_whitespace(column)
    alone = pc.sum(pc.equal(cells, last[place])).as_py() == 1
    return bool(alone and ("" in last or layout.NUMBER.fullmatch(cells[0].as_py())))
