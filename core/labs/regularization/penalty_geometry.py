"""Why L1 makes zeros and L2 does not: a loss over two weights, and its minimum within a budget for the norm of the weights.

The loss is a quadratic bowl, L(w) = 1/2 (w - b)^T H (w - b) with H = [[1, c], [c, 1]]; the budget t allows the weights with ||w||_p <= t.
The constrained minimum is where a contour first touches this ball: at a corner of the L1 diamond, one weight is exactly 0.

Source: Hastie, Tibshirani & Friedman 2009, "The Elements of Statistical Learning", section 3.4.3, figure 3.11.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Shrinkage = Literal["l1", "l2_squared", "l2_norm"]

CORNERS = 2 * np.pi * np.arange(4) / 4
GRID = 1440
"""Number of directions in which the boundary is searched; the four corners are among them."""
HALVINGS = 60
CONTOURS = 6
GOLDEN = (np.sqrt(5) - 1) / 2


@dataclass(frozen=True)
class Bowl:
    """A quadratic loss: its minimum, and the correlation of the two weights (-1 < correlation < 1)."""

    w1: float
    w2: float
    correlation: float = 0.0

    @property
    def best(self) -> Array:
        """Returns the weights without a penalty: (2,)."""
        return np.array([self.w1, self.w2])

    @property
    def curvature(self) -> Array:
        """Returns H, (2, 2)."""
        return np.array([[1.0, self.correlation], [self.correlation, 1.0]])

    def loss(self, w_N2: Array) -> Array:
        """Returns the loss of N pairs of weights: (N,)."""
        away = w_N2 - self.best
        return np.asarray(0.5 * np.einsum("ni,ij,nj->n", away, self.curvature, away))

    def contour(self, level: float, points: int = 180) -> Array:
        """Returns the closed ellipse on which the loss is `level`: (points + 1, 2)."""
        values, vectors = np.linalg.eigh(self.curvature)
        circle = _directions(np.linspace(0, 2 * np.pi, points + 1))
        return np.asarray(self.best + np.sqrt(2 * level) * (circle / np.sqrt(values)) @ vectors.T)


def norm(w_N2: Array, p: float) -> Array:
    """Returns (|w1|^p + |w2|^p)^(1/p) of N pairs: (N,). For p below 1 this is not a norm, and its ball is not convex."""
    return np.asarray((np.abs(w_N2) ** p).sum(axis=1) ** (1 / p))


def ball(p: float, budget: float, points: int = GRID) -> Array:
    """Returns the closed line ||w||_p = budget: (points + 1, 2). It contains the corners if `points` is a multiple of 4."""
    return _on_boundary(np.linspace(0, 2 * np.pi, points + 1), p, budget)


def constrained_minimum(bowl: Bowl, p: float, budget: float) -> Array:
    """Returns the weights (2,) of least loss with ||w||_p <= budget.

    If the bowl's own minimum lies within the ball, it is returned. Otherwise the minimum lies on the boundary, which is searched in all
    directions and then, around the best one, by golden sections. A corner is returned exactly, because one weight is exactly 0 there.
    """
    if float(norm(bowl.best[None], p)[0]) <= budget:
        return bowl.best
    angles = np.linspace(0, 2 * np.pi, GRID, endpoint=False)
    least = angles[np.argmin(bowl.loss(_on_boundary(angles, p, budget)))]
    step = 2 * np.pi / GRID
    refined = _refined(bowl, p, budget, least - step, least + step)
    found = _on_boundary(np.array([refined, *CORNERS]), p, budget)
    losses = bowl.loss(found)
    corner = 1 + int(np.argmin(losses[1:]))
    chosen = corner if losses[corner] <= losses[0] + 1e-12 else 0
    return np.asarray(found[chosen])


def budget_path(bowl: Bowl, p: float, budgets: Array) -> Array:
    """Returns the constrained minimum for each of N budgets: (N, 2)."""
    return np.stack([constrained_minimum(bowl, p, float(budget)) for budget in budgets])


def levels(bowl: Bowl, touching: float) -> list[float]:
    """Returns the losses of the contours to draw: the one of the constrained minimum, and others at equal distances from the bowl's own
    minimum.
    """
    outer = float(bowl.loss(np.zeros((1, 2)))[0])
    reach = np.sqrt(max(outer, touching, 1e-9))
    spaced = [(reach * part / CONTOURS) ** 2 for part in range(1, CONTOURS + 1)]
    return sorted({*spaced, *([touching] if touching > 1e-9 else [])})


def shrunk(w_N: Array, penalty: Shrinkage, strength: float) -> Array:
    """Returns single weights after one proximal step: argmin over v of 1/2 (v - w)^2 + strength * penalty(v).

    l1 (|v|): w moves towards 0 by the strength, and stops there. l2_squared (v^2): w / (1 + 2 strength), never 0. l2_norm, for a group
    of two equal weights: the norm of the group decreases by the strength, so that each weight loses strength / sqrt 2.

    Source: Parikh & Boyd 2014, "Proximal Algorithms", sections 6.5 and 6.1.
    """
    if penalty == "l2_squared":
        return w_N / (1 + 2 * strength)
    by = {"l1": strength, "l2_norm": strength / np.sqrt(2)}[penalty]
    return np.asarray(np.sign(w_N) * np.maximum(np.abs(w_N) - by, 0.0))


def _directions(angles: Array) -> Array:
    """Returns unit vectors that are exact at the corners: cos(pi/2) is 6e-17 in floats and must be 0 here."""
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    vectors[np.abs(vectors) < 1e-12] = 0.0
    return vectors


def _on_boundary(angles: Array, p: float, budget: float) -> Array:
    directions = _directions(angles)
    return np.asarray(budget * directions / norm(directions, p)[:, None])


def _refined(bowl: Bowl, p: float, budget: float, low: float, high: float) -> float:
    def at(angle: float) -> float:
        return float(bowl.loss(_on_boundary(np.array([angle]), p, budget))[0])

    for _ in range(HALVINGS):
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        low, high = (low, right) if at(left) < at(right) else (left, high)
    return (low + high) / 2
