"""Recovered training data: the error of each example, and how well members are told from others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from pandas import DataFrame, Series

from core.analysis import intervals
from core.analysis.intervals import Estimate


def errors(pixels: DataFrame) -> Series:
    """The relative error of each example, by its position in the batch."""
    return pixels.groupby("example")["error"].first()


def found_shares(tries: Sequence[DataFrame], close: float) -> list[float]:
    """For each try, the share of its examples whose error is at most `close`."""
    return [float((errors(pixels) <= close).mean()) for pixels in tries]


def best(tries: Mapping[str, DataFrame]) -> str:
    """The try with the smallest error of its worst example."""
    return min(tries, key=lambda name: float(errors(tries[name]).max()))


def quality(frame: DataFrame) -> DataFrame:
    """seed, variant, epochs, auc, gap (of the accuracies), and the accuracies themselves, of a membership attack."""
    rows = frame[frame["part"] == "quality"]
    gap = rows["train_accuracy"] - rows["other_accuracy"]
    return rows.assign(variant=rows["model"], gap=gap)[["variant", "seed", "epochs", "auc", "gap", "train_accuracy", "other_accuracy"]]


def roc(frame: DataFrame) -> DataFrame:
    """variant, false_positives, true_positives, place: the ROC curves, in order of the threshold."""
    rows = frame[frame["part"] == "roc"].rename(columns={"model": "variant"})
    return rows.assign(place=range(len(rows)))[["variant", "false_positives", "true_positives", "place"]]


def means(rows: DataFrame) -> DataFrame:
    """Means over the seeds of `quality`'s columns, by variant and number of epochs: variant, epochs, auc, gap and the accuracies."""
    return rows.groupby(["variant", "epochs"], as_index=False, sort=False)[["gap", "auc", "train_accuracy", "other_accuracy"]].mean()


def longest(rows: DataFrame) -> DataFrame:
    """The row of each variant with the most epochs."""
    return rows.loc[rows.groupby("variant", sort=False)["epochs"].idxmax()] if len(rows) else rows


def auc_difference(rows: DataFrame, first: str, second: str) -> Estimate:
    """The AUC of the first network minus that of the second, paired by seed."""
    table = pd.pivot_table(rows, index="seed", columns="variant", values="auc")
    return intervals.difference(table[first], table[second])
