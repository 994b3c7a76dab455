"""Reduces the points of a line, and always keeps the same ones.

A line is cut into intervals of 2, 4, 8 ... evaluations, counted from its first. The lowest and the highest value of each interval are kept,
so that no spike is lost, and the line's first and last point. While a line grows, the intervals stay the same until it is twice as long;
then each two become one. Rows without a value to compare, such as the columns of a heat map, keep every 2nd, 4th, 8th ... evaluation.
"""

from __future__ import annotations

import numpy as np
from pandas import DataFrame, Series

POINTS = 250
"""Largest number of points of one line."""


def fitting(width: int, pixels: int = 1) -> int:
    """Returns the largest number of points of a line, or cells of a row, on a plot `width` pixels wide, each at least `pixels` from the
    next.

    If there are more, `thinned` leaves up to twice this distance between them.
    """
    return min(width // pixels, POINTS)


def strides(sizes: np.ndarray, limit: int) -> np.ndarray:
    """Returns the smallest power of two for each line length that leaves at most `limit` points, including the last point."""
    doublings = np.ceil(np.log2(np.maximum(sizes - 1, 1) / max(limit - 1, 1)))
    return np.exp2(np.maximum(doublings, 0)).astype(np.int64)


def thinned(frame: DataFrame, by: str | list[str], limit: int = POINTS, value: str | None = None) -> DataFrame:
    """Returns at most `limit` rows (at least 2) of each group; the group's rows are in order of time.

    `value`: the column whose lowest and highest values are kept in each interval; it needs a `limit` of 4 or more.
    """
    limit = max(limit, 2)
    if len(frame) <= limit:
        return frame
    groups = frame.groupby(by, sort=False, observed=True)
    place = groups.cumcount().to_numpy()
    size = groups["variant"].transform("size").to_numpy()
    if value is None or limit < 4:
        return frame[(place % strides(size, limit) == 0) | (place == size - 1)]
    interval = place // strides(size, (limit - 2) // 2)
    ends = (place == 0) | (place == size - 1) | (size <= limit)
    return frame[ends | _extremes(frame[value].to_numpy(np.float64), [groups.ngroup().to_numpy(), interval])]


def _extremes(values: np.ndarray, keys: list[np.ndarray]) -> np.ndarray:
    """Returns True at the first lowest and the first highest value of each interval; NaN counts as neither."""
    kept = np.zeros(len(values), dtype=bool)
    lowest = Series(np.where(np.isnan(values), np.inf, values)).groupby(keys, sort=False).idxmin()
    highest = Series(np.where(np.isnan(values), -np.inf, values)).groupby(keys, sort=False).idxmax()
    kept[lowest], kept[highest] = True, True
    return kept
