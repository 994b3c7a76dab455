"""Examples as they come from their source, before anything is split or fitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from core.data.report import Reading

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Task = Literal["classification", "regression"]


class DataError(ValueError):
    """Data that cannot be used for training. The message says what is wrong, where, and what to do."""


class UnclearError(DataError):
    """A table that can be read in several ways, or not in the detected way; settings can say how to read it."""


@dataclass(frozen=True, eq=False)
class Division:
    """A column that decides which examples go to which part, in place of a random draw.

    by: "given": values (N,) are 0 for training, 1 for validation, 2 for test; "groups": equal values stay in one part; "time": examples are
    used for training, validation and test in this order. column: its name.
    """

    by: Literal["given", "groups", "time"]
    column: str
    values: IntArray


@dataclass(frozen=True, eq=False)
class Examples:
    """N examples of which no statistic has been used yet, so that any of them may become part of the test set.

    x: (N, columns). A float column holds numbers, NaN for missing; any other column holds categories as strings.
    y: (N,), int64 indices into `class_names`, or float64 targets if `class_names` is None; (N, K) indices if each example has
       K classified positions.
    own_test: number of examples at the end that are the authors' test set; 0 if there is none.
    dropped: number of source rows that were left out because they had no target.
    truth: (columns,) weights of the linear teacher that made y, in the units of x and y; None without a teacher.
    division: the column that decides the parts; None if they are drawn.
    reading: how the source table was read; `sources`: the table's column from which each column of x was made.
    """

    x: pd.DataFrame
    y: IntArray | FloatArray
    class_names: tuple[str, ...] | None
    own_test: int = 0
    dropped: int = 0
    truth: FloatArray | None = None
    division: Division | None = None
    reading: Reading | None = None
    sources: dict[str, str] = field(default_factory=dict)

    @property
    def task(self) -> Task:
        return "regression" if self.class_names is None else "classification"


def labelled(
    x: FloatArray, y: IntArray, columns: Sequence[str], class_names: Sequence[str], own_test: int = 0, truth: FloatArray | None = None
) -> Examples:
    """Classification examples from arrays: x (N, D) numbers, y (N,) or (N, K) indices into `class_names`."""
    frame = pd.DataFrame(np.asarray(x, dtype=np.float64), columns=list(columns))
    return Examples(frame, np.asarray(y, dtype=np.int64), tuple(str(name) for name in class_names), own_test, truth=truth)


def in_the_plane(x: FloatArray, y: IntArray) -> Examples:
    """Classification examples with two features: x (N, 2), y (N,) class indices, each of which occurs."""
    return labelled(x, y, ("x1", "x2"), [str(index) for index in range(int(y.max()) + 1)])


def from_bunch(bunch: Any) -> Examples:
    """Classification examples from one of scikit-learn's bundled data sets (a `Bunch`)."""
    return labelled(bunch.data, bunch.target, bunch.feature_names, bunch.target_names)


def measured(x: FloatArray, y: FloatArray, columns: Sequence[str], truth: FloatArray | None = None) -> Examples:
    """Regression examples from arrays: x (N, D) numbers, y (N,) targets."""
    frame = pd.DataFrame(np.asarray(x, dtype=np.float64), columns=list(columns))
    return Examples(frame, np.asarray(y, dtype=np.float64), None, truth=truth)
