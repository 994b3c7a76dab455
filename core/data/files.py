"""Reading the bytes of a user's table: CSV or Parquet, told by what is inside and never by the file's name.

Nothing is unpickled, unpacked or executed, and each limit is checked before the memory for it is taken.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from core.data.examples import DataError

Format = Literal["csv", "parquet"]


@dataclass(frozen=True)
class Limits:
    """What a table may take: bytes of the file, rows, columns once categories are encoded, and rows times those columns."""

    bytes: int = 50 * 2**20
    rows: int = 1_000_000
    columns: int = 2_000
    cells: int = 20_000_000


LIMITS = Limits()

PARQUET = b"PAR1"
ARCHIVES = (
    (re.compile(rb"PK(\x03\x04|\x05\x06)"), "a zip archive (or an Excel workbook, which is one)"),
    (re.compile(rb"\x1f\x8b"), "a gzip archive"),
    (re.compile(rb"BZh[1-9](1AY&SY|\x17\x72\x45\x38\x50\x90)"), "a bzip2 archive"),
    (re.compile(rb"\xfd7zXZ\x00"), "an xz archive"),
    (re.compile(rb"\x28\xb5\x2f\xfd"), "a zstd archive"),
    (re.compile(rb"7z\xbc\xaf\x27\x1c"), "a 7z archive"),
    (re.compile(rb"Rar!\x1a\x07"), "a rar archive"),
    (re.compile(rb"(?s).{257}ustar"), "a tar archive"),
)
BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
ENCODING = "utf-8-sig"  # UTF-8, with or without a byte order mark
SEPARATORS = ",;\t|"
MISSING_MARKS = ("?",)  # of the UCI repository; besides those of pandas: empty, NA, N/A, NaN, null, None, ...
EXPORT = "Export the table as CSV (UTF-8, a header line, separated by commas) or Parquet."


def read_table(source: Path | bytes, limits: Limits = LIMITS) -> pd.DataFrame:
    """The table in a file or in its bytes, with unique column names and at least one row; nothing else is judged here.

    Raises DataError for anything that is no such table, or exceeds `limits`.
    """
    content = bytes_of(source, limits)
    return _read_parquet(content, limits) if format_of(content) == "parquet" else _read_csv(content, limits)


def bytes_of(source: Path | bytes, limits: Limits = LIMITS) -> bytes:
    """The file's bytes, read only if there are not too many."""
    if isinstance(source, bytes):
        check_size(len(source), limits)
        return source
    with open_file(source, limits) as file:
        return file.read()


def open_file(path: Path, limits: Limits = LIMITS) -> io.BufferedReader:
    """The file, open for reading; a missing, unreadable, irregular or too large one is a DataError."""
    if not path.is_file():
        raise DataError(f"There is no file at {path}. Check the path; a relative one starts from {Path.cwd()}.")
    check_size(path.stat().st_size, limits)
    try:
        return path.open("rb")
    except OSError as error:
        raise DataError(f"The file at {path} cannot be read: {error.strerror}. Check its permissions.") from error


def check_size(size: int, limits: Limits) -> None:
    """Refuse a file of more bytes than `limits` allow."""
    if size > limits.bytes:
        raise DataError(
            f"The file has {size / 2**20:,.1f} MB; the limit is {limits.bytes / 2**20:,.1f} MB. "
            "Train on a sample of its rows, or save it as Parquet, which is smaller."
        )


def format_of(content: bytes) -> Format:
    """Which of the two formats the bytes claim to be; DataError when they are evidently something else."""
    if not content.strip():
        raise DataError(f"The file is empty. {EXPORT}")
    if content[:4] == PARQUET:
        return "parquet"
    for magic, what in ARCHIVES:
        if magic.match(content):
            raise DataError(f"The file is {what}, which is never unpacked here. {EXPORT}")
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise DataError("The file's encoding is UTF-16. Save it as UTF-8.")
    if BINARY.search(content):
        raise DataError(f"The file is binary and no Parquet: not a table that can be read. {EXPORT}")
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start in (b"<", b"{", b"["):
        raise DataError(f"The file is {'HTML or XML' if start == b'<' else 'JSON'}, not a table. {EXPORT}")
    return "csv"


