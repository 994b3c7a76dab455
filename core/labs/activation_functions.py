"""Activation functions, each with its derivative as autograd has it. Torch is imported inside the functions.

A derivative is a number where the function has no corner. Where it has one, as ReLU at 0, every slope between the one from the left and
the one from the right is a subgradient, and autograd takes one of them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from core.choices.activations import ActivationChoice

FORMULAS: dict[str, tuple[str, str]] = {
    "identity": ("x", "1"),
    "sigmoid": (r"\sigma(x) = \frac{1}{1 + e^{-x}}", r"\sigma(x)\,(1 - \sigma(x))"),
    "tanh": (r"\tanh x", r"1 - \tanh^2 x"),
    "relu": (r"\max(0, x)", r"1 \text{ if } x > 0, \text{ else } 0"),
    "leaky_relu": (r"\max(x, a x)", r"1 \text{ if } x > 0, \text{ else } a"),
    "prelu": (r"\max(x, a x),\ a \text{ learned}", r"1 \text{ if } x > 0, \text{ else } a"),
    "elu": (r"x \text{ if } x > 0, \text{ else } \alpha (e^x - 1)", r"1 \text{ if } x > 0, \text{ else } \alpha e^x"),
    "gelu": (r"x\,\Phi(x)", r"\Phi(x) + x\,\varphi(x)"),
    "silu": (r"x\,\sigma(x)", r"\sigma(x)\,(1 + x\,(1 - \sigma(x)))"),
    "softplus": (r"\frac{1}{\beta} \ln(1 + e^{\beta x})", r"\sigma(\beta x)"),
}
"""f(x) and f'(x) in LaTeX, by kind; Phi and varphi are distribution and density of the standard normal."""

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
