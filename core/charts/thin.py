"""Fewer points, the same ones each time.

A line is thinned to every 1st, 2nd, 4th, 8th ... evaluation, counted from its first, and its last point. While a line grows the
points that are shown stay where they are, until it is twice as long and every second of them goes.
"""

from __future__ import annotations

import numpy as np
from pandas import DataFrame

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


def thinned(frame: DataFrame, by: str | list[str], limit: int = POINTS) -> DataFrame:
    """At most `limit` rows (never fewer than 2 are asked for) of each group, the group's rows being in order of time."""
    limit = max(limit, 2)
    if len(frame) <= limit:
        return frame
    groups = frame.groupby(by, sort=False, observed=True)
    place = groups.cumcount().to_numpy()
    size = groups["variant"].transform("size").to_numpy()
    return frame[(place % strides(size, limit) == 0) | (place == size - 1)]


def kept(values: np.ndarray, limit: int) -> np.ndarray:
    """The distinct values in order, thinned like a line."""
    distinct = np.unique(values)
    place = np.arange(len(distinct))
    stride = strides(np.array([len(distinct)]), max(limit, 2))[0]
    return distinct[(place % stride == 0) | (place == len(distinct) - 1)]
