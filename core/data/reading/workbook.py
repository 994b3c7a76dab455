"""Excel workbooks (.xlsx), read row by row."""

from __future__ import annotations

import datetime as dt
import io
import itertools
import time
import warnings
import zipfile
from collections.abc import Iterator
from typing import Any

from core.data.examples import DataError, UnclearError
from core.data.reading import layout
from core.data.reading.layout import Record
from core.data.reading.limits import Limits
from core.data.reading.options import Options
from core.data.reading.raw import RawTable, table_of
from core.data.report import Dialect


def read_workbook(content: bytes, options: Options, limits: Limits) -> RawTable:
    """The table in a sheet of a workbook: the first sheet, unless `options.sheet` names one. Raises DataError."""
    from openpyxl import load_workbook

    _check_unpacked(content, limits)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions that are not read
            book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
            sheet = _sheet(book, options.sheet)
            found = list(_records(sheet, limits))
    except DataError:
        raise
    except Exception as error:  # parsers of archives and XML raise many kinds of errors for a damaged file
        raise DataError(f"The Excel workbook is damaged or no workbook: {_first_line(error)}. Save it again, or as CSV.") from error
    titles = [sheet.title for sheet in book.worksheets]
    try:
        raw = _table(found, sheet.title, options, limits)
    except DataError as error:
        if len(titles) == 1 or options.sheet:
            raise
        raise UnclearError(f"In the sheet {titles[0]!r}: {error} Or set sheet to another: {_listed(titles[1:])}.") from error
    if len(titles) > 1:
        raw.notes.append(f"The workbook has {len(titles)} sheets; {sheet.title!r} is read. Set sheet for another.")
    return raw


def _table(found: list[Record], title: str, options: Options, limits: Limits) -> RawTable:
    width, skipped = _layout(found)
    dialect = Dialect("xlsx", header="none" if options.header == "none" else "first_line", skipped=skipped, sheet=title)
    rows = ((number, (fields + [""] * width)[: max(width, len(fields))]) for number, fields in found[skipped:])
    raw = table_of(iter(rows), width, options, dialect, limits)
    if skipped:
        raw.notes.append(f"{skipped} row{'s' * (skipped > 1)} before the table left out.")
    return raw


def _listed(titles: list[str]) -> str:
    return ", ".join(map(repr, titles[:20]))


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]


def _check_unpacked(content: bytes, limits: Limits) -> None:
    """Refuses a workbook that would fill the memory. A zip archive declares the sizes of its files, and unpacks no more than that."""
    size = sum(file.file_size for file in zipfile.ZipFile(io.BytesIO(content)).infolist())
    if size > limits.unpacked:
        raise DataError(
            f"The Excel workbook has {size / 2**20:,.0f} MB once unpacked; the limit is {limits.unpacked / 2**20:,.0f} MB. "
            "Save the sheet as CSV, or train on a sample of its rows."
        )


def _sheet(book: Any, asked: str) -> Any:
    titles = [sheet.title for sheet in book.worksheets]
    if not titles:
        raise DataError("The Excel workbook has no sheet of cells.")
    if asked and asked not in titles:
        raise DataError(f"The Excel workbook has no sheet {asked!r}. Its sheets are {_listed(titles)}.")
    return book[asked or titles[0]]


def _records(sheet: Any, limits: Limits) -> Iterator[Record]:
    """The rows that are not blank, without the empty cells at their end."""
    cells, until = 0, time.monotonic() + limits.seconds
    sheet.reset_dimensions()  # the size that a file declares may be wrong
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        cells += len(row) + 1
        if cells > limits.workbook_cells or (number % 1000 == 0 and time.monotonic() > until):
            raise DataError(
                f"The sheet has more than the limit of {limits.workbook_cells:,} cells of an Excel workbook, empty ones among them, "
                f"or takes longer than {limits.seconds:g} s to read. Save it as CSV."
            )
        fields = [_text(value) for value in row]
        while fields and not fields[-1].strip():
            fields.pop()
        if fields:
            yield number, fields


def _text(value: Any) -> str:
    """A cell as it would stand in a CSV: 1.5, true, 2024-01-31."""
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ") if value.time() != dt.time() else value.date().isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


def _layout(found: list[Record]) -> tuple[int, int]:
    """The number of columns in the table, and the number of rows before it."""
    head = [fields for _, fields in itertools.islice(found, layout.LOOKED_AT)]
    if not head:
        raise DataError("The sheet is empty.")
    width = max(map(len, head))
    return width, layout.preamble(head, width)
