"""The smallest network for exclusive or: weights set by hand, and training from many starts against the width of the hidden layer.

By hand, 2-2-1 with ReLU:  relu(a + b) - 2 relu(a + b - 1)  is 0, 1, 1, 0 at (0, 0), (0, 1), (1, 0), (1, 1).

The trained networks are 2-H-1 on the four points with inputs -1 and 1: one hidden layer, one output z, and the mean of the logistic loss
log(1 + exp(-z)) for true and log(1 + exp(z)) for false, by full-batch gradient descent from He's start with biases of 0. The networks of
all widths and seeds form one stack: their hidden units are side by side in one row, and each network sums its own range of them. One
unit with a monotone activation (ReLU, tanh, leaky ReLU) cannot separate the points; one unit with GELU, which falls before it rises, can.

Shapes: P = 4 points, U units of all networks, M networks. Only `activation_functions` and `one_thread` import torch.

Sources: Minsky & Papert 1969, "Perceptrons"; Goodfellow, Bengio & Courville 2016, "Deep Learning", section 6.1, for the weights by hand.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from pandas import DataFrame, concat

from core.choices.activations import ActivationChoice, Gelu, Relu, Tanh
from core.labs.networks import activation_functions
from core.labs.threads import one_thread

WIDTHS = (1, 2, 3, 4, 6, 8)
SEEDS = tuple(range(200))
RATE, UPDATES, EVERY = 0.1, 3_000, 100
KINDS: dict[str, type[ActivationChoice]] = {"relu": Relu, "tanh": Tanh, "gelu": Gelu}

CORNERS_P2 = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
TRUE_P = np.array([0.0, 1.0, 1.0, 0.0])


class Network(NamedTuple):
    """A network 2-H-1: hidden weights (H, 2) and biases (H,), output weights (H,) and bias."""

    hidden_H2: np.ndarray
    bias_H: np.ndarray
    output_H: np.ndarray
    bias: float

    def outputs(self, x_N2: np.ndarray) -> np.ndarray:
        """z of N points, with ReLU: (N,)."""
        return np.asarray(np.maximum(x_N2 @ self.hidden_H2.T + self.bias_H, 0) @ self.output_H + self.bias)


BY_HAND = Network(np.ones((2, 2)), np.array([0.0, -1.0]), np.array([1.0, -2.0]), 0.0)


def truth_table() -> DataFrame:
    """The network by hand, one row for each point: a, b, unit1, unit2 (after ReLU), output, expected."""
    return _seen_by_hand(CORNERS_P2).assign(expected=TRUE_P)


def _seen_by_hand(x_N2: np.ndarray) -> DataFrame:
    units_N2 = np.maximum(x_N2 @ BY_HAND.hidden_H2.T + BY_HAND.bias_H, 0)
    points = {"a": x_N2[:, 0], "b": x_N2[:, 1], "unit1": units_N2[:, 0], "unit2": units_N2[:, 1]}
    return DataFrame({**points, "output": BY_HAND.outputs(x_N2)})


def start(seed: int, width: int) -> Network:
    """He's start: hidden weights of variance 2 / 2, output weights of 2 / width, biases 0. For one seed, narrow networks get the first
    units.
    """
    rng = np.random.default_rng(seed)
    normal_H3 = rng.standard_normal((width, 3))
    return Network(normal_H3[:, :2], np.zeros(width), normal_H3[:, 2] * math.sqrt(2 / width), 0.0)


class NetworkBatch:
    """M networks of several widths, trained at once; `firsts` are the positions of their first units."""

    def __init__(self, networks: Sequence[Network], activation: ActivationChoice) -> None:
        widths = [len(network.bias_H) for network in networks]
        self.activation = activation
        self.firsts = np.cumsum([0, *widths[:-1]])
        self.owner_U = np.repeat(np.arange(len(networks)), widths)
        self.hidden_2U = np.concatenate([network.hidden_H2 for network in networks]).T.copy()
        self.bias_U = np.concatenate([network.bias_H for network in networks])
        self.output_U = np.concatenate([network.output_H for network in networks])
        self.bias_M = np.array([network.bias for network in networks])
        self.x_P2 = 2 * CORNERS_P2 - 1
        self.sign_P1 = 2 * TRUE_P[:, None] - 1

    def _forward(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The activations and their slopes (P, U), and the outputs (P, M)."""
        before_PU = self.x_P2[:, :1] * self.hidden_2U[0] + self.x_P2[:, 1:] * self.hidden_2U[1] + self.bias_U
        after_PU, slope_PU = activation_functions.values(self.activation, before_PU)
        return after_PU, slope_PU, np.add.reduceat(after_PU * self.output_U, self.firsts, axis=1) + self.bias_M

    def step(self, lr: float) -> None:
        """One update of gradient descent of every network."""
        after_PU, slope_PU, z_PM = self._forward()
        grad_PM = -self.sign_P1 / (1 + np.exp(np.clip(self.sign_P1 * z_PM, -700, 700))) / len(self.x_P2)
        grad_PU = grad_PM[:, self.owner_U]
        back_PU = grad_PU * self.output_U * slope_PU
        self.output_U -= lr * (grad_PU * after_PU).sum(0)
        self.hidden_2U -= lr * (self.x_P2.T @ back_PU)
        self.bias_U -= lr * back_PU.sum(0)
        self.bias_M -= lr * grad_PM.sum(0)

    def scores(self) -> tuple[np.ndarray, np.ndarray]:
        """For each network, the loss (M,) and the number of the four points that it classifies correctly (M,)."""
        margin_PM = self.sign_P1 * self._forward()[2]
        return np.logaddexp(0, -margin_PM).mean(0), (margin_PM > 0).sum(0)


def train(
    widths: Sequence[int] = WIDTHS,
    seeds: Sequence[int] = SEEDS,
    *,
    activation: ActivationChoice | None = None,
    lr: float = RATE,
    updates: int = UPDATES,
    every: int = EVERY,
) -> DataFrame:
    """Networks of each width from each seed's start, by default with ReLU: one row for each width, seed and moment, every `every` updates.

    Columns: width, seed, step, loss, right (of 4 points), solved (all 4). The start is step 0; the last step is included. PReLU keeps its
    initial slope.
    """
    keys = [(width, seed) for width in widths for seed in seeds]
    stack = NetworkBatch([start(seed, width) for width, seed in keys], activation or Relu())
    rows = []
    with one_thread():
        for step in range(updates + 1):
            if step % every == 0 or step == updates:
                loss_M, right_M = stack.scores()
                rows.append(DataFrame({"step": step, "loss": loss_M, "right": right_M}))
            if step < updates:
                stack.step(lr)
    found = concat(rows, ignore_index=True)
    width, seed = zip(*keys * len(rows), strict=True)
    return found.assign(width=width, seed=seed, solved=found["right"] == len(CORNERS_P2))


def ends(activation: str = "relu", widths: Sequence[int] = WIDTHS, seeds: int = 200) -> DataFrame:
    """How networks with one activation end, one row for each width and seed: width, seed, solved (1.0 or 0.0)."""
    trained = train(widths, range(seeds), activation=KINDS[activation](kind=activation), every=UPDATES)
    last = trained[trained["step"] == trained["step"].max()]
    return last.assign(solved=last["solved"].astype(float))[["width", "seed", "solved"]].reset_index(drop=True)
