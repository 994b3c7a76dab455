"""The network in NumPy against PyTorch's autograd with the same mask, against finite differences, and averaged over masks.

Shapes: N examples, I inputs, H hidden units, O outputs, M masks.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from pandas import DataFrame

from core.labs.identities import numpy_network as network
from core.labs.identities.numpy_network import Weights

EXAMPLES, INPUTS, HIDDEN, OUTPUTS = 7, 5, 10, 3
DROPPED = 0.4

DIFFERENCE = 1e-5
"""Half the distance between the two points of a finite difference. Between ReLU's corners the loss is quadratic in every single number, so
that a central difference has only rounding errors.
"""

AWAY = 1e-3
"""The smallest distance of every hidden unit of a problem from ReLU's corner, so that no finite difference crosses it."""

MASKS = (1, 10, 100, 1_000, 10_000)
NAMES = ("w1", "b1", "w2", "b2", "x")


class Problem(NamedTuple):
    """A network, its examples and targets, and the mask of the hidden units that are kept."""

    weights: Weights
    x_NI: np.ndarray
    target_NO: np.ndarray
    keep_NH: np.ndarray
    p: float


class Compared(NamedTuple):
    """The outputs (N, O) and the gradients (of w1, b1, w2, b2, x), computed in one of the ways."""

    y_NO: np.ndarray
    gradients: list[np.ndarray]


def problem(seed: int = 0, p: float = DROPPED) -> Problem:
    """Normal examples and targets, weights and biases as He et al. 2015, and a mask. Drawn again while a unit is near ReLU's corner."""
    rng = np.random.default_rng(seed)
    while True:
        shapes = ((INPUTS, HIDDEN), (HIDDEN,), (HIDDEN, OUTPUTS), (OUTPUTS,))
        weights = Weights(*(rng.standard_normal(shape) * (2 / shape[0]) ** 0.5 for shape in shapes))
        x_NI, target_NO = rng.standard_normal((EXAMPLES, INPUTS)), rng.standard_normal((EXAMPLES, OUTPUTS))
        keep_NH = network.draw_keep((EXAMPLES, HIDDEN), p, rng)
        if np.abs(x_NI @ weights.w1_IH + weights.b1_H).min() > AWAY:
            return Problem(weights, x_NI, target_NO, keep_NH, p)


def by_numpy(given: Problem) -> Compared:
    """Outputs and gradients computed by `numpy_network`."""
    passed = network.forward(given.weights, given.x_NI, given.keep_NH, given.p)
    gradient, grad_x_NI = network.backward(given.weights, passed, given.target_NO, given.keep_NH, given.p)
    return Compared(passed.y_NO, [*gradient, grad_x_NI])


def by_autograd(given: Problem) -> Compared:
    """The same by PyTorch in float64, with the same mask."""
    import torch
    from torch.nn import functional

    w1, b1, w2, b2, x = (torch.tensor(part, requires_grad=True) for part in (*given.weights, given.x_NI))
    hidden = functional.linear(x, w1.T, b1).relu() * torch.tensor(given.keep_NH) / (1 - given.p)
    y = functional.linear(hidden, w2.T, b2)
    gradients = torch.autograd.grad(functional.mse_loss(y, torch.tensor(given.target_NO)), (w1, b1, w2, b2, x))
    return Compared(y.detach().numpy(), [gradient.numpy() for gradient in gradients])


def by_differences(given: Problem) -> list[np.ndarray]:
    """The gradients by central differences, (L(w + e) - L(w - e)) / 2e, one number at a time."""
    parts = [part.copy() for part in (*given.weights, given.x_NI)]

    def loss_at() -> float:
        passed = network.forward(Weights(*parts[:4]), parts[4], given.keep_NH, given.p)
        return network.loss(passed.y_NO, given.target_NO)

    found = [np.zeros_like(part) for part in parts]
    for part, gradient in zip(parts, found, strict=True):
        for place in np.ndindex(*part.shape):
            middle = part[place]
            part[place] = middle + DIFFERENCE
            above = loss_at()
            part[place] = middle - DIFFERENCE
            gradient[place] = (above - loss_at()) / (2 * DIFFERENCE)
            part[place] = middle
    return found


def gradient_table(seed: int = 0, p: float = DROPPED) -> DataFrame:
    """One row for each of w1, b1, w2, b2, x: name, numbers, largest (absolute value of the gradient), autograd, differences.

    autograd: the largest absolute difference from autograd's gradient; differences: from the finite differences, divided by `largest`.
    """
    given = problem(seed, p)
    ours, torchs, finite = by_numpy(given).gradients, by_autograd(given).gradients, by_differences(given)
    rows = [
        {
            "name": name,
            "numbers": our.size,
            "largest": float(np.abs(our).max()),
            "autograd": float(np.abs(our - theirs).max()),
            "differences": float(np.abs(our - near).max() / np.abs(our).max()),
        }
        for name, our, theirs, near in zip(NAMES, ours, torchs, finite, strict=True)
    ]
    return DataFrame(rows)


def mean_over_all_masks(h_H: np.ndarray, p: float) -> np.ndarray:
    """The mean (H,) of dropout(h) over all 2^H masks, weighted by their probabilities."""
    keep_MH = np.array(list(product((0.0, 1.0), repeat=len(h_H))))
    kept_M = keep_MH.sum(axis=1)
    probability_M = (1 - p) ** kept_M * p ** (len(h_H) - kept_M)
    return np.asarray(probability_M @ network.dropout(h_H, keep_MH, p))


def sampled_means(seed: int = 0, p: float = DROPPED, masks: Sequence[int] = MASKS, units: int = 1_000) -> DataFrame:
    """The difference between the mean over a few random masks and the input: masks, error, expected.

    error: the root mean square over the units, as a share of each unit's value; expected: its closed form sqrt(p / ((1 - p) masks)).
    """
    rng = np.random.default_rng(seed)
    kept = [rng.binomial(count, 1 - p, units) / count / (1 - p) for count in masks]
    error = [float(np.sqrt(np.mean((mean - 1) ** 2))) for mean in kept]
    return DataFrame({"masks": masks, "error": error, "expected": np.sqrt(p / ((1 - p) * np.array(masks)))})


def errors(seed: int = 0, p: float = DROPPED) -> dict[str, float]:
    """forward, backward: the largest absolute difference from autograd (of outputs; of the five gradients).

    differences: the largest difference from finite differences, divided by the largest number of that gradient.
    mean_over_masks: the largest absolute difference between 10 units and their mean over all masks.
    """
    given, table = problem(seed, p), gradient_table(seed, p)
    h_H = np.random.default_rng(seed).standard_normal(HIDDEN)
    return {
        "forward": float(np.abs(by_numpy(given).y_NO - by_autograd(given).y_NO).max()),
        "backward": float(table["autograd"].max()),
        "differences": float(table["differences"].max()),
        "mean_over_masks": float(np.abs(mean_over_all_masks(h_H, p) - h_H).max()),
    }
