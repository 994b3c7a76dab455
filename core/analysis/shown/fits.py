"""Lines that were fitted, as they are drawn."""

from __future__ import annotations

import numpy as np
from pandas import DataFrame


def power_law(sizes: np.ndarray, slope: float, intercept: float) -> DataFrame:
    """batch_size, noise: a straight line on two logarithmic axes, over the range of the sizes; nothing where no line was fitted.

    slope, intercept: of log10 noise against log10 batch_size.
    """
    ends = np.array([sizes.min(), sizes.max()], dtype=float)
    return DataFrame({"batch_size": ends, "noise": 10 ** (intercept + slope * np.log10(ends))}).dropna()
