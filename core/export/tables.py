"""Tables as CSV that a spreadsheet may open: numbers whole, and no text that would run as a formula."""

from __future__ import annotations

from pandas import DataFrame, Series, StringDtype
from pandas.api.types import is_numeric_dtype

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection)."""


def escape_cells(frame: DataFrame) -> DataFrame:
    """The frame with an apostrophe before each text that a spreadsheet would take for a formula, in cells and column names.

    Numbers are left as they are, negative ones too.
    """
    text = {str(name): _escaped(column) for name, column in frame.items() if not is_numeric_dtype(column)}
    return frame.assign(**text).rename(columns=_escape)


def to_csv_bytes(frame: DataFrame) -> bytes:
    """The frame as CSV in UTF-8, without its index: floats so that reading gives the same bits, NaN as an empty cell, text escaped."""
    return escape_cells(frame).to_csv(index=False, lineterminator="\n").encode()


def _escaped(column: Series) -> Series:
    if not isinstance(column.dtype, StringDtype):
        return column.map(_escape)
    dangerous = column.str.startswith(FORMULA, na=False)
    return column.where(~dangerous, "'" + column)


def _escape(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
