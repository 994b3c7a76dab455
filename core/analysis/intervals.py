"""Estimates over seeds with their 95 % intervals: means, ratios, shares, standard deviations.

The input is one number for each seed: a Series indexed by seed, or two of them, which are paired by that index. NaN marks a missing
number, which is counted and left out of the estimate. Infinity is a number: a target that was never reached, or the loss of a diverged run.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd
from pandas import Series

from core.analysis.statistics import LEVEL, mean_interval

TAIL = (1 - LEVEL) / 2


class Estimate(NamedTuple):
    """A value and the two ends of its 95 % interval, which are NaN if there are too few seeds.

    n: seeds with a number. missing: seeds without one, on either side of a pair.
    """

    value: float
    low: float
    high: float
    n: int
    missing: int


def mean(values: Iterable[float] | Series) -> Estimate:
    """The mean and its t interval; if a value is infinite, the median and the interval of `median`."""
    known, missing = _known(Series(values, dtype=float))
    if np.isinf(known).any():
        return Estimate(*median(known), len(known), missing)
    if known.empty:
        return Estimate(math.nan, math.nan, math.nan, 0, missing)
    return Estimate(*mean_interval(known), len(known), missing)


def median(values: Series) -> tuple[float, float, float]:
    """The median and its distribution-free interval between two order statistics: (value, low, high).

    It needs six values: the smallest and the largest of five enclose the median with a probability of only 0.94.

    Source: Conover 1999, "Practical Nonparametric Statistics", section 3.2, as in `scipy.stats.quantile_test`.
    """
    from scipy.stats import quantile_test

    found = quantile_test(values.to_numpy(), q=0, p=0.5).confidence_interval(LEVEL)
    ordered = np.sort(values.to_numpy())
    low_half, high_half = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    middle = low_half if low_half == high_half else (low_half + high_half) / 2
    return float(middle), float(found.low), float(found.high)


def difference(first: Series, second: Series) -> Estimate:
    """The mean of first minus second over the seeds, with the interval of the paired t test."""
    with np.errstate(invalid="ignore"):  # infinity minus infinity is missing
        return mean(first.astype(float).sub(second.astype(float)))


def ratio(first: Series, second: Series) -> Estimate:
    """The geometric mean of first over second, both positive, with the t interval of the logarithms.

    If one side is infinite or 0 for a seed, the median of the ratios is used in place of the mean.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        found = mean(np.log(first.astype(float).div(second.astype(float))))
        value, low, high = np.exp(found[:3])
    return found._replace(value=float(value), low=float(low), high=float(high))


def share(values: Iterable[float] | Series) -> Estimate:
    """The share of seeds whose value is true (1), with the exact interval of Clopper & Pearson 1934."""
    known, missing = _known(Series(values, dtype=float))
    n, hits = len(known), int(known.sum())
    if not n:
        return Estimate(math.nan, math.nan, math.nan, 0, missing)
    return Estimate(hits / n, *clopper_pearson(hits, n), n, missing)


def clopper_pearson(hits: int, n: int) -> tuple[float, float]:
    """The exact interval of a proportion: all values that neither one-sided exact test at 2.5 % rejects."""
    from scipy.special import betaincinv

    low = float(betaincinv(hits, n - hits + 1, TAIL)) if hits else 0.0
    high = float(betaincinv(hits + 1, n - hits, 1 - TAIL)) if hits < n else 1.0
    return low, high


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The score interval of a proportion (Wilson 1927)."""
    from scipy.special import ndtri

    z2, rate = float(ndtri(1 - TAIL)) ** 2, hits / n
    middle = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (rate * (1 - rate) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    return middle - half, middle + half


def share_difference(first: Iterable[float] | Series, second: Iterable[float] | Series) -> Estimate:
    """The first share minus the second, with the interval of Newcombe 1998 from the two score intervals (his method 10).

    It treats the two samples as independent. Unlike a t interval, it does not shrink to zero width if all seeds of a side agree. n is the
    number of the smaller sample.
    """
    (one, missing_one), (two, missing_two) = (_known(Series(values, dtype=float)) for values in (first, second))
    if one.empty or two.empty:
        return Estimate(math.nan, math.nan, math.nan, 0, missing_one + missing_two)
    (p, q), (low_p, high_p), (low_q, high_q) = (one.mean(), two.mean()), wilson(int(one.sum()), len(one)), wilson(int(two.sum()), len(two))
    low, high = p - q - math.hypot(p - low_p, high_q - q), p - q + math.hypot(high_p - p, q - low_q)
    return Estimate(float(p - q), float(low), float(high), min(len(one), len(two)), missing_one + missing_two)


def spread(values: Iterable[float] | Series) -> Estimate:
    """The standard deviation over seeds, with the chi-squared interval. It assumes a normal distribution, and needs about 30 seeds."""
    from scipy.special import chdtri

    known, missing = _known(Series(values, dtype=float))
    sd, n = float(known.std()), len(known)
    if n < 2 or not math.isfinite(sd):
        return Estimate(sd if n > 1 else math.nan, math.nan, math.nan, n, missing)
    low, high = (sd * math.sqrt((n - 1) / float(chdtri(n - 1, tail))) for tail in (TAIL, 1 - TAIL))
    return Estimate(sd, low, high, n, missing)


def spread_ratio(first: Iterable[float] | Series, second: Iterable[float] | Series) -> Estimate:
    """The first standard deviation over the second, with the F interval of independent normal samples. n is that of the smaller sample."""
    from scipy.special import fdtri

    (one, missing_one), (two, missing_two) = (_known(Series(values, dtype=float)) for values in (first, second))
    n, missing = min(len(one), len(two)), missing_one + missing_two
    if n < 2 or not two.std() > 0:
        return Estimate(math.nan, math.nan, math.nan, n, missing)
    value, degrees = float(one.std() / two.std()), (len(one) - 1, len(two) - 1)
    low, high = (value / math.sqrt(float(fdtri(*degrees, level))) for level in (1 - TAIL, TAIL))
    return Estimate(value, low, high, n, missing)


def _known(values: Series) -> tuple[Series, int]:
    """The known numbers, and how many are missing."""
    known = values[~pd.isna(values)]
    return known, len(values) - len(known)
