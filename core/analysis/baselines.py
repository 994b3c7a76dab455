"""The score of a constant prediction, in a sentence: the most frequent class of the training part, or the mean of its targets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd
from pandas import DataFrame, Series

from core.analysis import metrics

PREFIX = "baseline_"


class Guess(NamedTuple):
    """The scores of predictions that know only the class shares: always the most frequent class (with its share), and, for the loss in
    nats, the class shares as probabilities, which gives the entropy of the shares.
    """

    name: str
    share: float
    loss: float


def of_counts(classes: Mapping[str, int], rows: int) -> Guess:
    """The guess for classes with these counts among `rows` rows; of equally frequent classes, the first."""
    name, most = max(classes.items(), key=lambda pair: pair[1])
    shares = [count / rows for count in classes.values() if count]
    return Guess(name, most / rows, -sum(share * math.log(share) for share in shares))


def columns(frame: DataFrame, part: str) -> list[str]:
    """The baseline's columns of a part ("val" or "test") that have a value."""
    names = [name for name in frame.columns if name.startswith(f"{PREFIX}{part}_")]
    return [name for name in names if frame[name].notna().any()]


def sentence(runs: DataFrame) -> str:
    """The baseline's scores on the test part, else on the validation part, and the target's standard deviation; empty if none is known.

    `runs` has one row for each run. If the variants have different data, the lowest and the highest value are given.
    """
    known = columns(runs, "test") or columns(runs, "val")
    if not known:
        return ""
    regression = "target_std" in runs and runs["target_std"].notna().any()
    what = "the training targets' mean" if regression else "the most frequent class (for the loss: the classes' shares)"
    scores = ", ".join(f"{metrics.name(name.removeprefix(PREFIX))} {_range(runs[name])}" for name in known)
    spread = f" The target's standard deviation in the training part is {_range(runs['target_std'])}." if regression else ""
    return f"Always predicting {what} reaches: {scores}.{spread}"


def _range(values: Series) -> str:
    low, high = (f"{value:.4g}" for value in (pd.to_numeric(values).min(), pd.to_numeric(values).max()))
    return low if low == high else f"{low} to {high}"
