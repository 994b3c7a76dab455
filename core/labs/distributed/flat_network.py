"""A ReLU network with one hidden layer and its gradient in NumPy, over one flat vector of weights, as a parameter server keeps it.

    h = relu(x W1 + b1),   logits = h W2 + b2,   loss = mean cross-entropy in nats

Shapes: P weights, B examples, D features, H hidden units, C classes. The vector holds W1, b1, W2, b2, each row by row.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Sizes(NamedTuple):
    """Sizes of the layers."""

    features: int
    hidden: int
    classes: int

    @property
    def weights(self) -> int:
        """P."""
        return (self.features + 1) * self.hidden + (self.hidden + 1) * self.classes


def initial(sizes: Sizes, rng: np.random.Generator) -> Floats:
    """Initial weights from a normal distribution of variance 2 / inputs (He et al. 2015), and biases of 0: (P,)."""
    w_DH = rng.standard_normal((sizes.features, sizes.hidden)) * np.sqrt(2 / sizes.features)
    w_HC = rng.standard_normal((sizes.hidden, sizes.classes)) * np.sqrt(2 / sizes.hidden)
    return np.concatenate([w_DH.ravel(), np.zeros(sizes.hidden), w_HC.ravel(), np.zeros(sizes.classes)])


def layers(sizes: Sizes, w_P: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """W1 (D, H), b1 (H,), W2 (H, C), b2 (C,) as views of the vector."""
    ends = np.cumsum([sizes.features * sizes.hidden, sizes.hidden, sizes.hidden * sizes.classes])
    first, b_H, second, b_C = np.split(w_P, ends)
    return first.reshape(sizes.features, sizes.hidden), b_H, second.reshape(sizes.hidden, sizes.classes), b_C


def evaluate(sizes: Sizes, w_P: Floats, x_BD: Floats, y_B: Ints) -> tuple[float, float]:
    """Loss and accuracy; the loss is infinite if the weights are no longer finite."""
    w_DH, b_H, w_HC, b_C = layers(sizes, w_P)
    with np.errstate(over="ignore", invalid="ignore"):
        logits_BC = np.maximum(x_BD @ w_DH + b_H, 0) @ w_HC + b_C
        loss = float(-_log_softmax(logits_BC)[np.arange(len(y_B)), y_B].mean())
    return (loss if np.isfinite(loss) else np.inf), float((logits_BC.argmax(1) == y_B).mean())


def gradient(sizes: Sizes, w_P: Floats, x_BD: Floats, y_B: Ints) -> Floats:
    """The gradient of the mean loss (P,); NaN if the weights are no longer finite."""
    w_DH, b_H, w_HC, b_C = layers(sizes, w_P)
    with np.errstate(over="ignore", invalid="ignore"):
        h_BH = np.maximum(x_BD @ w_DH + b_H, 0)
        d_BC = np.exp(_log_softmax(h_BH @ w_HC + b_C))
        d_BC[np.arange(len(y_B)), y_B] -= 1
        d_BC /= len(y_B)
        d_BH = (d_BC @ w_HC.T) * (h_BH > 0)
        return np.concatenate([(x_BD.T @ d_BH).ravel(), d_BH.sum(0), (h_BH.T @ d_BC).ravel(), d_BC.sum(0)])


def _log_softmax(logits_BC: Floats) -> Floats:
    shifted_BC = logits_BC - logits_BC.max(1, keepdims=True)
    log_BC: Floats = shifted_BC - np.log(np.exp(shifted_BC).sum(1, keepdims=True))
    return log_BC
