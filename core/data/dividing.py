"""Parts that a column determines: given row by row, with groups kept together, or in order of time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from core.data.examples import DataError, Division, Examples, IntArray

SMALLEST_PART = 2  # examples: a single one has no variance, so neither R2 nor a scaling could be computed


class Rows(NamedTuple):
    """Row numbers of the three parts: they are disjoint and together contain every example."""

    train: IntArray
    validation: IntArray
    test: IntArray


def divided(examples: Examples, validation_fraction: float, test_fraction: float, seed: int) -> Rows:
    """The parts that `examples.division` determines. Raises DataError if a requested part would be too small."""
    division = examples.division
    if division is None:
        raise ValueError("no column says the parts")
    if division.by == "given":
        rows = _given(division, validation_fraction, seed)
    elif division.by == "groups":
        rows = _in_groups(division, validation_fraction, test_fraction, seed)
    else:
        rows = _in_time(division, validation_fraction, test_fraction)
    _check(rows, division, validation_fraction)
    return rows


def _given(division: Division, validation_fraction: float, seed: int) -> Rows:
    """The given parts. If no row is for validation, `validation_fraction` of the training rows are drawn for it."""
    train, validation, test = (np.flatnonzero(division.values == part) for part in range(3))
    size = round(len(train) * validation_fraction)
    if len(validation) or not size:
        return Rows(train, validation, test)
    drawn = np.random.default_rng(seed).permutation(train)
    return Rows(np.sort(drawn[size:]), np.sort(drawn[:size]), test)


def _in_groups(division: Division, validation_fraction: float, test_fraction: float, seed: int) -> Rows:
    """Rounded fractions of the groups, so the fractions of rows may differ. Test groups are drawn first, then validation groups."""
    groups = np.unique(division.values)
    drawn = np.random.default_rng(seed).permutation(groups)
    tests, validations = round(len(groups) * test_fraction), round(len(groups) * validation_fraction)
    chosen = drawn[tests + validations :], drawn[tests : tests + validations], drawn[:tests]
    for name, fraction, part in zip(("training", "validation", "test"), (1, validation_fraction, test_fraction), chosen, strict=True):
        if fraction and not len(part):
            raise DataError(
                f"The column {division.column!r} has {len(groups)} groups, too few for three parts: the {name} part would get none. "
                "Change validation_fraction and test_fraction, or group by another column."
            )
    train, validation, test = (np.flatnonzero(np.isin(division.values, part)) for part in chosen)
    return Rows(train, validation, test)


def _in_time(division: Division, validation_fraction: float, test_fraction: float) -> Rows:
    """The earliest rows are for training, the next for validation, the latest for the test; equal times keep the order of the table."""
    count = len(division.values)
    order = np.argsort(division.values, kind="stable").astype(np.int64)
    tests, validations = round(count * test_fraction), round(count * validation_fraction)
    train, validation, test = np.split(order, [count - tests - validations, count - tests])
    return Rows(train, validation, test)


def _check(rows: Rows, division: Division, validation_fraction: float) -> None:
    wanted = (True, validation_fraction > 0 or len(rows.validation) > 0, len(rows.test) > 0)
    for name, part, asked in zip(("training", "validation", "test"), rows, wanted, strict=True):
        if asked and len(part) < SMALLEST_PART:
            raise DataError(
                f"Too few rows: by the column {division.column!r}, the {name} part would get {len(part)}, "
                f"and it needs {SMALLEST_PART} or more."
            )
