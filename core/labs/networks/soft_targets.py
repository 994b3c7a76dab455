"""A teacher's predictions for single examples: its probabilities, softened by a temperature. NumPy alone.

Shapes: N examples, D inputs, C classes.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


def softened(logits_NC: Floats, temperature: float) -> Floats:
    """softmax(logits / T) (N, C). Source: Hinton, Vinyals & Dean 2015 (arXiv:1503.02531)."""
    scaled = logits_NC / temperature
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def entropy(probabilities_NC: Floats) -> Floats:
    """The entropy in nats (N,): 0 for a certain prediction, ln C for a uniform one."""
    p = probabilities_NC
    return -(p * np.log(np.where(p > 0, p, 1.0))).sum(axis=-1)


def mlp_logits(weights: Mapping[str, Floats], x_ND: Floats) -> Floats:
    """The outputs (N, C) of a plain ReLU network from its state_dict: hidden1.linear, hidden2.linear, ..., output."""
    a = x_ND
    for name in (name for name in weights if name.endswith("linear.weight")):
        a = np.maximum(_linear(weights, name.removesuffix(".weight"), a), 0)
    return _linear(weights, "output", a)


def _linear(weights: Mapping[str, Floats], name: str, x_ND: Floats) -> Floats:
    return x_ND @ weights[f"{name}.weight"].T + weights.get(f"{name}.bias", 0)
