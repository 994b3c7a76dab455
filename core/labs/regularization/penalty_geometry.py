"""Why L1 makes zeros and L2 does not: a loss over two weights, and the least of it within a budget for the size of the weights.

The loss is a bowl, L(w) = 1/2 (w - b)^T H (w - b) with H = [[1, c], [c, 1]]; the budget t allows the weights with ||w||_p <= t. The
least loss within it lies where a contour first touches that ball: on the corners of the L1 diamond a weight is exactly 0.

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
"""Directions in which the boundary is searched, the four corners among them."""
HALVINGS = 60
CONTOURS = 6
GOLDEN = (np.sqrt(5) - 1) / 2


@dataclass(frozen=True)
class Bowl:
    """A quadratic loss: where it is least, and how the two weights go together (-1 < correlation < 1)."""

    w1: float
    w2: float
    correlation: float = 0.0

    @property
    def best(self) -> Array:
        """The weights without a penalty: (2,)."""
        return np.array([self.w1, self.w2])

    @property
    def curvature(self) -> Array:
        """H, (2, 2)."""
        return np.array([[1.0, self.correlation], [self.correlation, 1.0]])

    def loss(self, w_N2: Array) -> Array:
        """The loss of N pairs of weights: (N,)."""
        away = w_N2 - self.best
        return np.asarray(0.5 * np.einsum("ni,ij,nj->n", away, self.curvature, away))

    def contour(self, level: float, points: int = 180) -> Array:
        """The closed ellipse on which the loss is `level`: (points + 1, 2)."""
        values, vectors = np.linalg.eigh(self.curvature)
        circle = _directions(np.linspace(0, 2 * np.pi, points + 1))
        return np.asarray(self.best + np.sqrt(2 * level) * (circle / np.sqrt(values)) @ vectors.T)


def norm(w_N2: Array, p: float) -> Array:
    """(|w1|^p + |w2|^p)^(1/p) of N pairs: (N,). Below p = 1 it is no norm, and its ball caves in."""
    return np.asarray((np.abs(w_N2) ** p).sum(axis=1) ** (1 / p))


def ball(p: float, budget: float, points: int = GRID) -> Array:
    """The closed line ||w||_p = budget: (points + 1, 2), the corners among them where `points` is a multiple of 4."""
    return _on_boundary(np.linspace(0, 2 * np.pi, points + 1), p, budget)


def constrained_minimum(bowl: Bowl, p: float, budget: float) -> Array:
    """The weights (2,) of least loss with ||w||_p <= budget.

    Within the ball it is the bowl's own minimum. Else it lies on the boundary, which is searched in all directions and then, around the
    best one, by golden sections; a corner is returned exactly, for there a weight is 0 and not merely small.
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
    """The constrained minimum for each of N budgets: (N, 2)."""
    return np.stack([constrained_minimum(bowl, p, float(budget)) for budget in budgets])


def levels(bowl: Bowl, touching: float) -> list[float]:
    """Losses of contours worth drawing: that of the constrained minimum, and others evenly in distance from the bowl's own minimum."""
    outer = float(bowl.loss(np.zeros((1, 2)))[0])
    reach = np.sqrt(max(outer, touching, 1e-9))
    spaced = [(reach * part / CONTOURS) ** 2 for part in range(1, CONTOURS + 1)]
    return sorted({*spaced, *([touching] if touching > 1e-9 else [])})


def shrunk(w_N: Array, penalty: Shrinkage, strength: float) -> Array:
    """One proximal step on single weights: argmin over v of 1/2 (v - w)^2 + strength * penalty(v).

    l1 (|v|): w moves towards 0 by the strength, and stays there. l2_squared (v^2): w / (1 + 2 strength), never 0. l2_norm, of a group
    of two equal weights: the group is shortened by the strength, so that each loses strength / sqrt 2, both together.
    Source: Parikh & Boyd 2014, "Proximal Algorithms", sections 6.5 and 6.1.
    """
    if penalty == "l2_squared":
        return w_N / (1 + 2 * strength)
    by = {"l1": strength, "l2_norm": strength / np.sqrt(2)}[penalty]
    return np.asarray(np.sign(w_N) * np.maximum(np.abs(w_N) - by, 0.0))


def _directions(angles: Array) -> Array:
    """Unit vectors, exact at the corners: cos(pi/2) is 6e-17 and must be 0 here."""
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
