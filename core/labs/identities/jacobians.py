"""The Jacobians of activation functions, by which the chain rule multiplies, for a whole vector at once.

An elementwise function has a diagonal Jacobian, J = diag(f'(x)): output i depends only on input i. For the sigmoid, J = diag(s (1 - s)).
Softmax is not elementwise, since its outputs share a sum: J = diag(s) - s s^T. Each row sums to 0, because adding the same number to
all inputs changes nothing.

Shapes: D numbers of the vector. Values and slopes are those of `activation_functions`; torch is imported inside the functions.

Source: Bishop 2006, "Pattern Recognition and Machine Learning", equations 4.88 (sigmoid) and 4.106 (softmax).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy as np
from pandas import DataFrame, concat
from scipy import special

from core.choices import activations
from core.choices.activations import ActivationChoice
from core.labs.networks import activation_functions

if TYPE_CHECKING:
    from torch import Tensor

SHOWN: tuple[ActivationChoice, ...] = (
    activations.Sigmoid(),
    activations.Tanh(),
    activations.Relu(),
    activations.LeakyRelu(),
    activations.Prelu(),
    activations.Elu(),
    activations.Gelu(),
    activations.Silu(),
)
SIZE = 6


def table(choices: Iterable[ActivationChoice] = SHOWN) -> DataFrame:
    """One row for each function: activation (its kind), formula, derivative (LaTeX), smooth, left, right, taken (slopes at 0), largest
    (|f'|).

    If left and right differ, every slope between them is a subgradient at 0, and `taken` is the one that PyTorch uses.
    """
    rows = []
    for choice in choices:
        found = activation_functions.facts(choice)
        text = {"activation": choice.kind, "formula": choice.formula, "derivative": choice.derivative}
        rows.append({**text, "smooth": found.smooth, **found._asdict()})
    return DataFrame(rows)


def slopes(choices: Iterable[ActivationChoice] = SHOWN) -> DataFrame:
    """Only the slopes at 0, one row for each function: activation, left, right, taken, largest; see `table`."""
    return table(choices)[["activation", "left", "right", "taken", "largest"]]


def curves(points: int = 161) -> DataFrame:
    """The functions and their slopes over the drawn range, a row a function and place: activation, x, value, slope."""
    return concat([activation_functions.curve(choice, points).assign(activation=choice.kind) for choice in SHOWN], ignore_index=True)


def elementwise(choice: ActivationChoice, x_D: np.ndarray) -> np.ndarray:
    """diag(f'(x)): (D, D)."""
    return np.diag(activation_functions.values(choice, x_D)[1])


def sigmoid(x_D: np.ndarray) -> np.ndarray:
    """The sigmoid's Jacobian (D, D): diag(s (1 - s)) for the outputs s."""
    s_D = special.expit(x_D)
    return np.diag(s_D * (1 - s_D))


def softmax(x_D: np.ndarray) -> np.ndarray:
    """The softmax's Jacobian (D, D): diag(s) - s s^T for the outputs s."""
    s_D = special.softmax(x_D)
    return np.asarray(np.diag(s_D) - np.outer(s_D, s_D))


def by_autograd(function: Callable[[Tensor], Tensor], x_D: np.ndarray) -> np.ndarray:
    """The whole Jacobian (D, D) of a function of a vector, by one backward pass for each output; row i is the gradient of output i."""
    import torch

    x = torch.tensor(x_D, dtype=torch.float64, requires_grad=True)
    y = function(x)
    return np.stack([torch.autograd.grad(part, x, retain_graph=True)[0].numpy() for part in y])


def errors(seed: int = 0, size: int = SIZE) -> dict[str, float]:
    """The largest absolute difference between Jacobians at a normal x with `size` numbers.

    sigmoid, softmax: closed form against autograd. elementwise: diag(f'(x)) against autograd's whole matrix, for all of `SHOWN`.
    softmax_rows: the largest absolute sum of a row of autograd's matrix.
    """
    import torch

    x_D = 2 * np.random.default_rng(seed).standard_normal(size)
    of_softmax = by_autograd(lambda x: torch.softmax(x, 0), x_D)
    diagonal = [np.abs(elementwise(choice, x_D) - by_autograd(choice.build().double(), x_D)).max() for choice in SHOWN]
    return {
        "sigmoid": float(np.abs(sigmoid(x_D) - by_autograd(torch.sigmoid, x_D)).max()),
        "softmax": float(np.abs(softmax(x_D) - of_softmax).max()),
        "softmax_rows": float(np.abs(of_softmax.sum(axis=1)).max()),
        "elementwise": float(max(diagonal)),
    }
