"""Parquet files, unpacked only as far as the limits allow.

A file of some kilobytes may declare gigabytes. Its declared types, rows and unpacked page sizes are checked before anything is unpacked,
and the size of the data is counted while it is read.
"""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING, Any

from core.data.examples import DataError
from core.data.reading.limits import Limits, check_shape
from core.data.reading.raw import RawTable, check_names
from core.data.report import Dialect

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

ROWS_AT_ONCE = 65_536
MOST_PIECES = 50_000  # columns times row groups, because opening each one takes time
MOST_ENTRIES = 1_000_000  # entries in any list of the file's metadata
BYTES_A_CELL = 16
FRONT_CODED = "DELTA_BYTE_ARRAY"  # long values that repeat their neighbours take almost no space in the file, but all of it after unpacking


def read_parquet(content: bytes, limits: Limits) -> RawTable:
    """The table in a Parquet file, with its column types. Raises DataError."""
    import pyarrow as pa

    try:
        file = _opened(content)
        _check_types(file.schema_arrow)
        names = tuple(file.schema_arrow.names)
        check_shape(file.metadata.num_rows, len(names), limits)
        check_names(names)
        _check_sizes(file.metadata, limits)
        declared = frozenset(field.name for field in file.schema_arrow if pa.types.is_dictionary(field.type))
        return RawTable(names, _columns(content, file.schema_arrow, limits), Dialect("parquet"), categories=declared)
    except (pa.ArrowException, OSError, UnicodeDecodeError, ValueError, OverflowError, MemoryError) as error:
        if isinstance(error, DataError):
            raise
        reason = (str(error) or type(error).__name__).splitlines()[0][:200]
        raise DataError(f"The Parquet file is damaged: {reason}. Export it again.") from error


def _opened(content: bytes, texts: list[str] | None = None) -> pq.ParquetFile:
    import pyarrow.parquet as pq

    return pq.ParquetFile(
        io.BytesIO(content),
        read_dictionary=texts,
        pre_buffer=False,
        thrift_container_size_limit=MOST_ENTRIES,
        arrow_extensions_enabled=False,
    )


def _check_types(schema: pa.Schema) -> None:
    """Refuses columns that are neither numbers nor texts nor dates: lists, structures, maps. None of them is read."""
    bad = {field.name: str(field.type)[:60] for field in schema if not _is_plain(field.type)}
    if bad:
        listed = ", ".join(f"{name!r} ({what})" for name, what in list(bad.items())[:5])
        raise DataError(f"The Parquet file has columns that are no numbers, texts or dates: {listed}. Leave them out of the file.")


def _is_plain(kind: pa.DataType) -> bool:
    from pyarrow import types

    if types.is_dictionary(kind):
        return _is_plain(kind.value_type)
    tests = (
        types.is_integer, types.is_floating, types.is_decimal, types.is_boolean, types.is_null, types.is_date, types.is_timestamp,
        types.is_string, types.is_large_string, types.is_binary, types.is_large_binary, types.is_time, types.is_duration,
    )  # fmt: skip
    return any(test(kind) for test in tests)


def _check_sizes(metadata: Any, limits: Limits) -> None:
    """Refuses a file whose unpacked pages would fill the memory, or which consists of very many pieces."""
    pieces = metadata.num_row_groups * metadata.num_columns
    if pieces > MOST_PIECES:
        raise DataError(
            f"The Parquet file is cut into {metadata.num_row_groups:,} row groups of {metadata.num_columns:,} columns: more than the limit "
            f"of {MOST_PIECES:,} pieces. Write it with larger row groups."
        )
    unpacked, coded = 0, False
    for group in range(metadata.num_row_groups):
        rows = metadata.row_group(group)
        for place in range(metadata.num_columns):
            column = rows.column(place)
            unpacked += max(0, column.total_uncompressed_size)
            coded |= FRONT_CODED in column.encodings
    if unpacked > limits.unpacked:
        raise DataError(
            f"The Parquet file has {unpacked / 2**20:,.0f} MB once unpacked; the limit is {limits.unpacked / 2**20:,.0f} MB. "
            "Train on a sample of its rows."
        )
    if coded:
        raise DataError(f"The Parquet file's texts are front-coded ({FRONT_CODED}), which is not read. Write it without this encoding.")


def _columns(content: bytes, schema: pa.Schema, limits: Limits) -> list[pa.ChunkedArray]:
    """The columns, read in batches. Repeated text stays a dictionary: expanded, a small file could fill the memory."""
    import pyarrow as pa

    texts = [field.name for field in schema if _is_text(field.type)]
    batches, rows, size, until = [], 0, 0, time.monotonic() + limits.seconds
    for batch in _opened(content, texts).iter_batches(ROWS_AT_ONCE):
        batches.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        check_shape(max(rows, 1), batch.num_columns, limits)
        if size > limits.unpacked + BYTES_A_CELL * limits.cells or time.monotonic() > until:
            raise DataError(
                f"The Parquet file takes more than {limits.seconds:g} s or too much memory to read. Train on a sample of its rows."
            )
    if not rows:
        raise DataError("The Parquet file is damaged: it holds no rows, and says that it does. Export it again.")
    table = pa.Table.from_batches(batches).unify_dictionaries()
    return [_as_text(name, column) for name, column in zip(schema.names, table.columns, strict=True)]


def _is_text(kind: pa.DataType) -> bool:
    from pyarrow import types

    return any(test(kind) for test in (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary))


def _as_text(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of bytes as text in UTF-8; other columns unchanged. Raises DataError for bytes that are not UTF-8."""
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type) or not _is_text(column.type.value_type):
        return column
    known = column.chunk(0).dictionary  # all chunks share one dictionary
    try:
        known = known.cast(pa.large_binary()).cast(pa.large_string())
    except pa.ArrowInvalid as error:
        raise DataError(f"The column {name!r} holds bytes that are no text in UTF-8. Leave it out of the file, or mend it.") from error
    return pa.chunked_array([pa.DictionaryArray.from_arrays(part.indices, known) for part in column.chunks])
