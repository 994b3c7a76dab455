"""The tables of users, identified by the SHA-256 of their bytes and kept under it in the data folder.

A table's path and name do not matter: equal bytes are the same data wherever the file is.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import platformdirs

from core.data.examples import DataError, UnclearError
from core.data.files import LIMITS, Limits, bytes_of, format_of, open_file, read_raw
from core.data.reading.columns import columns_of
from core.data.reading.options import Options
from core.data.reading.tabular import column_reading, dialect_of
from core.data.report import Preview

__all__ = [
    "LIMITS",
    "Limits",
    "find_table",
    "hash_of",
    "keep_table",
    "name_of",
    "preview_of",
    "tables_folder",
]

NAME_LENGTH = 120
ENDINGS = {"csv": "csv", "parquet": "parquet", "xlsx": "xlsx", "gzip": "gz"}
HEAD = 5  # rows in a preview
TARGETS = ("y", "target", "label", "class", "outcome", "response")
"""Usual names of the column to predict."""
SHA256 = r"^[0-9a-f]{64}$"


def tables_folder() -> Path:
    """The folder of the kept tables: `tables` in $TANDEM_HOME, or in the user's data folder. It may not exist yet."""
    home = os.environ.get("TANDEM_HOME")
    return Path(home or platformdirs.user_data_path("tandem", appauthor=False)) / "tables"


def hash_of(source: Path | bytes, limits: Limits = LIMITS) -> str:
    """The SHA-256 of a file or of its bytes, in hexadecimal. Raises DataError for a file that is missing or too large."""
    if isinstance(source, bytes):
        return hashlib.sha256(source).hexdigest()
    with open_file(source, limits) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def keep_table(source: Path | bytes, folder: Path, name: str, limits: Limits = LIMITS, *, unclear: bool = False) -> str:
    """Copies a table into `folder` under its SHA-256, and returns the hash; messages call it `name`, which is kept beside it.

    Nothing is written unless the bytes can be read as a table, and the copy appears completely or not at all. With `unclear`, a table is
    also kept if settings must first say whether it has a line of names, or what its separator or encoding is.

    Raises DataError, whose message begins with `name`.
    """
    try:
        content = bytes_of(source, limits)
        _check_readable(content, limits, unclear)
    except DataError as error:
        raise DataError(f"{name}: {error}") from error
    sha256 = hash_of(content)
    _write(content, folder / f"{sha256}.{ENDINGS[format_of(content)]}")
    _write(name[:NAME_LENGTH].encode(), folder / f"{sha256}.name")
    return sha256


def _check_readable(content: bytes, limits: Limits, unclear: bool) -> None:
    try:
        read_raw(content, limits=limits)
    except UnclearError:
        if not unclear:
            raise


def name_of(sha256: str) -> str:
    """The name under which a kept table was last stored; empty if it is not there."""
    try:
        return (tables_folder() / f"{sha256}.name").read_text(encoding="utf-8", errors="replace") if re.match(SHA256, sha256) else ""
    except OSError:
        return ""


def _write(content: bytes, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def find_table(sha256: str, path: str = "") -> bytes:
    """The bytes with this SHA-256: from the data folder, else from `path`. Raises DataError if neither has them."""
    if not re.match(SHA256, sha256):  # it becomes part of a path
        raise DataError(f"{sha256!r} is not a SHA-256, which has 64 of the digits 0-9 and a-f.")
    kept = [tables_folder() / f"{sha256}.{suffix}" for suffix in ENDINGS.values()]
    places = [place for place in (*kept, *([Path(path).expanduser()] if path else [])) if place.is_file()]
    for place in places:
        content = bytes_of(place)
        if hash_of(content) == sha256:
            return content
    if places:
        raise DataError(
            f"The table at {places[-1]} has changed: it is not the one with the SHA-256 {sha256[:12]}... of the settings. "
            "Bring the old file back, or remove sha256 from the settings to take the file as it is now."
        )
    raise DataError(
        f"The table with the SHA-256 {sha256[:12]}... is neither in {tables_folder()}{f' nor at {path}' if path else ''}. "
        "Upload it again, or set its path."
    )


def preview_of(source: str | bytes, settings: Mapping[str, Any] = {}) -> Preview:
    """A table before its target is chosen, given the SHA-256 of a kept table or its bytes. `settings` say how to read it, and may name the
    target, whose column then has that role.

    Raises DataError if the table cannot be read in this way.
    """
    known = {item.name for item in fields(Options)}
    options = Options(**{name: value for name, value in settings.items() if name in known})
    raw = read_raw(source if isinstance(source, bytes) else find_table(source), options)
    columns = columns_of(raw, options)
    head = tuple(
        tuple(str(column[row].as_py() if column[row].is_valid else "") for column in raw.columns) for row in range(min(HEAD, raw.rows))
    )
    readings = tuple(column_reading(column, "target" if column.name == settings.get("target") else "feature") for column in columns)
    return Preview(raw.rows, readings, dialect_of(raw, columns), head, _likely_target(raw.names), tuple(raw.notes))


def _likely_target(names: Sequence[str]) -> str:
    by_name = {name.casefold(): name for name in reversed(names)}
    return next((by_name[name] for name in TARGETS if name in by_name), names[-1])
