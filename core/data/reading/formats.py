"""The format of a file's bytes. The content decides it, never the file's name."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from typing import Literal

from core.data.examples import DataError
from core.data.reading.limits import Limits

Format = Literal["csv", "parquet", "xlsx", "gzip"]

GZIP = b"\x1f\x8b"
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
PARQUET = b"PAR1"
WORKBOOK = "xl/workbook.xml"
EXPORT = "Export the table as CSV (UTF-8, a header line, separated by commas), Excel (.xlsx) or Parquet."
OTHERS = (
    (re.compile(rb"BZh[1-9](1AY&SY|\x17\x72\x45\x38\x50\x90)"), "a bzip2 archive, which is never unpacked here"),
    (re.compile(rb"\xfd7zXZ\x00"), "an xz archive, which is never unpacked here"),
    (re.compile(rb"\x28\xb5\x2f\xfd"), "a zstd archive, which is never unpacked here"),
    (re.compile(rb"7z\xbc\xaf\x27\x1c"), "a 7z archive, which is never unpacked here"),
    (re.compile(rb"Rar!\x1a\x07"), "a rar archive, which is never unpacked here"),
    (re.compile(rb"(?s).{257}ustar"), "a tar archive, which is never unpacked here"),
    (re.compile(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "an Excel workbook of the old kind (.xls); save it as .xlsx or CSV"),
    (re.compile(rb"SQLite format 3\x00"), "an SQLite database, not a table"),
    (re.compile(rb"\x93NUMPY"), "a NumPy array, not a table with named columns"),
    (re.compile(rb"\x89HDF\r\n"), "HDF5 (binary), not a table that can be read"),
    (re.compile(rb"(ARROW1|FEA1)"), "Feather (binary); save it as Parquet"),
    (re.compile(rb"%PDF-"), "a PDF document, not a table"),
)
LFS = b"version https://git-lfs.github.com/spec/"
ARFF = re.compile(rb"(?i)(\s*%[^\n]*\n)*\s*@relation\b")


def format_of(content: bytes) -> Format:
    """The format of the bytes. Raises DataError if they are clearly something else."""
    if not content.strip():
        raise DataError(f"The file is empty. {EXPORT}")
    if content[:4] == PARQUET:
        return "parquet"
    if content[:2] == GZIP:
        return "gzip"
    if content[:4] in ZIP:
        return _kind_of_zip(content)
    for magic, what in OTHERS:
        if magic.match(content):
            raise DataError(f"The file is {what}. {EXPORT}")
    _check_texts(content)
    return "csv"


def _kind_of_zip(content: bytes) -> Format:
    """An Excel workbook is a zip archive that contains a certain file; no other archive is unpacked."""
    try:
        names = set(zipfile.ZipFile(io.BytesIO(content)).namelist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise DataError(f"The file is a zip archive (or an Excel workbook, which is one), and damaged. {EXPORT}") from error
    if WORKBOOK in names:
        return "xlsx"
    what = "an OpenDocument or another office document" if "mimetype" in names or "[Content_Types].xml" in names else "a zip archive"
    raise DataError(f"The file is {what}, which is never unpacked here. {EXPORT}")


def _check_texts(content: bytes) -> None:
    """Refuses texts that are known not to be a table."""
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:64]
    if start.startswith(LFS):
        raise DataError("The file is a pointer of Git LFS, not the table itself. Fetch the table by git lfs pull, and give that file.")
    if ARFF.match(content):
        raise DataError(f"The file is ARFF. {EXPORT}")
    if start[:1] in (b"<", b"{", b"["):
        raise DataError(f"The file is {'HTML or XML' if start[:1] == b'<' else 'JSON'}, not a table. {EXPORT}")


def unpacked(content: bytes, limits: Limits) -> bytes:
    """The content of a gzip file, unpacked only up to `limits`. Raises DataError."""
    parts: list[bytes] = []
    size, rest = 0, content
    while rest[:2] == GZIP:  # a file may hold several members, which are read as one
        engine = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        try:
            part = engine.decompress(rest, limits.unpacked - size + 1)
        except zlib.error as error:
            raise DataError(f"The gzip file is damaged: {error}. Pack it again.") from error
        size += len(part)
        if size > limits.unpacked:
            raise DataError(
                f"The gzip file holds more than {limits.unpacked / 2**20:,.0f} MB once unpacked. Train on a sample of its rows."
            )
        if not engine.eof:
            raise DataError("The gzip file is damaged: it ends too early. Pack it again.")
        parts.append(part)
        rest = engine.unused_data
    inside = b"".join(parts)
    if inside[:2] == GZIP or inside[:4] in ZIP:
        raise DataError(f"The gzip file holds an archive, which is never unpacked here. {EXPORT}")
    return inside
