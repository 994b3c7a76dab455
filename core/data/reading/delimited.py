"""Texts: CSV, and its relatives with other separators and encodings."""

from __future__ import annotations

import itertools

from core.data.reading.layout import layout_of, records
from core.data.reading.limits import Limits
from core.data.reading.options import WORDS, Options
from core.data.reading.raw import RawTable, table_of
from core.data.reading.texts import encoding_of, stream
from core.data.report import Dialect

NAMES = {"utf-8-sig": "UTF-8", "cp1252": "Windows-1252"}


def read_delimited(content: bytes, options: Options, limits: Limits) -> RawTable:
    """The table in a text. Raises DataError."""
    encoding = encoding_of(content, options.encoding)
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
