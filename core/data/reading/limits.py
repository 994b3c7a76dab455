"""How large a table may be."""

from __future__ import annotations

from dataclasses import dataclass

from core.data.examples import DataError


@dataclass(frozen=True)
class Limits:
    """Limits of a table: bytes of the file, bytes after unpacking, rows, columns after categories are encoded, rows times these columns;
    cells of an Excel workbook, which takes ten times as long to read; and seconds of reading.
    """

    bytes: int = 50 * 2**20
    rows: int = 1_000_000
    columns: int = 2_000
    cells: int = 20_000_000
    unpacked: int = 128 * 2**20
    workbook_cells: int = 1_000_000
    seconds: float = 20.0


LIMITS = Limits()


def check_size(size: int, limits: Limits) -> None:
    """Refuses a file with more bytes than `limits` allow."""
    if size > limits.bytes:
        raise DataError(
            f"The file has {size / 2**20:,.1f} MB; the limit is {limits.bytes / 2**20:,.1f} MB. "
            "Train on a sample of its rows, or save it as Parquet, which is smaller."
        )


def check_shape(rows: int, columns: int, limits: Limits, *, encoded: bool = False) -> None:
    """Refuses a table without rows, or one that exceeds `limits`; with `encoded`, each category counts as a column."""
    if rows == 0:
        raise DataError("The table has column names but no rows. Add rows.")
    if rows > limits.rows:
        raise DataError(f"The table has more rows than the limit of {limits.rows:,}. Train on a sample of them.")
    counted = " (each category counts as one)" if encoded else " in the file"
    if columns > limits.columns:
        advice = "Drop columns with many categories." if encoded else "Leave some of them out of the file."
        raise DataError(f"The table has {columns:,} columns{counted}; the limit is {limits.columns:,}. {advice}")
    if rows * columns > limits.cells:
        raise DataError(
            f"The table has {rows:,} rows of {columns:,} columns{counted}: more than the limit of "
            f"{limits.cells:,} cells. Train on a sample of its rows, or drop columns."
        )
