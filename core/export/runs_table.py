"""One row for each run, with the settings in which the variants differ, for spreadsheets and statistics programs."""

from __future__ import annotations

import json
from typing import Any

from pandas import DataFrame

from core.comparison import Comparison

FIRST = ("variant", "seed", "run")


def with_settings(runs: DataFrame, comparison: Comparison) -> DataFrame:
    """Returns the rows of `runs` with a column for each setting that varies, named by its path, after variant, seed and run.

    Lists are written as JSON; the cell is empty if a variant does not have the setting.
    """
    by_variant = comparison.differences()
    paths = next(iter(by_variant.values()), {})
    settings = {path: [_cell(by_variant.get(str(name), {}).get(path, "-")) for name in runs["variant"]] for path in paths}
    rest = [name for name in runs.columns if name not in FIRST]
    return DataFrame({name: runs[name] for name in FIRST} | settings | {name: runs[name] for name in rest})


def _cell(value: Any) -> Any:
    if value == "-":
        return None
    return json.dumps(value) if isinstance(value, list | dict) else value
