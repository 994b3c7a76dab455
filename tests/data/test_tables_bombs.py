"""Small files that would take gigabytes are refused before they do."""

from __future__ import annotations

import gzip
import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.data.loading import DataError
from core.data.reading import delimited
from core.data.reading.limits import Limits
from core.data.reading.options import Options
from tests.data.tables import csv, frame, loaded, read_table

MOST_MB = 600  # above what reading a small table takes
LOAD = """
import json, resource, sys
from core.data.examples import DataError
from core.data.sets.fetched import Table
from core.data.loading import load_data

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

def said(path):
    try:
        load_data(Table(path=path, target="y"))
    except DataError as error:
        return str(error)
    return "read"

said(sys.argv[1])
before, found = peak(), {}
for path in sys.argv[2:]:
    found[path] = [said(path), peak() - before]
print(json.dumps(found))
"""


def saved(table: pa.Table, **options: object) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd", **options)
    return buffer.getvalue()


def two(rows: int) -> pa.Array:
    return pa.array(np.arange(rows) % 2)


def half_empty_workbook() -> bytes:
    """A workbook with one cell in the last row and column that there can be, and a size of its sheet that is not so."""
    buffer = io.BytesIO()
    pd.DataFrame({"x": [1], "y": [2]}).to_excel(buffer, index=False)
    with zipfile.ZipFile(buffer) as book:
        files = {name: book.read(name) for name in book.namelist()}
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    files["xl/worksheets/sheet1.xml"] = files["xl/worksheets/sheet1.xml"].replace(b"</sheetData>", far)
    return archive(files)


def workbook_of_zeros() -> bytes:
    buffer = io.BytesIO()
    pd.DataFrame({"x": [1], "y": [2]}).to_excel(buffer, index=False)
    with zipfile.ZipFile(buffer) as book:
        files = {name: book.read(name) for name in book.namelist()}
    return archive(files | {"xl/sharedStrings.xml": b" " * 140_000_000})


def archive(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in files.items():
            book.writestr(name, content)
    return buffer.getvalue()


def spread(rows: int, columns: int) -> pa.Table:
    return pa.table({f"x{n}": np.zeros(rows, dtype=np.int8) for n in range(columns - 1)} | {"y": two(rows)})


def coded(text: str, rows: int = 900_000) -> pa.Table:
    return pa.table({"x": pa.DictionaryArray.from_arrays(pa.array(np.arange(rows) % 2), [text, "y"]), "y": two(rows)})


def texts(text: str, rows: int) -> pa.Table:
    return pa.table({"x": pa.array([text] * rows), "y": two(rows)})


FRONT_CODED = {"x": "DELTA_BYTE_ARRAY", "y": "PLAIN"}
BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "lists": (lambda: saved(pa.table({"x": [[0] * 1000] * 20_000, "y": two(20_000)})), r"no numbers, texts or dates: 'x' \(list"),
    "structures": (lambda: saved(pa.table({"x": [{"a": 1}] * 9, "y": two(9)})), r"no numbers, texts or dates: 'x' \(struct"),
    "rows": (lambda: saved(spread(5_000_000, 2)), "more rows than the limit"),
    "cells": (lambda: saved(spread(100_000, 300)), "more than the limit of"),
    "pages of one text": (lambda: saved(texts("x" * 100_000, 4000), use_dictionary=False), "MB once unpacked"),
    "a long text, coded": (lambda: saved(coded("x" * 9_000_000)), r"'x' \(free text\)"),
    "repeated neighbours": (
        lambda: saved(texts("x" * 50_000, 8000), use_dictionary=False, column_encoding=FRONT_CODED),
        "MB once unpacked|front-coded",
    ),
    "pieces": (lambda: saved(spread(200, 301), row_group_size=1), "200 row groups of 301 columns"),
    "gzip": (lambda: gzip.compress(b"x,y\n" + b"0,1\n" * 35_000_000, compresslevel=1), "more than 128 MB once unpacked"),
    "a far cell": (half_empty_workbook, "more than the limit of 1,000,000 cells"),
    "a workbook of zeros": (workbook_of_zeros, "MB once unpacked"),
}


def test_bombs_are_refused_before_they_fill_the_memory(tmp_path: Path):
    small = tmp_path / "small"
    small.write_bytes(csv(frame().rename(columns={"bought": "y"})))
    paths = {tmp_path / name.replace(" ", "_"): message for name, (_, message) in BOMBS.items()}
    for path, (make, _) in zip(paths, BOMBS.values(), strict=True):
        path.write_bytes(make())
    command = [sys.executable, "-c", LOAD, str(small), *map(str, paths)]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    for path, message in paths.items():
        said, peak = found[str(path)]
        assert re.search(message, said), f"{path.name}: {said}"
        assert peak < MOST_MB, f"{path.name} took {peak:.0f} MB"


def test_wide_tables_are_legal_up_to_the_limit():
    wide = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 1999)).round(2), columns=[f"g{n}" for n in range(1999)])
    split = loaded(csv(wide.assign(y=np.resize(["p", "q"], 30))), target="y")
    assert split.x_train.shape == (18, 1999)
    with pytest.raises(DataError, match=r"The table has 2,001 columns in the file; the limit is 2,000\. Leave some of them out"):
        read_table(csv(wide.assign(a=1, y=0)))


def test_bytes_that_are_no_text_are_refused_by_their_column():
    content = saved(pa.table({"x": pa.array([b"\xff\xfe", b"ok"] * 20), "y": two(40)}))
    with pytest.raises(DataError, match="'x' holds bytes that are no text in UTF-8"):
        read_table(content)


@pytest.mark.parametrize("number", ["1" * 400, "-" + "9" * 400, "1e999"])
def test_integers_of_400_digits_are_refused_as_too_large(number):
    with pytest.raises(DataError, match=r"'x' holds -?inf .*too large for 32-bit"):
        loaded(f"x,y\n{number},p\n".encode() + b"1,p\n2,q\n" * 10, target="y")


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("x,y\n" + "1,2\n" * 21, False),
        ("x,y\n" + "1,2\n\n\r\n" * 10, True),
        ("x,y\r\n" + "1,2\r\n\r\n" * 10, True),
        ("x,y\n" + "x,y\n" * 8 + "1,2\n" * 10, True),
        ("x,y\n" + '"1\n2\n3\n4\n5",2\n' * 10, True),
    ],
    ids=["too many lines", "blank lines", "blank lines of Windows", "repeated headers", "quoted lines"],
)
def test_lines_are_refused_before_they_are_read_only_where_each_is_a_row(monkeypatch, text, taken):
    read = []
    monkeypatch.setattr(delimited, "table_of", lambda *parts: read.append(parts))
    if taken:
        delimited.read_delimited(text.encode(), Options(), Limits(rows=10))
    else:
        with pytest.raises(DataError, match="more rows than the limit of 10"):
            delimited.read_delimited(text.encode(), Options(), Limits(rows=10))
    assert bool(read) == taken
