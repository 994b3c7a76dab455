"""The paths with which the page of optimizers opens, computed in advance: torch, which computes all others, takes seconds to load.

`make stored` writes the file beside this module; a test computes the paths again and compares them.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd
from pandas import DataFrame

FILE = Path(__file__).parent / "stored" / "first_paths.parquet"


@cache
def _all() -> dict[str, DataFrame]:
    """The paths by their optimizers' texts, in the order of the file."""
    table = pd.read_parquet(FILE)
    groups = table.groupby("optimizer", sort=False)
    return {str(text): rows.drop(columns="optimizer").reset_index(drop=True) for text, rows in groups}


def of(text: str) -> DataFrame | None:
    """The path of an optimizer, as `core.labs.optimization.paths.path` computes it; None if it is not stored."""
    found = _all().get(text)
    return None if found is None else found.copy()


def write(paths: dict[str, DataFrame]) -> None:
    """Stores paths, and replaces the former ones."""
    FILE.parent.mkdir(exist_ok=True)
    pd.concat([path.assign(optimizer=text) for text, path in paths.items()], ignore_index=True).to_parquet(FILE, index=False)
    _all.cache_clear()
