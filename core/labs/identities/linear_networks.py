"""Networks that are linear functions: linear layers in a row, and ReLU networks that are built to be linear.

    W2 (W1 x + b1) + b2 = (W2 W1) x + (W2 b1 + b2): linear layers in a row are one linear layer.
    s = relu(s) - relu(-s): two ReLU units can represent any linear score s = w . x + b.
    s = relu(s + B) - B if |s| <= B: with a bias that is large enough for the data, one unit is enough.

So a network whose only activation is ReLU can be a linear classifier, even with a ReLU on its outputs: with relu(-s) and relu(s) as the
scores of two classes, the larger score gives the sign of s.

Shapes: N examples, I inputs, O outputs. A layer is (weight (O, I), bias (O,)) as in torch.nn.Linear.

Source: Goodfellow, Bengio & Courville 2016, "Deep Learning", section 6.1, on linear layers; Glorot, Bordes & Bengio 2011, "Deep Sparse
Rectifier Neural Networks", on two rectifiers in place of an odd function.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

Layer = tuple[np.ndarray, np.ndarray]

WIDTHS = (2, 32, 16, 2)
EXAMPLES = 1_000
SIDE = 1.0
"""Each input of the examples is between -SIDE and SIDE: the bounded data for the construction with a bias."""


def composed(layers: Sequence[Layer], x_NI: np.ndarray, *, relu: bool = False) -> np.ndarray:
    """The outputs (N, O) of the layers in a row, optionally with a ReLU between them."""
    found = x_NI
    for place, (weight_OI, bias_O) in enumerate(layers):
        found = (np.maximum(found, 0) if relu and place else found) @ weight_OI.T + bias_O
    return found


def collapsed(layers: Sequence[Layer]) -> Layer:
    """The single layer that equals several linear layers in a row."""
    weight_OI, bias_O = layers[0]
    for after_OI, shift_O in layers[1:]:
        weight_OI, bias_O = after_OI @ weight_OI, after_OI @ bias_O + shift_O
    return weight_OI, bias_O


def drawn(seed: int = 0, widths: Sequence[int] = WIDTHS) -> list[Layer]:
    """Random layers of those widths: weights of variance 2 / inputs as He et al. 2015, normal biases."""
    rng = np.random.default_rng(seed)
    return [(rng.standard_normal((after, before)) * (2 / before) ** 0.5, rng.standard_normal(after)) for before, after in pairwise(widths)]


def examples(seed: int = 0, inputs: int = 2, count: int = EXAMPLES, side: float = SIDE) -> np.ndarray:
    """Uniform on [-side, side] in each input: (N, I)."""
    return np.random.default_rng([seed, 1]).uniform(-side, side, (count, inputs))


def by_pair(weight_I: np.ndarray, bias: float) -> list[Layer]:
    """Two layers with a ReLU between them that compute w . x + b = relu(w . x + b) - relu(-(w . x + b)) for every x."""
    return [(np.stack([weight_I, -weight_I]), np.array([bias, -bias])), (np.array([[1.0, -1.0]]), np.zeros(1))]


def by_bias(weight_I: np.ndarray, bias: float, side: float = SIDE) -> list[Layer]:
    """The same with one unit, relu(w . x + b + B) - B, for inputs in [-side, side]: B = side sum |w| + |b|."""
    enough = float(side * np.abs(weight_I).sum() + abs(bias))
    return [(weight_I[None], np.array([bias + enough])), (np.ones((1, 1)), np.array([-enough]))]


def class_scores(weight_I: np.ndarray, bias: float, x_NI: np.ndarray) -> np.ndarray:
    """The scores (N, 2) of two classes by ReLU units only, including the outputs: relu(-s) for class 0, relu(s) for class 1."""
    score_N = x_NI @ weight_I + bias
    return np.maximum(np.stack([-score_N, score_N], axis=1), 0)


def errors(seed: int = 0) -> dict[str, float]:
    """The largest absolute difference over 1,000 examples in the square.

    collapsed: layers in a row against the one layer. pair, bias: the constructions against w . x + b.
    classes: the share of examples to which `class_scores` gives another class than the sign of w . x + b.
    """
    x_NI, layers = examples(seed), drawn(seed)
    weight_OI, bias_O = drawn(seed, (2, 1))[0]
    weight_I, bias = weight_OI[0], float(bias_O[0])
    score_N = x_NI @ weight_I + bias
    chosen_N = class_scores(weight_I, bias, x_NI).argmax(axis=1)
    return {
        "collapsed": float(np.abs(composed(layers, x_NI) - composed([collapsed(layers)], x_NI)).max()),
        "pair": float(np.abs(composed(by_pair(weight_I, bias), x_NI, relu=True)[:, 0] - score_N).max()),
        "bias": float(np.abs(composed(by_bias(weight_I, bias), x_NI, relu=True)[:, 0] - score_N).max()),
        "classes": float((chosen_N != (score_N > 0)).mean()),
    }
