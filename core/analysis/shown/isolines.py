"""Contour lines on a regular grid, by marching triangles."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas import DataFrame


def isolines(grid: DataFrame, levels: np.ndarray) -> DataFrame:
    """The lines as short pieces: place (the row's number), level, x, y.

    Two rows form a piece; a third row without x and y breaks the drawn line.

    Args:
        grid: x, y and loss at every point of a regular grid, in rows of equal y.
        levels: the values of the lines.
    """
    corners_N32, values_N3 = _triangles(grid)
    parts = [_line(corners_N32, values_N3, float(level)) for level in levels]
    lines = pd.concat(parts, ignore_index=True) if parts else DataFrame({"level": [], "x": [], "y": []})
    return lines.assign(place=np.arange(len(lines), dtype=np.int32))


def levels(losses: np.ndarray, lowest: float, count: int = 14) -> np.ndarray:
    """Values for `count` lines, whose heights above `lowest` grow by a constant factor, so that they are close together at low losses."""
    above = losses - lowest
    low, high = np.quantile(above, (0.01, 0.99))
    if not 0 < high < np.inf:
        return np.array([])
    return lowest + np.geomspace(max(low, high * 1e-6), high, count)


def _triangles(grid: DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Two triangles for every four neighbours: their corners (N, 3, 2), and the values there (N, 3)."""
    shape = grid["y"].nunique(), grid["x"].nunique()
    points_YX3 = grid[["x", "y", "loss"]].to_numpy(dtype=float).reshape(*shape, 3)
    low_left, low_right, top_left, top_right = points_YX3[:-1, :-1], points_YX3[:-1, 1:], points_YX3[1:, :-1], points_YX3[1:, 1:]
    halves = [np.stack(half, axis=2).reshape(-1, 3, 3) for half in ((low_left, low_right, top_right), (low_left, top_left, top_right))]
    corners_N33 = np.concatenate(halves)
    return corners_N33[..., :2], corners_N33[..., 2]


def _line(corners_N32: np.ndarray, values_N3: np.ndarray, level: float) -> DataFrame:
    """The pieces of one line. If one corner of a triangle lies on the other side of the level, the line cuts the two edges at that
    corner.
    """
    above_N3 = values_N3 > level
    cut = above_N3.any(axis=1) & ~above_N3.all(axis=1)
    corners, values, above = corners_N32[cut], values_N3[cut], above_N3[cut]
    lone = np.where(above.sum(axis=1) == 1, above.argmax(axis=1), above.argmin(axis=1))
    order = (lone[:, None] + np.arange(3)) % 3
    corners, values = np.take_along_axis(corners, order[..., None], axis=1), np.take_along_axis(values, order, axis=1)
    share = (level - values[:, :1]) / (values[:, 1:] - values[:, :1])
    pieces = np.full((len(corners), 3, 2), np.nan)
    pieces[:, :2] = corners[:, :1] + share[..., None] * (corners[:, 1:] - corners[:, :1])
    flat = pieces.reshape(-1, 2).astype(np.float32)
    return DataFrame({"level": np.float32(level), "x": flat[:, 0], "y": flat[:, 1]})
