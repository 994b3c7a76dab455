"""Reads the bytes of a user's table: text, Excel or Parquet. The content decides the format, never the file's name.

Nothing is unpickled or executed, only gzip and Excel are unpacked, and each limit is checked before memory is allocated.
"""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.data.examples import DataError
from core.data.reading.formats import format_of, unpacked
from core.data.reading.limits import LIMITS, Limits, check_shape, check_size
from core.data.reading.options import Options
from core.data.reading.raw import RawTable, check_names

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["LIMITS", "Limits", "bytes_of", "check_shape", "check_size", "format_of", "from_frame", "open_file", "read_raw"]


def read_raw(source: Path | bytes, options: Options = Options(), limits: Limits = LIMITS) -> RawTable:  # noqa: B008 (frozen)
    """The table in a file or in its bytes, unchanged, with unique column names and at least one row.

    Raises DataError for anything else, and for a table that exceeds `limits`.
    """
    content = bytes_of(source, limits)
    form = format_of(content)
    if form == "gzip":
        raw = read_raw(unpacked(content, limits), options, replace(limits, bytes=limits.unpacked))
        raw.dialect = replace(raw.dialect, format=f"gzip {raw.dialect.format}")
        return raw
    if form == "parquet":
        from core.data.reading.parquet import read_parquet

        return read_parquet(content, limits)
    if form == "xlsx":
        from core.data.reading.workbook import read_workbook

        return read_workbook(content, options, limits)
    from core.data.reading.delimited import read_delimited

    return read_delimited(content, options, limits)


def from_frame(frame: pd.DataFrame, form: str, limits: Limits = LIMITS) -> RawTable:
    """A table from a data frame, with the types of its columns."""
    import pandas as pd
    import pyarrow as pa

    from core.data.report import Dialect

    check_names(list(map(str, frame.columns)))
    check_shape(len(frame), len(frame.columns), limits)
    categories = frozenset(str(name) for name in frame.columns if isinstance(frame[name].dtype, pd.CategoricalDtype))
    columns = [_arrow(frame[name]) for name in frame.columns]
    return RawTable(
        tuple(map(str, frame.columns)), [pa.chunked_array([column]) for column in columns], Dialect(form), categories=categories
    )


def _arrow(column: pd.Series) -> pa.Array:
    import pyarrow as pa

    try:
        return pa.Array.from_pandas(column)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.Array.from_pandas(column.map(str, na_action="ignore"))


def bytes_of(source: Path | bytes, limits: Limits = LIMITS) -> bytes:
    """The file's bytes, read only if the file is not too large."""
    if isinstance(source, bytes):
        check_size(len(source), limits)
        return source
    with open_file(source, limits) as file:
        return file.read()


def open_file(path: Path, limits: Limits = LIMITS) -> io.BufferedReader:
    """The file, open for reading. Raises DataError if it is missing, unreadable, no regular file, or too large."""
    if not path.is_file():
        start = "" if path.is_absolute() else f"; a relative one starts from {Path.cwd()}"
        raise DataError(f"There is no file at {path}. Check the path{start}.")
    check_size(path.stat().st_size, limits)
    try:
        return path.open("rb")
    except OSError as error:
        raise DataError(f"The file at {path} cannot be read: {error.strerror}. Check its permissions.") from error
