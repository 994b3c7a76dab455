"""Tables as CSV that a spreadsheet may open: numbers whole, and no text that would run as a formula."""

from __future__ import annotations

import csv
from typing import Literal

from pandas import DataFrame, Series, StringDtype
from pandas.api.types import is_numeric_dtype

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes for the beginning of a formula, the four signs in full width too (OWASP, CSV injection)."""


def escape_cells(frame: DataFrame) -> DataFrame:
    """The frame with an apostrophe before each text that a spreadsheet would take for a formula, in cells and column names.

    Numbers are left as they are, negative ones too.
    """
    escaped = frame.copy(deep=False)
    for index in range(frame.shape[1]):  # by place: two columns may have one name
        if not is_numeric_dtype(frame.dtypes.iloc[index]):
            escaped.isetitem(index, _escaped(frame.iloc[:, index]).array)
    return escaped.rename(columns=_escape)


def to_csv_bytes(frame: DataFrame) -> bytes:
    """The frame as CSV in UTF-8, without its index: floats so that reading gives the same bits, NaN as an empty cell, text escaped.

    A half of a sign, which no UTF-8 can have, is written as its number.
    """
    text = escape_cells(frame)
    written = _csv(text, csv.QUOTE_MINIMAL)
    if "\r" in written:  # Python before 3.13 leaves a carriage return without quotes, where readers end the line
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
