"""A network of two layers with dropout between them: forward and backward pass in NumPy alone.

    z = x W1 + b1,    h = max(z, 0),    d = h * keep / (1 - p),    y = d W2 + b2,    L = mean((y - t)^2)

Dropout is inverted: in training the kept units are divided by 1 - p, so that the mean over the masks is the input, and evaluation needs
no change. The backward pass is the chain rule, applied from the last line of the forward pass to the first.

Shapes: N examples, I inputs, H hidden units, O outputs.

Source: Srivastava et al. 2014, "Dropout" (JMLR 15), in the inverted form of torch.nn.Dropout.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Weights(NamedTuple):
    """The parameters of the network, or the gradients of the loss with respect to them."""

    w1_IH: np.ndarray
    b1_H: np.ndarray
    w2_HO: np.ndarray
    b2_O: np.ndarray


class Passed(NamedTuple):
    """The values of the forward pass that the backward pass needs."""

    x_NI: np.ndarray
    z_NH: np.ndarray
    h_NH: np.ndarray
    d_NH: np.ndarray
    y_NO: np.ndarray


def draw_keep(shape: tuple[int, ...], p: float, rng: np.random.Generator) -> np.ndarray:
    """A mask of 1 and 0 (float64): each number is dropped with probability p, 0 <= p < 1."""
    if not 0 <= p < 1:
        raise ValueError(f"p must be at least 0 and below 1, not {p:g}: with all units dropped nothing is left to scale up")
    return (rng.random(shape) >= p).astype(float)


def dropout(h_NH: np.ndarray, keep_NH: np.ndarray, p: float) -> np.ndarray:
    """Dropout in training. In evaluation h stays unchanged."""
    return h_NH * keep_NH / (1 - p)


def dropout_backward(grad_NH: np.ndarray, keep_NH: np.ndarray, p: float) -> np.ndarray:
    """The gradient of h from the gradient of dropout(h): the same mask and the same factor."""
    return grad_NH * keep_NH / (1 - p)


def forward(weights: Weights, x_NI: np.ndarray, keep_NH: np.ndarray, p: float) -> Passed:
    """The outputs y, and all intermediate values."""
    z_NH = x_NI @ weights.w1_IH + weights.b1_H
    h_NH = np.maximum(z_NH, 0)
    d_NH = dropout(h_NH, keep_NH, p)
    y_NO = d_NH @ weights.w2_HO + weights.b2_O
    return Passed(x_NI, z_NH, h_NH, d_NH, y_NO)


def loss(y_NO: np.ndarray, target_NO: np.ndarray) -> float:
    """The mean squared error over examples and outputs."""
    return float(np.mean((y_NO - target_NO) ** 2))


def backward(weights: Weights, passed: Passed, target_NO: np.ndarray, keep_NH: np.ndarray, p: float) -> tuple[Weights, np.ndarray]:
    """The gradient of the loss with respect to every parameter, and to the inputs (N, I)."""
    grad_y_NO = 2 * (passed.y_NO - target_NO) / target_NO.size
    grad_w2_HO = passed.d_NH.T @ grad_y_NO
    grad_b2_O = grad_y_NO.sum(axis=0)
    grad_d_NH = grad_y_NO @ weights.w2_HO.T
    grad_h_NH = dropout_backward(grad_d_NH, keep_NH, p)
    grad_z_NH = grad_h_NH * (passed.z_NH > 0)
    grad_w1_IH = passed.x_NI.T @ grad_z_NH
    grad_b1_H = grad_z_NH.sum(axis=0)
    grad_x_NI = grad_z_NH @ weights.w1_IH.T
    return Weights(grad_w1_IH, grad_b1_H, grad_w2_HO, grad_b2_O), grad_x_NI


def step(weights: Weights, gradient: Weights, lr: float) -> Weights:
    """One update of gradient descent."""
    return Weights(*(weight - lr * grad for weight, grad in zip(weights, gradient, strict=True)))
