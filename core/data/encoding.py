"""Columns to numbers, with every statistic fitted on the training part alone.

N rows, D encoded features.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from core.data.examples import FloatArray

if TYPE_CHECKING:
    from sklearn.compose import ColumnTransformer

Scale = Literal["standard", "minmax", "none"]


@dataclass(frozen=True, eq=False)
class Encoder:
    """A fitted encoding: `names` are the D features that it makes."""

    transformer: ColumnTransformer
    names: tuple[str, ...]

    def encode(self, frame: pd.DataFrame) -> FloatArray:
        """(N, D) features of N rows; N may be 0."""
        if frame.empty:  # scikit-learn refuses to transform nothing
            return np.empty((0, len(self.names)))
        return np.ascontiguousarray(self.transformer.transform(frame), dtype=np.float64)

    def slopes(self, frame: pd.DataFrame) -> FloatArray:
        """By how much each feature grows where its column grows by 1: (D,), for a frame of numbers of which none is missing."""
        nothing = frame.iloc[:1] * 0
        return np.subtract(self.encode(nothing + 1), self.encode(nothing))[0]


def fit_encoder(train: pd.DataFrame, scale: Scale) -> Encoder:
    """Fit on the training rows: first all numbers, then `name=missing` flags, then `name=value` flags of the categories.

    A missing number becomes the training median (0 where the training part has none), and its column gets a flag if it misses
    any in the training part. A category that the training part does not have gets no flag at all. Numbers are scaled, flags
    stay 0 or 1. A column that is constant in the training part becomes 0 there, never NaN, unless `scale` is "none".
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import MissingIndicator
    from sklearn.preprocessing import OneHotEncoder

    numbers, categories = number_columns(train), category_columns(train)
    missing = [name for name in numbers if train[name].isna().any()]
    transformer = ColumnTransformer(
        [
            ("numbers", _numbers(scale), numbers),
            ("missing", MissingIndicator(features="all"), missing),
            ("categories", OneHotEncoder(handle_unknown="ignore", sparse_output=False), categories),
        ],
        sparse_threshold=0,
    ).fit(train)
    flags = [f"{name}=missing" for name in missing] + _category_flags(transformer, categories)
    return Encoder(transformer, (*numbers, *flags))


def _category_flags(transformer: ColumnTransformer, categories: Sequence[str]) -> list[str]:
    if not categories:
        return []
    values = transformer.named_transformers_["categories"].categories_
    return [f"{name}={value}" for name, known in zip(categories, values, strict=True) for value in known]


def number_columns(frame: pd.DataFrame) -> list[str]:
    """The names of the columns of numbers, in their order."""
    return [str(name) for name in frame.select_dtypes("number").columns]


def category_columns(frame: pd.DataFrame) -> list[str]:
    """The names of all other columns, in their order."""
    return [str(name) for name in frame.select_dtypes(exclude="number").columns]


def _numbers(scale: Scale) -> Any:
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, StandardScaler

    scalers = {"standard": StandardScaler(), "minmax": MinMaxScaler(), "none": "passthrough"}
    return make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), scalers[scale])


def standardised(targets: FloatArray, train: FloatArray) -> FloatArray:
    """`targets` (N,) in standard deviations of the training targets from their mean; only centred where those are constant."""
    return np.divide(targets - train.mean(), unit_of(train))


def unit_of(train: FloatArray) -> float:
    """What a standardised target is counted in: the standard deviation of the training targets (N,), 1 where those are constant."""
    return float(train.std()) or 1.0
