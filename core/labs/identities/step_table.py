"""Gradient descent on a quadratic, number by number: the step table.

    f(theta) = 1/2 sum_i lambda_i theta_i^2,    theta <- theta - lr lambda theta = (1 - lr lambda) theta

So after t updates each component is its start times (1 - lr lambda)^t. It shrinks for lr < 2 / lambda, changes its sign at every update for
lr > 1 / lambda, keeps its size at lr = 2 / lambda, and grows beyond. The largest eigenvalue limits the rate; the smallest sets the speed.
A quadratic with rotated axes does the same along its eigenvectors.

Shapes: T updates, D components. All in float64. Source: Goh 2017, "Why Momentum Really Works" (Distill), section "First Steps".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pandas import DataFrame, concat

EIGENVALUES, START = (1.0, 10.0), (-2.5, 1.5)
LOWEST, HIGHEST, COMPONENTS = 0.01, 100.0, 20
"""Range of the random eigenvalues, which are uniform in their logarithm."""

RATES = (0.1, 0.5, 0.99, 1.0, 1.5, 1.9, 1.99, 2.0, 2.01, 2.1, 2.5)
"""Tried learning rates, times the largest eigenvalue."""

UPDATES = 200
AROUND, SHOWN = (0.02, 0.1, 0.19, 0.2, 0.21), 40
"""Rates below, at and above the highest stable rate of `EIGENVALUES`, and the number of updates for which they are followed."""

AT_THE_EDGE = 1e-12
"""A product lr * lambda this close to 2 counts as 2, because rounding decides there."""


def descend(eigenvalues_D: np.ndarray, start_D: np.ndarray, lr: float, updates: int) -> np.ndarray:
    """The values after every update: (T + 1, D), beginning with the start."""
    theta_D = np.array(start_D, dtype=float)
    path = [theta_D]
    for _ in range(updates):
        theta_D = theta_D - lr * (eigenvalues_D * theta_D)
        path.append(theta_D)
    return np.stack(path)


def closed_form(eigenvalues_D: np.ndarray, start_D: np.ndarray, lr: float, updates: int) -> np.ndarray:
    """(1 - lr lambda)^t theta_0 for t = 0, 1, ..., T: (T + 1, D)."""
    steps_T1 = np.arange(updates + 1)[:, None]
    return np.asarray((1 - lr * np.asarray(eigenvalues_D)) ** steps_T1 * np.asarray(start_D))


def distances(rates: Sequence[float] = AROUND, eigenvalues: Sequence[float] = EIGENVALUES, updates: int = SHOWN) -> DataFrame:
    """The distance of each rate from the minimum after every update, one row for each rate and step: rate, step, distance."""
    eigenvalues_D, start_D = np.array(eigenvalues, dtype=float), np.array(START)
    frames = []
    for rate in rates:
        distance_T = np.linalg.norm(descend(eigenvalues_D, start_D, rate, updates), axis=1)
        frames.append(DataFrame({"rate": rate, "step": np.arange(updates + 1), "distance": distance_T}))
    return concat(frames, ignore_index=True)


def drawn(seed: int = 0, components: int = COMPONENTS) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues, log-uniform from 0.01 to 100, and a normal start: (D,) each."""
    rng = np.random.default_rng(seed)
    return np.exp(rng.uniform(np.log(LOWEST), np.log(HIGHEST), components)), rng.standard_normal(components)


def errors(seed: int = 0, updates: int = UPDATES) -> dict[str, float]:
    """On the random quadratic, over all of `RATES`.

    closed_form: the largest difference from the closed form, divided by max(|theta_0|, |closed form|) of that component.
    rotated: the same for a quadratic with randomly rotated axes, at rates that do not diverge, divided by the largest |theta_0|.
    growth: number of components that grow although lr lambda < 2, or shrink although it is above 2; the rule says 0.
    """
    eigenvalues_D, start_D = drawn(seed)
    found: dict[str, float] = {"closed_form": 0.0, "rotated": 0.0, "growth": 0}
    for lr in np.array(RATES) / eigenvalues_D.max():
        path_TD, closed_TD = descend(eigenvalues_D, start_D, lr, updates), closed_form(eigenvalues_D, start_D, lr, updates)
        off = np.abs(path_TD - closed_TD) / np.maximum(np.abs(start_D), np.abs(closed_TD))
        found["closed_form"] = max(found["closed_form"], float(off.max()))
        found["growth"] += _against_the_rule(lr * eigenvalues_D, np.abs(path_TD[-1]) - np.abs(start_D))
        if lr * eigenvalues_D.max() <= 2 + AT_THE_EDGE:
            found["rotated"] = max(found["rotated"], _rotated(eigenvalues_D, start_D, lr, closed_TD, seed))
    return found


def _against_the_rule(product_D: np.ndarray, grown_D: np.ndarray) -> int:
    clear_D = np.abs(product_D - 2) > AT_THE_EDGE
    return int(((grown_D > 0) != (product_D > 2))[clear_D].sum())


def _rotated(eigenvalues_D: np.ndarray, start_D: np.ndarray, lr: float, closed_TD: np.ndarray, seed: int) -> float:
    """The largest error of the descent on Q diag(lambda) Q^T with a random orthogonal Q."""
    turn_DD, _ = np.linalg.qr(np.random.default_rng([seed, 1]).standard_normal((len(start_D), len(start_D))))
    curvature_DD = turn_DD * eigenvalues_D @ turn_DD.T
    theta_D, worst = turn_DD @ start_D, 0.0
    for expected_D in closed_TD[1:]:
        theta_D = theta_D - lr * (curvature_DD @ theta_D)
        worst = max(worst, float(np.abs(theta_D - turn_DD @ expected_D).max()))
    return worst / float(np.abs(start_D).max())
