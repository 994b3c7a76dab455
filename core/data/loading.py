"""From the settings of a data set to the arrays that a network is trained on.

Shapes: N examples of a part, D features, C classes, K classified positions of an example (1 for all data but `copy`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from core.data.encoding import Encoder, counted_from_the_first, fit_encoder, standardised, unit_of
from core.data.examples import DataError, Examples, FloatArray, IntArray, Task
from core.data.reporting import finished
from core.data.sets.base import OUTLIER
from core.data.splitting import Rows, first_rows, split_rows, with_noisy_targets, with_outliers, with_wrong_labels

if TYPE_CHECKING:
    from core.data.report import Reading
    from core.data.sets import DataChoice

Array = TypeVar("Array", IntArray, FloatArray, IntArray | FloatArray)

__all__ = ["DataError", "Split", "load_data"]

CACHED = 8  # data sets that a process keeps: more than a comparison varies, and few enough for a worker's memory


@dataclass(frozen=True, eq=False)
class Split:
    """Three parts of a data set as read-only arrays; a part whose fraction is 0 has no examples.

    x_*: (N, D) float64, encoded and scaled by the training part's statistics; each row is an example of `shape`, flattened in C order.
    y_*: (N,) int64 indices into `class_names`; for regression (N,) float64, in standard deviations of the training targets from
         their mean, unless `scale` is "none". A squared error is thus in units of the training targets' variance. If K positions of
         an example are classified (`targets` > 1): (N, K) int64, and a network returns K * C logits, those of the first position first.
    shape: shape of one example: (features,), (channels, height, width), (channels, length), or (steps, features) for a `sequence`.
    dropped: rows of a table that were left out because they had no target.
    target_unit, target_mean: a regression's target in its own unit is y * target_unit + target_mean; 1 and 0 if y is not scaled.
    target_std: the standard deviation of the training targets in their own unit; NaN for classification.
    reading: how the source table was read; None for data that do not come from a table.
    truth: (D,) float64, the weights of the linear teacher that made y, in the units of x and y here: the weights that a linear
           network should find (for classification: up to a factor). None without a teacher.
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
    shape: tuple[int, ...]
    sequence: bool = False
    dropped: int = 0
    truth: FloatArray | None = None
    target_unit: float = 1.0
    target_mean: float = 0.0
    target_std: float = math.nan
    reading: Reading | None = None

    @property
    def outputs(self) -> int:
        """Outputs of the network for each of the `targets`: C for classification, 1 for regression."""
        return 1 if self.class_names is None else len(self.class_names)

    @property
    def targets(self) -> int:
        """K, the number of predictions for an example: 1, or one class for each of K positions."""
        return 1 if self.y_train.ndim == 1 else self.y_train.shape[1]


@lru_cache(maxsize=CACHED)
def load_data(data: DataChoice) -> Split:
    """Loads or makes the data, splits it, fits on the training part, and encodes all three parts. Equal settings return the same object.

    What a run trains on of it, with its `training.examples` and its mistake, is told by `core.load_data(run)`.

    Raises DataError if the data cannot be read or cannot be split as requested.
    """
    examples = data.examples()
    rows = split_rows(examples, data.validation_fraction, data.test_fraction, data.split_seed, data.validation_split)
    _check_classes(examples, rows)
    x = counted_from_the_first(examples.x, examples.sources, rows.train)
    encoder = fit_encoder(x.iloc[rows.train], data.scale)
    x_train, x_val, x_test = (_read_only(encoder.encode(x.iloc[part])) for part in rows)
    y_train, y_val, y_test = (_read_only(y) for y in _targets(examples, rows, data))
    return Split(
        x_train, y_train, x_val, y_val, x_test, y_test, examples.class_names, encoder.names, examples.task,
        shape=data.shape or x_train.shape[1:],
        sequence=data.sequence,
        dropped=examples.dropped,
        truth=_truth(examples, rows, encoder, data),
        **_units(examples, rows, data),
        reading=finished(examples, rows, encoder.widths),
    )  # fmt: skip


def with_first(split: Split, examples: int, seed: int) -> Split:
    """The same split with only `examples` training examples, chosen by `first_rows`. Raises DataError if there are fewer."""
    there = len(split.x_train)
    if examples > there:
        raise DataError(f"training.examples is {examples}, and the training part has {there}; lower it, or leave it empty for all.")
    rows = first_rows(there, examples, seed)
    return replace(split, x_train=_read_only(split.x_train[rows]), y_train=_read_only(split.y_train[rows]))


def _targets(examples: Examples, rows: Rows, data: DataChoice) -> list[IntArray | FloatArray]:
    """The targets of the parts. Noise and outliers are added to the training targets last, so that they do not change the units."""
    y = examples.y
    if _standardises(examples, data):
        y = standardised(y, y[rows.train])  # type: ignore[arg-type]
    train, *clean = (y[part] for part in rows)
    if data.label_noise and examples.class_names is not None:
        train = with_wrong_labels(train, len(examples.class_names), data.label_noise, data.split_seed)  # type: ignore[arg-type]
    elif data.label_noise:
        train = with_noisy_targets(train, data.label_noise, data.split_seed)  # type: ignore[arg-type]
    if data.outlier_share:
        train = with_outliers(train, data.outlier_share, OUTLIER, data.split_seed)  # type: ignore[arg-type]
    return [train, *clean]


def _standardises(examples: Examples, data: DataChoice) -> bool:
    return examples.class_names is None and data.scale != "none"


def _units(examples: Examples, rows: Rows, data: DataChoice) -> dict[str, float]:
    """The unit and mean of a regression's targets, and their standard deviation in the training part."""
    if examples.class_names is not None:
        return {}
    train: FloatArray = examples.y[rows.train]  # type: ignore[assignment]
    scaled = {"target_unit": unit_of(train), "target_mean": float(train.mean())} if _standardises(examples, data) else {}
    return {**scaled, "target_std": float(train.std())}


def _truth(examples: Examples, rows: Rows, encoder: Encoder, data: DataChoice) -> FloatArray | None:
    """The teacher's weights, converted from the units of the examples to those of the encoded features and targets."""
    if examples.truth is None:
        return None
    unit = unit_of(examples.y[rows.train]) if _standardises(examples, data) else 1.0  # type: ignore[arg-type]
    truth: FloatArray = np.divide(examples.truth, unit * encoder.slopes(examples.x))
    return _read_only(truth)


def _check_classes(examples: Examples, rows: Rows) -> None:
    if examples.task == "classification" and len(np.unique(examples.y[rows.train])) < 2:
        raise DataError(
            f"Too few rows: the training part ({len(rows.train)} examples) holds one class only. "
            "Add rows of the other classes, lower validation_fraction or test_fraction, or try another split_seed."
        )


def read_only(split: Split) -> Split:
    """The same split with read-only arrays."""
    for part in ("train", "val", "test"):
        _read_only(getattr(split, f"x_{part}"))
        _read_only(getattr(split, f"y_{part}"))
    return split


def _read_only(array: Array) -> Array:
    array.flags.writeable = False  # cached: a caller that writes into it would change every later run
    return array
