"""Activation functions, each with its derivative as autograd has it. Torch is imported inside the functions.

A derivative is a number where the function has no corner. Where it has one, as ReLU at 0, every slope between the one from the left and
the one from the right is a subgradient, and autograd takes one of them.
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
    """What is to be known of a function's slope.

    largest: of |f'| from -10 to 10.
    left, right: the slope on either side of 0; where they differ all between the two are subgradients there.
    taken: the one that autograd takes at 0.
    """

    largest: float
    left: float
    right: float
    taken: float

    @property
    def smooth(self) -> bool:
        """Whether it is differentiable at 0."""
        return abs(self.right - self.left) < 1e-6


def values(activation: ActivationChoice, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """f(x) and f'(x) in float64, each of x's shape; by torch's own module and autograd."""
    import torch

    at = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    found = activation.build().double()(at)
    (slope,) = torch.autograd.grad(found.sum(), at)
    return found.detach().numpy(), slope.numpy()


def curve(activation: ActivationChoice, points: int = 321) -> pd.DataFrame:
    """x, value, slope over the drawn range, 0 among the places."""
    x = np.linspace(-SIDE, SIDE, points)
    value, slope = values(activation, x)
    return pd.DataFrame({"x": x, "value": value, "slope": slope})


def facts(activation: ActivationChoice) -> Facts:
    """The numbers of `Facts`."""
    _, wide = values(activation, np.linspace(-_WIDE, _WIDE, _FINE))
    _, (left, taken, right) = values(activation, np.array([-_NEXT_TO_0, 0.0, _NEXT_TO_0]))
    return Facts(float(np.abs(wide).max()), float(left), float(right), float(taken))
