"""Small files that are large tables: what compression and repetition make of a few bytes."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

TARGET = "y"


def bomb(rng: Random) -> tuple[bytes, str]:
    """(bytes, a column's name): some kind of bomb, up to a size that would fill a machine."""
    return rng.choice(KINDS)(rng), TARGET


def _written(columns: dict[str, pa.Array | pa.ChunkedArray], **options: int) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer, compression="zstd", store_schema=False, **options)
    return buffer.getvalue()


def _classes(rows: int) -> pa.Array:
    """Two, one after the other."""
    return pa.array(np.arange(rows, dtype=np.int8) % 2)


def _zeros(rows: int) -> pa.Array:
    return pa.array(np.zeros(rows, dtype=np.int8))


def _rows(rng: Random) -> bytes:
    rows = rng.choice((999_000, 10**7, 3 * 10**7))
    return _written({TARGET: _classes(rows), "x": _zeros(rows)})


def _nothing(rng: Random) -> bytes:
    rows = rng.choice((10**6, 10**8))
    return _written({TARGET: pa.nulls(rows), "x": pa.nulls(rows)})


def _long_texts(rng: Random) -> bytes:
    rows, letters = rng.choice((10**3, 10**5, 10**6)), rng.choice((10**3, 10**5))
    word = pa.DictionaryArray.from_arrays(_zeros(rows), ["x" * letters])
    return _written({TARGET: _classes(rows), "x": word, "z": _classes(rows)})


def _lists(rng: Random) -> bytes:
    rows, each = rng.choice((100, 100_000)), rng.choice((10, 1_000))
    offsets = pa.array(np.arange(0, rows * each + 1, each, dtype=np.int32))
    return _written({TARGET: _classes(rows), "x": pa.ListArray.from_arrays(offsets, _zeros(rows * each))})


def _lists_of_texts(rng: Random) -> bytes:
    rows, each = 100_000, rng.choice((10, 1_000))
    offsets = pa.array(np.arange(0, rows * each + 1, each, dtype=np.int32))
    words = pa.DictionaryArray.from_arrays(_zeros(rows * each), ["x" * 100])
    return _written({TARGET: _classes(rows), "x": pa.ListArray.from_arrays(offsets, words)})


def _nested(rng: Random) -> bytes:
    column = _zeros(rng.choice((10, 10**5)))
    rows = len(column)
    for _ in range(rng.choice((1, 20, 100))):
        column = pa.StructArray.from_arrays([column], ["a"])
    return _written({TARGET: _classes(rows), "x": column})


def _wide(rng: Random) -> bytes:
    columns, rows = rng.choice((1_999, 2_000, 20_000)), rng.choice((1, 50, 500))
    return _written({TARGET: _classes(rows), **{f"x{number}": _zeros(rows) for number in range(columns)}})


def _row_groups(rng: Random) -> bytes:
    rows = rng.choice((100, 5_000))
    return _written({TARGET: _classes(rows), "x": _zeros(rows)}, row_group_size=1)


def _zipped_csv(rng: Random) -> bytes:
    return gzip.compress(b"x,y\n" + b"1,2\n" * rng.choice((10**5, 10**7)))


def _wide_csv(rng: Random) -> bytes:
    columns = rng.choice((10**4, 10**6))
    return b"y" + b",x" * columns + b"\n" + (b"1" + b",1" * columns + b"\n") * rng.choice((1, 3))


def _long_cell(rng: Random) -> bytes:
    quote = rng.choice((b"", b'"'))
    return b"x,y\n" + quote + b"a" * rng.choice((10**5, 9 * 10**6)) + b",1\n"


KINDS: tuple[Callable[[Random], bytes], ...] = (
    _rows, _nothing, _long_texts, _lists, _lists_of_texts, _nested, _wide, _row_groups, _zipped_csv, _wide_csv, _long_cell
)  # fmt: skip
