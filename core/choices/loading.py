"""From the settings of a data set to the arrays that a network trains on.

N examples of a part, D features, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from core.choices.datasets.encoding import fit_encoder, standardised
from core.choices.datasets.examples import DataError, Examples, FloatArray, IntArray, Task
from core.choices.datasets.splitting import Rows, split_rows, with_noisy_targets, with_wrong_labels

if TYPE_CHECKING:
    from core.choices.data import DataChoice

Array = TypeVar("Array", IntArray, FloatArray, IntArray | FloatArray)

__all__ = ["DataError", "Split", "load_data"]

CACHED = 8  # data sets a process keeps: more than a comparison varies, and few enough for a worker's memory


@dataclass(frozen=True, eq=False)
class Split:
    """Three parts of a data set as read-only arrays; a part whose fraction is 0 has no examples.

    x_*: (N, D) float64, encoded and scaled by the training part's statistics.
    y_*: (N,) int64 indices into `class_names`; for regression (N,) float64, in standard deviations of the training targets from
         their mean unless `scale` is "none". A squared error is thus in units of the training target's variance.
    dropped: rows of a table that had no target and were left out.
    """

    x_train: FloatArray
    y_train: IntArray | FloatArray
    x_val: FloatArray
    y_val: IntArray | FloatArray
    x_test: FloatArray
    y_test: IntArray | FloatArray
    class_names: tuple[str, ...] | None
    feature_names: tuple[str, ...]
    task: Task
    dropped: int = 0

    @property
    def outputs(self) -> int:
        """What the network must put out: C for classification, 1 for regression."""
        return 1 if self.class_names is None else len(self.class_names)


@lru_cache(maxsize=CACHED)
def load_data(data: DataChoice) -> Split:
    """Load or make the data, split it, fit on the training part, encode all three. Equal settings give the same object.

    Raises DataError when the data cannot be read, or not be split as asked.
    """
    examples = data.examples()
    rows = split_rows(examples, data.validation_fraction, data.test_fraction, data.split_seed)
    _check_classes(examples, rows)
    encoder = fit_encoder(examples.x.iloc[rows.train], data.scale)
    x_train, x_val, x_test = (_read_only(encoder.encode(examples.x.iloc[part])) for part in rows)
    y_train, y_val, y_test = (_read_only(y) for y in _targets(examples, rows, data))
    return Split(
        x_train, y_train, x_val, y_val, x_test, y_test, examples.class_names, encoder.names, examples.task, examples.dropped
    )  # fmt: skip


def _targets(examples: Examples, rows: Rows, data: DataChoice) -> list[IntArray | FloatArray]:
    """The targets of the parts; noise on the training targets comes last, so that it does not change the units."""
    y = examples.y
    if examples.class_names is None and data.scale != "none":
        y = standardised(y, y[rows.train])  # type: ignore[arg-type]
    train, *clean = (y[part] for part in rows)
    if data.label_noise and examples.class_names is not None:
        train = with_wrong_labels(train, len(examples.class_names), data.label_noise, data.split_seed)  # type: ignore[arg-type]
    elif data.label_noise:
        train = with_noisy_targets(train, data.label_noise, data.split_seed)  # type: ignore[arg-type]
    return [train, *clean]


def _check_classes(examples: Examples, rows: Rows) -> None:
    if examples.task == "classification" and len(np.unique(examples.y[rows.train])) < 2:
        raise DataError(
            f"Too few rows: the training part ({len(rows.train)} examples) holds one class only. "
            "Add rows of the other classes, lower validation_fraction or test_fraction, or try another split_seed."
        )


def _read_only(array: Array) -> Array:
    array.flags.writeable = False  # cached: a caller that wrote into it would change every later run
    return array
