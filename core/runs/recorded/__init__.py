"""Results shipped with Tandem for the first comparisons of pages; they are shown until the comparison is trained here.

They are a packed store in the file beside this one, made by `make recorded`, without weights, predictions and histograms of the networks,
and with numbers rounded to six digits. A run's key depends on the engine version, so another version finds none of them.
"""

from __future__ import annotations

import lzma
import tempfile
import threading
from functools import cache
from pathlib import Path

from sqlalchemy import select

from core.comparison import Comparison
from core.runs.store import Store
from core.runs.store.schema import comparisons

FILE = Path(__file__).with_name("results.db.xz")


_lock = threading.Lock()
_folder = tempfile.TemporaryDirectory(prefix="tandem-recorded-")  # goes with this process


@cache
def _opened() -> tuple[Store, dict[str, float]]:
    """Returns the store, unpacked for this process, and the recording time of each of its comparisons, in seconds since 1970."""
    file = Path(_folder.name) / "results.db"
    file.write_bytes(lzma.decompress(FILE.read_bytes()))
    store = Store(f"sqlite:///{file}")
    with store.database.reading() as connection:
        rows = connection.execute(select(comparisons.c.id, comparisons.c.finished).where(comparisons.c.state == "finished")).all()
    return store, {row.id: float(row.finished) for row in rows}


def store_of(comparison: Comparison) -> Store | None:
    """Returns the store that contains all of the comparison's runs, by this engine version; None if some are missing."""
    if not FILE.exists():
        return None
    with _lock:
        store, times = _opened()
    if comparison.id not in times:
        return None
    progress = store.progress(comparison)
    return store if progress.runs_done == progress.runs else None


def recorded_at(comparison: Comparison) -> float:
    """Returns the time at which the comparison was recorded, in seconds since 1970."""
    return _opened()[1][comparison.id]
