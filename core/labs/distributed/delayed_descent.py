"""Gradient descent with a delay: each update uses the gradient of weights that are k updates old, as on an asynchronous server.

On a quadratic of curvature lambda, with a = lr * lambda,

    w_(t+1) = w_t - a w_(t-k)

whose solutions are sums of powers of the roots of z^(k+1) - z^k + a. It converges for every start if and only if all roots lie inside the
unit circle, which holds for 0 < a < 2 cos(k pi / (2k + 1)): 2 without a delay, 1 for k = 1, and about pi / (2k) for a long delay.

Sources: Levin & May 1976, "A note on difference-delay equations" (Theoretical Population Biology 9), theorem 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from pandas import DataFrame

DELAYS = range(11)


def bound(delay: int) -> float:
    """The rate times curvature below which it converges, in closed form."""
    return 2 * math.cos(delay * math.pi / (2 * delay + 1))


def growth(rate: float, delay: int) -> float:
    """The factor by which w grows per update in the long run: the largest absolute root of the polynomial above."""
    coefficients = np.zeros(delay + 2)
    coefficients[:2] += [1, -1]
    coefficients[-1] += rate
    return float(np.abs(np.roots(coefficients)).max())


def largest_stable(delay: int) -> float:
    """The rate times curvature at which the growth is 1, found numerically from the roots, to check the closed form."""
    from scipy.optimize import brentq

    least = 1e-3
    return float(brentq(lambda rate: growth(rate, delay) - 1, least, 2.5, xtol=1e-13, rtol=1e-14))


def table(delays: Sequence[int] = DELAYS) -> DataFrame:
    """One row for each delay: delay, bound, found (from the roots), error (their absolute difference)."""
    rows = [{"delay": delay, "bound": bound(delay), "found": largest_stable(delay)} for delay in delays]
    return DataFrame(rows).assign(error=lambda frame: (frame["bound"] - frame["found"]).abs())
