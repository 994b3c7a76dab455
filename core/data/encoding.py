"""Encodes columns as numbers; every statistic is fitted on the training part only.

Shapes: N rows, D encoded features.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.data.examples import FloatArray, IntArray

Scale = Literal["standard", "minmax", "none"]


@dataclass(frozen=True, eq=False)
class Encoder:
    """A fitted encoding. `names` are the D features that it makes; `widths` is the number of features that each column makes.

    medians: (numeric columns,) replacements for missing values. scaler: scikit-learn's; None if nothing is scaled.
    missing: the numeric columns that get a missing flag. known: the categories that get a flag, by column.
    """

    medians: FloatArray
    scaler: Any
    missing: tuple[str, ...]
    known: Mapping[str, NDArray[np.object_]]
    names: tuple[str, ...]
    widths: Mapping[str, int]

    def encode(self, frame: pd.DataFrame) -> FloatArray:
        """(N, D) features of N rows; N may be 0."""
        x: FloatArray = np.empty((len(frame), len(self.names)))
        if frame.empty:  # scikit-learn refuses an empty table
            return x
        columns = number_columns(frame)
        values = _filled(frame[columns], self.medians)
        x[:, : len(columns)] = self.scaler.transform(values) if self.scaler is not None else values
        place = len(columns)
        for name in self.missing:
            x[:, place] = frame[name].isna()
            place += 1
        for name, known in self.known.items():
            x[:, place : place + len(known)] = _flags(frame[name], known)
            place += len(known)
        return x

    def slopes(self, frame: pd.DataFrame) -> FloatArray:
        """By how much each feature grows if its column grows by 1: (D,), for a numeric frame without missing values."""
        nothing = frame.iloc[:1] * 0
        return np.subtract(self.encode(nothing + 1), self.encode(nothing))[0]


def counted_from_the_first(x: pd.DataFrame, sources: Mapping[str, str], train: IntArray) -> pd.DataFrame:
    """Counts the columns of days, which were made from dates, from the first day of the training rows; other columns are unchanged."""
    days = [name for name, source in sources.items() if name == f"{source}.days"]
    if not days:
        return x
    firsts = {name: x[name].iloc[train].min() for name in days}
    return x.assign(**{name: x[name] - (0 if np.isnan(first) else first) for name, first in firsts.items()})


def fit_encoder(train: pd.DataFrame, scale: Scale) -> Encoder:
    """Fits on the training rows. Features: first all numbers, then `name=missing` flags, then `name=value` flags of the categories.

    A missing number is replaced by the training median (0 if the training part has no value), and its column gets a flag if the training
    part misses any. A category that the training part lacks gets no flag. Numbers are scaled; flags stay 0 or 1. A column that is
    constant in the training part becomes 0 there, never NaN, unless `scale` is "none".
    """
    columns = number_columns(train)
    medians = np.array([_median(train[name].to_numpy()) for name in columns])
    missing = tuple(name for name in columns if train[name].isna().any())
    scaler = _scaler(scale).fit(_filled(train[columns], medians)) if columns and scale != "none" else None
    known = {name: _categories(train[name]) for name in category_columns(train)}
    flags = [f"{name}=missing" for name in missing] + [f"{name}={value}" for name, values in known.items() for value in values]
    widths = {name: 1 + (name in missing) for name in columns} | {name: len(values) for name, values in known.items()}
    return Encoder(medians, scaler, missing, known, (*columns, *flags), widths)


def _categories(column: pd.Series) -> NDArray[np.object_]:
    """The distinct values, sorted. scikit-learn's OneHotEncoder gives the same, but takes seconds for a thousand columns."""
    return np.array(sorted(set(column)), dtype=object)


def _flags(column: pd.Series, known: NDArray[np.object_]) -> NDArray[np.bool_]:
    """(N, categories): which known category each row has; all False for an unknown one."""
    places = {value: place for place, value in enumerate(known)}
    codes = np.fromiter((places.get(value, -1) for value in column), np.int64, len(column))
    flags: NDArray[np.bool_] = codes[:, None] == np.arange(len(known))
    return flags


def number_columns(frame: pd.DataFrame) -> list[str]:
    """The names of the numeric columns, in order."""
    return [str(name) for name in frame.select_dtypes("number").columns]


def category_columns(frame: pd.DataFrame) -> list[str]:
    """The names of all other columns, in order."""
    return [str(name) for name in frame.select_dtypes(exclude="number").columns]


def _median(values: FloatArray) -> float:
    """The median of the values that are not missing; 0 if all are. scikit-learn's SimpleImputer copies the whole table several times."""
    present = values[~np.isnan(values)]
    return float(np.median(present)) if len(present) else 0.0


def _filled(numbers: pd.DataFrame, medians: FloatArray) -> FloatArray:
    """(N, columns) with missing values replaced by the medians; a copy, because scalers write into it."""
    values = numbers.to_numpy(dtype=np.float64, copy=True)
    for place in np.flatnonzero(np.isnan(values).any(axis=0)):
        values[np.isnan(values[:, place]), place] = medians[place]
    return values


def _scaler(scale: Scale) -> Any:
    from sklearn.preprocessing import MinMaxScaler, StandardScaler

    return StandardScaler(copy=False) if scale == "standard" else MinMaxScaler(copy=False)


def standardised(targets: FloatArray, train: FloatArray) -> FloatArray:
    """`targets` (N,) in standard deviations of the training targets from their mean; only centred if the training targets are constant."""
    return np.divide(targets - train.mean(), unit_of(train))


def unit_of(train: FloatArray) -> float:
    """The unit of a standardised target: the standard deviation of the training targets (N,), or 1 if they are constant."""
    return float(train.std()) or 1.0
