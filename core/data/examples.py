"""Examples as they come from their source, before anything was split or fitted."""

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
    """Data that cannot be trained on. The message says what is wrong, where, and what to do."""


class UnclearError(DataError):
    """A table that can be read in more ways than one, or not as it was taken: settings of how it is read can say how."""


@dataclass(frozen=True, eq=False)
class Division:
    """What says which examples go to which part, in place of chance.

    by: given, values (N,) being 0 for training, 1 for validation, 2 for test; groups, equal values of which stay in one part; or time, in
    order of which examples train, validate and test. column: its name.
    """

    by: Literal["given", "groups", "time"]
    column: str
    values: IntArray


@dataclass(frozen=True, eq=False)
class Examples:
    """N examples: no statistic of them was used yet, so any part of them may become the test set.

    x: (N, columns). A float column holds numbers, NaN where missing; any other column holds categories as strings.
    y: (N,), int64 indices into `class_names`, or float64 targets when `class_names` is None; (N, K) indices where each example has
       K positions to be classified.
    own_test: so many of the last examples are the authors' test set; 0 when the authors gave none.
    dropped: so many rows of the source had no target and were left out.
    truth: (columns,) the weights of the linear teacher that said y, in the units of x and y; None where there was none.
    division: what says which examples go to which part; None where chance does.
    reading: how the table was read that they are from, and `sources`, from which of its columns each column of x is.
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
    """Classification examples with two features: x (N, 2), y (N,) indices of classes, each of which occurs."""
    return labelled(x, y, ("x1", "x2"), [str(index) for index in range(int(y.max()) + 1)])


def from_bunch(bunch: Any) -> Examples:
    """Classification examples from one of scikit-learn's bundled data sets (a `Bunch`)."""
    return labelled(bunch.data, bunch.target, bunch.feature_names, bunch.target_names)


def measured(x: FloatArray, y: FloatArray, columns: Sequence[str], truth: FloatArray | None = None) -> Examples:
    """Regression examples from arrays: x (N, D) numbers, y (N,) targets."""
    frame = pd.DataFrame(np.asarray(x, dtype=np.float64), columns=list(columns))
    return Examples(frame, np.asarray(y, dtype=np.float64), None, truth=truth)
