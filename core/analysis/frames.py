"""Tables built from rows, whose columns have the same types even if there are no rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pandas import DataFrame

Types = Mapping[str, str]
"""The columns of a table in order, each with its pandas type."""


def of_rows(rows: Iterable[Any], types: Types) -> DataFrame:
    """The rows (tuples in the order of the columns, or dicts) as a table with these columns.

    pandas gives an empty column the type `object`, which it does not join with numbers; here an empty table gets the right types too.
    """
    return DataFrame(list(rows), columns=list(types)).astype(dict(types))
