"""A row a run, with the settings in which the variants differ: what a spreadsheet or a statistics program goes on with."""

from __future__ import annotations

import json
from typing import Any

from pandas import DataFrame

from core.comparison import Comparison

FIRST = ("variant", "seed", "run")


def with_settings(runs: DataFrame, comparison: Comparison) -> DataFrame:
    """The rows of `runs` with a column for each setting that varies, by its path, after variant, seed and run.

    Lists are written as JSON; a setting that a variant does not have is left empty.
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
