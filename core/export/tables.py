"""Tables as CSV that are safe in a spreadsheet: numbers with all digits, and no text that would run as a formula."""

from __future__ import annotations

import csv
from typing import Literal

from pandas import DataFrame, Series, StringDtype
from pandas.api.types import is_numeric_dtype

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""First characters that a spreadsheet reads as a formula, the four signs also in full width (OWASP, CSV injection)."""


def escape_cells(frame: DataFrame) -> DataFrame:
    """Returns the frame with an apostrophe before each text that a spreadsheet would read as a formula, in cells and column names.

    Numbers are not changed, negative ones neither.
    """
    escaped = frame.copy(deep=False)
    for index in range(frame.shape[1]):  # by position, because two columns may have the same name
        if not is_numeric_dtype(frame.dtypes.iloc[index]):
            escaped.isetitem(index, _escaped(frame.iloc[:, index]).array)
    return escaped.rename(columns=_escape)


def to_csv_bytes(frame: DataFrame) -> bytes:
    """Returns the frame as CSV in UTF-8, without its index.

    Floats are written so that reading gives the same bits, NaN as an empty cell, and text is escaped. Half of a surrogate pair, which UTF-8
    cannot encode, is written as its number.
    """
    text = escape_cells(frame)
    written = _csv(text, csv.QUOTE_MINIMAL)
    if "\r" in written:  # Python before 3.13 does not quote a carriage return, at which readers end the line
        written = _csv(text, csv.QUOTE_NONNUMERIC)
    return written.encode(errors="backslashreplace")


def _csv(frame: DataFrame, quoting: Literal[0, 2]) -> str:
    return frame.to_csv(index=False, lineterminator="\n", quoting=quoting)


def _escaped(column: Series) -> Series:
    if not isinstance(column.dtype, StringDtype):
        return column.map(_escape)
    dangerous = column.str.startswith(FORMULA, na=False)
    return column.where(~dangerous, "'" + column)


def _escape(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
