"""Fewer points, the same ones each time.

A line is cut into intervals of 2, 4, 8 ... evaluations, counted from its first, and keeps the lowest and the highest value of each, so that
no spike is lost; and its first and last point. While a line grows the intervals stay, until it is twice as long and each two become one.
What has no value to go by, such as the columns of a heat map, keeps every 2nd, 4th, 8th ... evaluation.
"""

from __future__ import annotations

import numpy as np
from pandas import DataFrame, Series

POINTS = 250
"""Most points of one line."""


def fitting(width: int, pixels: int = 1) -> int:
    """Most points of a line, or cells of a row, over a plot `width` pixels wide, each at least so many `pixels` from the next.

    Where there are more, `thinned` leaves each up to twice as much room.
    """
    return min(width // pixels, POINTS)


def strides(sizes: np.ndarray, limit: int) -> np.ndarray:
    """The smallest power of two for each line length that leaves at most `limit` points, the last point included."""
    doublings = np.ceil(np.log2(np.maximum(sizes - 1, 1) / max(limit - 1, 1)))
    return np.exp2(np.maximum(doublings, 0)).astype(np.int64)


def thinned(frame: DataFrame, by: str | list[str], limit: int = POINTS, value: str | None = None) -> DataFrame:
    """At most `limit` rows (never fewer than 2 are asked for) of each group, the group's rows being in order of time.

    `value`: the column whose lowest and highest values are kept in each interval; it takes a `limit` of 4 or more.
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
    """True at the first lowest and the first highest value of each interval; NaN counts as neither."""
    kept = np.zeros(len(values), dtype=bool)
    lowest = Series(np.where(np.isnan(values), np.inf, values)).groupby(keys, sort=False).idxmin()
    highest = Series(np.where(np.isnan(values), -np.inf, values)).groupby(keys, sort=False).idxmax()
    kept[lowest], kept[highest] = True, True
    return kept
