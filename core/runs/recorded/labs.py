"""Frames of labs that come with Tandem: what a page begins with is shown at once, and need not be computed here first.

They are in the file beside this one, made anew by `make stored`, each under the key of its lab. A test computes them again.
"""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import pandas as pd
from pandas import DataFrame

FILE = Path(__file__).with_name("labs.zip")


@cache
def _contents() -> dict[str, tuple[bytes, date]]:
    """The frames as Parquet and the days when they were computed, by their labs' keys."""
    with zipfile.ZipFile(FILE) as archive:
        return {entry.filename: (archive.read(entry), date(*entry.date_time[:3])) for entry in archive.infolist()}


@cache
def frame_of(key: str) -> DataFrame | None:
    """What a lab found, read once and shared: not to be changed. None where it was not recorded."""
    content, _ = _contents().get(key, (None, None))
    return None if content is None else pd.read_parquet(io.BytesIO(content))


def day_of(key: str) -> date | None:
    """When it was recorded; None where it was not."""
    _, day = _contents().get(key, (None, None))
    return day


def write(frames: Mapping[str, bytes]) -> None:
    """Stores frames (as Parquet, by their labs' keys) in the place of the former ones."""
    today = datetime.fromtimestamp(time.time(), UTC).timetuple()[:6]
    with zipfile.ZipFile(FILE, "w", zipfile.ZIP_DEFLATED) as archive:
        for key, content in frames.items():
            archive.writestr(zipfile.ZipInfo(key, today), content, zipfile.ZIP_DEFLATED)
    _contents.cache_clear()
