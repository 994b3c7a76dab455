"""The network in NumPy beside PyTorch's autograd on the same mask, beside finite differences, and averaged over masks.

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
"""Half the distance of the two places of a finite difference. Between ReLU's corners the loss is quadratic in every single number, so that
a central difference has no error but rounding's."""

AWAY = 1e-3
"""Every hidden unit of a problem is at least so far from ReLU's corner, lest a finite difference steps across it."""

MASKS = (1, 10, 100, 1_000, 10_000)
NAMES = ("w1", "b1", "w2", "b2", "x")


class Problem(NamedTuple):
    """A network, its examples, what it shall say of them, and which hidden units are kept."""

    weights: Weights
    x_NI: np.ndarray
    target_NO: np.ndarray
    keep_NH: np.ndarray
    p: float


class Compared(NamedTuple):
    """The outputs (N, O) and the gradients (by w1, b1, w2, b2, x) by one of the ways to compute them."""

    y_NO: np.ndarray
    gradients: list[np.ndarray]


def problem(seed: int = 0, p: float = DROPPED) -> Problem:
    """Normal examples and targets, weights and biases as He et al. 2015, a mask. Drawn anew while a unit is near the corner of ReLU."""
    rng = np.random.default_rng(seed)
    while True:
        shapes = ((INPUTS, HIDDEN), (HIDDEN,), (HIDDEN, OUTPUTS), (OUTPUTS,))
        weights = Weights(*(rng.standard_normal(shape) * (2 / shape[0]) ** 0.5 for shape in shapes))
        x_NI, target_NO = rng.standard_normal((EXAMPLES, INPUTS)), rng.standard_normal((EXAMPLES, OUTPUTS))
        keep_NH = network.draw_keep((EXAMPLES, HIDDEN), p, rng)
        if np.abs(x_NI @ weights.w1_IH + weights.b1_H).min() > AWAY:
            return Problem(weights, x_NI, target_NO, keep_NH, p)


def by_numpy(given: Problem) -> Compared:
    """Outputs and gradients as `numpy_network` computes them."""
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
    """A row for each of w1, b1, w2, b2, x: name, numbers, largest (of the gradient's absolute values), autograd, differences.

    autograd: the largest absolute difference from autograd's gradient; differences: that from the finite ones, over `largest`.
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
    """The mean (H,) of dropout(h) over all 2^H masks, each by its probability."""
    keep_MH = np.array(list(product((0.0, 1.0), repeat=len(h_H))))
    kept_M = keep_MH.sum(axis=1)
    probability_M = (1 - p) ** kept_M * p ** (len(h_H) - kept_M)
    return np.asarray(probability_M @ network.dropout(h_H, keep_MH, p))


def sampled_means(seed: int = 0, p: float = DROPPED, masks: Sequence[int] = MASKS, units: int = 1_000) -> DataFrame:
    """How far the mean over a few random masks is from the input: masks, error, expected.

    error: the root mean square over the units, as a share of each unit's value; expected: its closed form sqrt(p / ((1 - p) masks)).
    """
    rng = np.random.default_rng(seed)
    kept = [rng.binomial(count, 1 - p, units) / count / (1 - p) for count in masks]
    error = [float(np.sqrt(np.mean((mean - 1) ** 2))) for mean in kept]
    return DataFrame({"masks": masks, "error": error, "expected": np.sqrt(p / ((1 - p) * np.array(masks)))})


def errors(seed: int = 0, p: float = DROPPED) -> dict[str, float]:
    """forward, backward: the largest absolute difference from autograd (of outputs; of the five gradients).

    differences: the largest difference from finite differences, over the largest number of that gradient.
    mean_over_masks: the largest absolute difference of the mean over all masks of 10 units from the units.
    """
    given, table = problem(seed, p), gradient_table(seed, p)
    h_H = np.random.default_rng(seed).standard_normal(HIDDEN)
    return {
        "forward": float(np.abs(by_numpy(given).y_NO - by_autograd(given).y_NO).max()),
        "backward": float(table["autograd"].max()),
        "differences": float(table["differences"].max()),
        "mean_over_masks": float(np.abs(mean_over_all_masks(h_H, p) - h_H).max()),
    }
