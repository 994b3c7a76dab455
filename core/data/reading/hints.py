"""Warnings before a table is used for training: columns that number the rows, or that give the target away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from core.data.examples import FloatArray, IntArray
from core.data.reading.columns import Column

FEWEST = 20  # rows; with fewer, both happen by chance
LOOKED_AT_FIRST = 500  # rows; most columns that do not give the target away show it there
MOST_HINTS = 5


def hints(features: Sequence[Column], known: IntArray, y: IntArray | FloatArray, classes: bool) -> list[str]:
    """One sentence for each suspicious column; y: the targets of the known rows."""
    if len(known) < FEWEST:
        return []
    found = [line for column in features for line in _of(column, known, y, classes)]
    return [*found[:MOST_HINTS], *([f"And {len(found) - MOST_HINTS} more such columns."] if len(found) > MOST_HINTS else [])]


def _of(column: Column, known: IntArray, y: IntArray | FloatArray, classes: bool) -> Iterator[str]:
    if column.numbers is not None and numbers_the_rows(column.numbers):
        yield f"{column.name!r} numbers the rows. Leave it out, unless their order means something."
        return
    values = column.codes if column.codes is not None else column.numbers if column.numbers is not None else column.dates.astype(np.int64)  # type: ignore[union-attr]
    said = values[known].astype(np.float64)
    present = np.flatnonzero(~column.absent[known])
    few = present[:LOOKED_AT_FIRST]
    if gives_away(said[few], y[few], classes, column.codes is None) and gives_away(
        said[present], y[present], classes, column.codes is None
    ):
        yield f"{column.name!r} gives the target away: it alone determines it exactly. Leave it out if it is known only after the target."


def numbers_the_rows(values: FloatArray) -> bool:
    """Whether the values are the whole numbers from the lowest to the highest, each exactly once, in any order."""
    low, high = values.min(), values.max()
    if not (high - low == len(values) - 1 and low == np.floor(low)):
        return False
    return (
        bool((np.bincount((values - low).astype(np.int64), minlength=len(values)) == 1).all())
        if (values == np.floor(values)).all()
        else False
    )


def gives_away(values: FloatArray, y: NDArray, classes: bool, ordered: bool) -> bool:
    """Whether `values` (N,) alone determine the targets `y` (N,) exactly.

    Classes: every value occurs with one class only, and values repeat (at least twice on average); or, for numbers, every class has its own
    range. Quantities: they are a linear function of the values; or the values repeat as above, each with one quantity only.
    """
    if len(values) < FEWEST:
        return False
    order = np.lexsort((y, values))
    v, t = values[order], y[order]
    new = np.flatnonzero(np.diff(v)) + 1
    starts = np.concatenate([[0], new])
    ends = np.concatenate([new, [len(v)]]) - 1
    if not (t[starts] == t[ends]).all():  # the targets are sorted within each value
        return not classes and ordered and _is_linear(values, y)
    if len(starts) <= len(v) / 2 and len(starts) > 1:
        return True
    if not classes:
        return ordered and _is_linear(values, y)
    return ordered and int((np.diff(t[starts]) != 0).sum()) == len(np.unique(t)) - 1


def _is_linear(values: FloatArray, y: FloatArray) -> bool:
    if values.std() == 0 or y.std() == 0:
        return False
    return bool(abs(np.corrcoef(values, y)[0, 1]) > 1 - 1e-9)
