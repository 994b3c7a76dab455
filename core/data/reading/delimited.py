"""Text files: CSV, also with other separators and encodings."""

from __future__ import annotations

import itertools

import numpy as np

from core.data.reading.layout import layout_of, records
from core.data.reading.limits import Limits, check_shape
from core.data.reading.options import WORDS, Options
from core.data.reading.raw import RawTable, table_of
from core.data.reading.texts import encoding_of, stream
from core.data.report import Dialect

NAMES = {"utf-8-sig": "UTF-8", "cp1252": "Windows-1252"}


def read_delimited(content: bytes, options: Options, limits: Limits) -> RawTable:
    """The table in a text. Raises DataError."""
    encoding = encoding_of(content, options.encoding)
    _check_lines(content, encoding, limits)
    found = layout_of(stream(content, encoding), options.separator)
    whole = records(stream(content, encoding), found.separator)
    dialect = Dialect(
        "csv",
        NAMES.get(encoding, "UTF-16"),
        WORDS[found.separator],
        header="none" if options.header == "none" else "first_line",
        skipped=found.skipped,
    )
    raw = table_of(itertools.islice(whole, found.skipped, None), found.width, options, dialect, limits)
    if found.skipped:
        raw.notes.append(
            f"{found.skipped} line{'s' * (found.skipped > 1)} before the table, of a title, comments or the separator, left out."
        )
    return raw


def _check_lines(content: bytes, encoding: str, limits: Limits) -> None:
    """Refuses a text with far too many lines before they are parsed, if every line is certainly a row: no quotes, no UTF-16."""
    if len(content) <= limits.rows or encoding.startswith("utf-16") or b'"' in content:
        return
    signs = np.frombuffer(content, np.uint8)
    ends = signs[:-1] == ord("\n")
    ends &= signs[1:] != ord("\n")
    ends &= signs[1:] != ord("\r")
    if (lines := int(ends.sum())) > 2 * limits.rows:  # repeated headers, titles and comments are not rows
        check_shape(lines, 2, limits)