def _read_parquet(content: bytes, limits: Limits) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(content))
        check_names(file.schema_arrow.names)
        check_shape(file.metadata.num_rows, len(file.schema_arrow.names), limits)
        # Repeated text stays a dictionary: spelled out, a small file could fill the memory.
        text_types = (pa.string(), pa.large_string(), pa.binary(), pa.large_binary())
        texts = [field.name for field in file.schema_arrow if field.type in text_types]
        table = pq.ParquetFile(io.BytesIO(content), read_dictionary=texts).read()
        frame: pd.DataFrame = table.replace_schema_metadata().to_pandas()  # without pandas's notes, an index is a column
        return frame
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DataError(f"The Parquet file is damaged: {str(error).splitlines()[0]}. Export it again.") from error


def _read_csv(content: bytes, limits: Limits) -> pd.DataFrame:
    _check_encoding(content)
    separator = _separator(content)
    names, rows = _checked_rows(content, separator, limits)
    try:
        frame = pd.read_csv(
            io.BytesIO(content),
            encoding=ENCODING,
            sep=separator,
            header=0,
            names=names,
            index_col=False,
            skipinitialspace=True,
            na_values=list(MISSING_MARKS),
            low_memory=False,
        )
    except pd.errors.ParserError as error:
        raise DataError(f"The CSV cannot be read: {error}. {EXPORT}") from error
    if len(frame) != rows:
        raise DataError(f"The CSV reads as {rows} or as {len(frame)} rows: its line ends or quotes are mixed. {EXPORT}")
    return frame


def _check_encoding(content: bytes) -> None:
    try:
        content.decode(ENCODING)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"The file's encoding is not UTF-8: line {line} holds the byte 0x{content[error.start]:02x}. Save it as UTF-8."
        ) from error


def _separator(content: bytes) -> str:
    """The separator that cuts the header into most columns; the comma when several do."""

    def columns(separator: str) -> int:
        _, header = next(_fields(content, separator, strict=False))
        return len(header)

    return max(SEPARATORS, key=columns)


def _checked_rows(content: bytes, separator: str, limits: Limits) -> tuple[tuple[str, ...], int]:
    """The column names and the number of rows of a CSV whose every row has as many fields as the header.

    pandas alone would not do: it fills short rows, takes the first column of long ones for an index, and renames duplicates.
    """
    lines = _fields(content, separator)
    _, header = next(lines)
    names = tuple(name.strip() for name in header)
    check_names(names)
    rows = 0
    for number, fields in lines:
        rows += 1
        if len(fields) != len(names):
            raise DataError(f"The CSV is ragged: line {number} has {len(fields)} fields, the header {len(names)}. Mend that line.")
        if rows > limits.rows:
            break
    check_shape(rows, len(names), limits)
    return names, rows


def _fields(content: bytes, separator: str, *, strict: bool = True) -> Iterator[tuple[int, list[str]]]:
    """The line number and the fields of every line that is not blank."""
    text = io.TextIOWrapper(io.BytesIO(content), encoding=ENCODING, newline="")  # a StringIO would take four times the memory
    reader = csv.reader(text, delimiter=separator, skipinitialspace=True, strict=strict)
    try:
        for fields in reader:
            if fields:
                yield reader.line_num, fields
    except csv.Error as error:
        raise DataError(f"The CSV cannot be read: line {reader.line_num}: {error}. {EXPORT}") from error


def check_names(names: Sequence[str]) -> None:
    """Refuse a header with too few, missing or repeated names, or with numbers where names should be."""
    if len(names) < 2:
        raise DataError(f"The file has one column; a table needs a target and a feature. {EXPORT}")
    unnamed = [str(place) for place, name in enumerate(names, start=1) if not name]
    if unnamed:
        raise DataError(
            f"No name in the header for column {', '.join(unnamed)}. Name it or remove it "
            "(pandas writes row numbers so: use to_csv(index=False))."
        )
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DataError(f"Duplicate column names: {', '.join(map(repr, repeated))}. Give each column its own name.")
    if all(_is_number(name) for name in names):
        raise DataError("The first line holds numbers, not column names. Add a header line.")


def check_shape(rows: int, columns: int, limits: Limits) -> None:
    """Refuse a table without rows, or with more of anything than `limits` allow."""
    if rows == 0:
        raise DataError("The table has column names but no rows. Add rows.")
    if rows > limits.rows:
        raise DataError(f"The table has more rows than the limit of {limits.rows:,}. Train on a sample of them.")
    if columns > limits.columns:
        raise DataError(
            f"The table has {columns:,} columns (each category counts as one); the limit is {limits.columns:,}. "
            "Drop columns with many categories."
        )
    if rows * columns > limits.cells:
        raise DataError(
            f"The table has {rows:,} rows of {columns:,} columns (each category counts as one): more than the limit of "
            f"{limits.cells:,} cells. Train on a sample of its rows, or drop columns."
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
