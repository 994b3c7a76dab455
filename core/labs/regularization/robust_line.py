"""A straight line through points, some of them wrong, fitted by the squared error (L2) and by the absolute error (L1).

The points are y = 2 x + 1 + noise with x at equal distances on [-1, 1]. The gradient of the absolute error does not grow with the
distance of a point, so that wrong values of y move its line little. A wrong value of x has a strong effect on both: a point far from the
others pulls the L1 line even more than the L2 line.

Source: Huber & Ronchetti 2009, "Robust Statistics", section 7; the L1 line is scikit-learn's quantile regression at the median.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from pandas import DataFrame

Outliers = Literal["none", "in y", "in x and y"]
OUTLIERS: tuple[Outliers, ...] = get_args(Outliers)
SLOPE, INTERCEPT, NOISE = 2.0, 1.0, 0.3
POINTS, WRONG = 100, 10
FALL, FAR = 10.0, 5.0
"""How far wrong points are lowered, and the position of the points whose x is wrong too."""


def points(outliers: Outliers, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns x and y (N,). "in y": the 10 % of the points with the largest x are lowered by 10. "in x and y": 10 % are put at x = 5, y =
    -10.
    """
    rng = np.random.default_rng(seed)
    x_N = np.sort(rng.uniform(-1, 1, POINTS))
    y_N = SLOPE * x_N + INTERCEPT + NOISE * rng.standard_normal(POINTS)
    if outliers == "in y":
        y_N[-WRONG:] -= FALL
    if outliers == "in x and y":
        x_N[-WRONG:], y_N[-WRONG:] = FAR, -FALL
    return x_N, y_N


def slopes(seeds: int = 8) -> DataFrame:
    """Returns one row for each kind of outliers, loss and seed: outliers, loss (L1, L2), seed, slope, error (distance from the true
    slope).
    """
    rows = []
    for outliers in OUTLIERS:
        for seed in range(seeds):
            x_N, y_N = points(outliers, seed)
            found = {"L1": least_absolute(x_N, y_N), "L2": float(np.polyfit(x_N, y_N, 1)[0])}
            rows += [{"outliers": outliers, "loss": loss, "seed": seed, "slope": slope} for loss, slope in found.items()]
    frame = DataFrame(rows)
    return frame.assign(error=(frame["slope"] - SLOPE).abs())


def least_absolute(x_N: np.ndarray, y_N: np.ndarray) -> float:
    """Returns the slope of the line with the smallest sum of absolute errors."""
    from sklearn.linear_model import QuantileRegressor

    return float(QuantileRegressor(quantile=0.5, alpha=0.0).fit(x_N[:, None], y_N).coef_[0])
