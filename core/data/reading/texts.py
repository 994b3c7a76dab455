"""Finds the encoding of a text, and decodes it."""

from __future__ import annotations

import codecs
import io
import re

from core.data.examples import DataError, UnclearError
from core.data.reading.formats import EXPORT
from core.data.reading.options import Encoding

CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
UTF8 = "utf-8-sig"  # with or without a byte order mark
ASCII = bytes(range(128))
SAMPLE = 4096  # bytes in which UTF-16 is detected if there is no byte order mark


def encoding_of(content: bytes, asked: Encoding = "auto") -> str:
    """Python's name of the text's encoding: `asked` if the bytes agree with it. Raises DataError for bytes that are not text in it."""
    found = _utf16(content)
    if asked == "utf-16" or (asked == "auto" and found):
        found = found or "utf-16-le"
        _decoded(content, found)
        return found
    if CONTROL.search(content):
        raise DataError(f"The file is binary, neither text nor Excel nor Parquet: not a table that can be read. {EXPORT}")
    if asked == "auto" and not _is_utf8(content):
        _check_not_almost_utf8(content)
        asked = "windows-1252"
    encoding = "cp1252" if asked == "windows-1252" else UTF8
    _decoded(content, encoding)
    return encoding


def stream(content: bytes, encoding: str) -> io.TextIOWrapper:
    """The text, line by line: as one string it would take up to four times the memory."""
    return io.TextIOWrapper(io.BytesIO(content), encoding=encoding, newline="")


def _utf16(content: bytes) -> str | None:
    """UTF-16, recognised by its byte order mark, or because every second byte of mostly Latin text is zero."""
    if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    sample = content[:SAMPLE]
    for offset, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros, others = sample[offset::2].count(0), sample[1 - offset :: 2].count(0)
        if len(sample) >= 8 and zeros > 0.8 * len(sample) / 2 and not others:
            return name
    return None


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode(UTF8)
    except UnicodeDecodeError:
        return False
    return True


def _check_not_almost_utf8(content: bytes) -> None:
    """Refuses UTF-8 with a few broken bytes: read as Windows-1252, all its other special characters would be wrong."""
    whole = content.decode(UTF8, errors="ignore")
    letters = len(whole.encode("ascii", errors="ignore"))
    broken = _beyond_ascii(content) - _beyond_ascii(whole.encode())
    if len(whole) - letters > broken:
        _decoded(content, UTF8)


def _beyond_ascii(content: bytes) -> int:
    return len(content.translate(None, ASCII))


def _decoded(content: bytes, encoding: str) -> None:
    try:
        content.decode(encoding)
    except UnicodeDecodeError as error:
        name = {UTF8: "UTF-8", "cp1252": "Windows-1252"}.get(encoding, "UTF-16")
        line = content.count(b"\n", 0, error.start) + 1
        raise UnclearError(
            f"The file's encoding is not {name}: line {line} holds the byte 0x{content[error.start]:02x}. Save it as UTF-8."
        ) from error
