"""Tables made of rows, whose columns have the same types whether there are rows or not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pandas import DataFrame

Types = Mapping[str, str]
"""The columns of a table in order, each with its pandas type."""


def of_rows(rows: Iterable[Any], types: Types) -> DataFrame:
    """The rows (tuples in the order of the columns, or dicts by their names) as a table with these columns.

    pandas calls a column without a value `object`, which it does not join with numbers: so an empty table, too, has its types from here.
    """
    return DataFrame(list(rows), columns=list(types)).astype(dict(types))
