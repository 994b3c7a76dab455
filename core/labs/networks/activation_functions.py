"""Activation functions with their derivatives from autograd. Torch is imported inside the functions.

A derivative is a single number where the function has no corner. At a corner, as ReLU's at 0, every slope between the left and the right
one is a subgradient, and autograd uses one of them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from core.choices.activations import ActivationChoice

SIDE = 4.0
"""Functions are drawn from -SIDE to SIDE."""

_WIDE, _FINE = 10.0, 40_001
_NEXT_TO_0 = 1e-9


class Facts(NamedTuple):
    """Facts about a function's slope.

    largest: the largest |f'| from -10 to 10.
    left, right: the slope on each side of 0; if they differ, every slope between them is a subgradient there.
    taken: the slope that autograd uses at 0.
    """

    largest: float
    left: float
    right: float
    taken: float

    @property
    def smooth(self) -> bool:
        """Whether the function is differentiable at 0."""
        return abs(self.right - self.left) < 1e-6


def values(activation: ActivationChoice, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """f(x) and f'(x) in float64, with the shape of x; by torch's own module and autograd."""
    import torch

    at = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    found = activation.build().double()(at)
    (slope,) = torch.autograd.grad(found.sum(), at)
    return found.detach().numpy(), slope.numpy()


def curve(activation: ActivationChoice, points: int = 321) -> pd.DataFrame:
    """x, value, slope over the drawn range, including 0."""
    x = np.linspace(-SIDE, SIDE, points)
    value, slope = values(activation, x)
    return pd.DataFrame({"x": x, "value": value, "slope": slope})


def facts(activation: ActivationChoice) -> Facts:
    """The numbers of `Facts`."""
    _, wide = values(activation, np.linspace(-_WIDE, _WIDE, _FINE))
    _, (left, taken, right) = values(activation, np.array([-_NEXT_TO_0, 0.0, _NEXT_TO_0]))
    return Facts(float(np.abs(wide).max()), float(left), float(right), float(taken))
