"""Adds the split and the encoding to the report of how a table was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from core.data.dividing import Rows
from core.data.examples import Examples
from core.data.report import ColumnReading, Reading

PART_NAMES = ("training", "validation", "test")
MOST_ALONE = 3  # the most classes that a note names


def finished(examples: Examples, rows: Rows, widths: Mapping[str, int]) -> Reading | None:
    """The complete report; None for data that are no table. `widths`: number of features of each column of `examples.x`."""
    if examples.reading is None:
        return None
    features: dict[str, int] = {}
    flagged: dict[str, bool] = {}
    for made, name in examples.sources.items():
        features[name] = features.get(name, 0) + widths[made]
        flagged[name] = flagged.get(name, False) or widths[made] > 1
    columns = tuple(
        _with_features(column, features.get(column.name, 0), flagged.get(column.name, False)) for column in examples.reading.columns
    )
    parts = tuple((name, len(part)) for name, part in zip(PART_NAMES, rows, strict=True))
    notes = (*examples.reading.notes, *_alone(examples, rows))
    return replace(examples.reading, columns=columns, parts=parts, split=_how(examples), notes=notes)


def _with_features(column: ColumnReading, features: int, flagged: bool) -> ColumnReading:
    if not (features and column.missing):
        return replace(column, features=features)
    with_flag = " and a flag" if flagged else ""
    filled = "a category of their own" if column.kind == "category" else f"the training part's median{with_flag}"
    return replace(column, features=features, filled=f"{column.missing:,} missing: {filled}")


def _how(examples: Examples) -> str:
    division = examples.division
    if division is None:
        return "drawn, stratified by class" if examples.task == "classification" else "drawn"
    ways = {
        "given": f"as the column {division.column!r} says",
        "groups": f"groups of {division.column!r} kept together",
        "time": f"in the order of {division.column!r}, the latest for the test",
    }
    return ways[division.by]


def _alone(examples: Examples, rows: Rows) -> list[str]:
    """Notes on classes with one member, which stratification cannot place."""
    if examples.class_names is None or examples.y.ndim > 1:
        return []
    counts = np.bincount(examples.y.astype(np.int64), minlength=len(examples.class_names))
    alone = np.flatnonzero(counts == 1)
    where = {int(label): name for name, part in zip(PART_NAMES, rows, strict=True) for label in examples.y[part] if counts[int(label)] == 1}
    said = [
        f"The class {examples.class_names[label]!r} has one row, which was placed at random in the {where[int(label)]} part."
        for label in alone
    ]
    return [*said[:MOST_ALONE], *([f"So have {len(said) - MOST_ALONE} more classes."] if len(said) > MOST_ALONE else [])]
