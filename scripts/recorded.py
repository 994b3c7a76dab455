"""Records the results that pages show at first: `make recorded`. Results of this engine version are kept, the others are trained."""

from __future__ import annotations

import lzma
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
from sqlalchemy import Double, delete, func, update

from core.comparison import Comparison
from core.experiments.catalogue import experiments
from core.experiments.home import DEFAULT
from core.runs.compare import compare
from core.runs.recorded import FILE
from core.runs.store import Store
from core.runs.store.schema import before_rewind, history, layers, metadata
from core.ui.pages.distillation.distillation import with_teacher
from core.ui.pages.pruning.pruning import with_dense

DIGITS = 20
"""Number of bits of a number's fraction that are kept, for six decimal digits. The other bits are zeros, which compress well."""

EMPTIED = ("weights", "predictions", "stacks", "stack_runs", "requests", "labs", "verdicts", "guesses", "lease")


BESIDE: dict[str, Callable[[Comparison], Comparison]] = {"pruning": with_dense, "distillation": with_teacher}
"""Pages that train more than their form says: the networks that its variants are held against."""


def wanted() -> list[Comparison]:
    """Returns the comparisons that pages show when they open, or when the user follows one of their links."""
    asked = [(each.page, each.subject) for each in experiments().values() if isinstance(each.subject, Comparison)]
    begun = [BESIDE[page](comparison) if page in BESIDE else comparison for page, comparison in asked]
    more = [each.trained for each in experiments().values() if each.trained is not None and each.page not in BESIDE]
    return list({comparison.id: comparison for comparison in (DEFAULT, *begun, *more)}.values())


def main() -> int:
    """Trains the missing comparisons, and writes the file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "results.db"
        if FILE.exists():
            file.write_bytes(lzma.decompress(FILE.read_bytes()))
        with closing(Store(f"sqlite:///{file}")) as store:
            _train(store)
            _thin(store)
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("VACUUM")
        FILE.write_bytes(lzma.compress(file.read_bytes(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{FILE.stat().st_size / 1e6:.1f} MB")
    return 0


def _train(store: Store) -> None:
    kept = {comparison.id for comparison in wanted()}
    for comparison_id in set(store.comparisons(limit=10_000)["id"]) - kept:
        store.delete(comparison_id)
    for comparison in wanted():
        print(comparison.id, len(comparison.runs()), flush=True)
        compare(comparison, store=store, progress=False)


def _thin(store: Store) -> None:
    """Removes values that the charts do not need, and rounds the others."""
    with store.database.writing() as connection:
        for name in EMPTIED:
            connection.execute(delete(metadata.tables[name]))
        connection.execute(update(layers).values(counts=None))
        driver = connection.connection.driver_connection
        if not isinstance(driver, sqlite3.Connection):
            raise TypeError("the file of recorded results must be an SQLite database")
        driver.create_function("rounded", 1, rounded, deterministic=True)
        for table in (history, before_rewind, layers):
            numbers = [column for column in table.c if isinstance(column.type, Double)]
            connection.execute(update(table).values({column: func.rounded(column) for column in numbers}))


def rounded(value: float | None) -> float | None:
    """Returns the nearest number with `DIGITS` bits of fraction."""
    if value is None or not np.isfinite(value):
        return value
    fraction, exponent = np.frexp(value)
    return float(np.ldexp(np.round(fraction * 2**DIGITS) / 2**DIGITS, exponent))


if __name__ == "__main__":
    sys.exit(main())
