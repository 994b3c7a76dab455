"""Epochs against sampling with replacement: which examples are seen, and how close to the optimum both end.

N draws with replacement from N examples miss some: the expected share seen is 1 - (1 - 1/N)^N, which decreases to 1 - 1/e = 63.2 %.
An epoch sees each example exactly once, so the errors of single updates cancel within it, as long as the weights move little in one
epoch: with a rate that is too large for that, the order makes no difference.

The problem is least squares on the product's `informative` data: a linear model with a bias, by mini-batch SGD on mean((x . w + b - y)^2)
from weights of 0, in float64, with all seeds and both ways of sampling as one stack. A seed is an order; the data stay the same.

Shapes: R runs, N examples, B of a batch, D features and 1 for the bias.
Sources: Bottou 2009, "Curiously Fast Convergence of some Stochastic Gradient Descent Algorithms"; Gürbüzbalaban, Ozdaglar & Parrilo 2021
(arXiv:1510.08560), on random reshuffling.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, assert_never, get_args

import numpy as np
from pandas import DataFrame

from core.data.loading import load_data
from core.settings import RunSettings

Sampling = Literal["reshuffle", "with_replacement"]
SAMPLINGS: tuple[Sampling, ...] = get_args(Sampling)
SEEDS = tuple(range(8))

DATA: dict[str, Any] = {
    "kind": "informative",
    "features": 10,
    "informative": 10,
    "noise": 1,
    "samples": 1000,
    "validation_fraction": 0.2,
    "test_fraction": 0,
}
RATE, EPOCHS, BATCH = 0.003, 60, 10


class Problem(NamedTuple):
    """Examples with a column of ones (N, D), targets (N,), and the weights of least squares (D,)."""

    x_ND: np.ndarray
    y_N: np.ndarray
    best_D: np.ndarray


def expected_share(examples: int, draws: int) -> float:
    """The expected share of the examples that `draws` draws with replacement see."""
    return float(1 - (1 - 1 / examples) ** draws)


def share_seen(seed: int = 0, examples: int = 800, epochs: int = 5) -> float:
    """The share of examples seen in one epoch's number of draws with replacement, averaged over a few epochs."""
    drawn = np.random.default_rng(seed).integers(0, examples, (epochs, examples))
    return float(np.mean([len(np.unique(epoch)) for epoch in drawn]) / examples)


def shares_seen(examples: int = 800, epochs: int = 5, seeds: int = 32) -> DataFrame:
    """`share_seen` of several seeds: seed, share, expected."""
    shares = [share_seen(seed, examples, epochs) for seed in range(seeds)]
    return DataFrame({"seed": range(seeds), "share": shares, "expected": expected_share(examples, examples)})


def problem() -> Problem:
    """The training part of `DATA` as the product splits and scales it, and its least-squares solution."""
    split = load_data(RunSettings.model_validate({"data": DATA}).data)
    x_ND = np.column_stack([split.x_train, np.ones(len(split.x_train))]).astype(float)
    y_N = split.y_train.astype(float)
    return Problem(x_ND, y_N, np.linalg.lstsq(x_ND, y_N)[0])


def orders(sampling: Sampling, seed: int, examples: int, epochs: int = EPOCHS) -> np.ndarray:
    """The examples in the order in which they are drawn: (epochs, examples) of indices."""
    rng = np.random.default_rng(seed)
    if sampling == "with_replacement":
        return rng.integers(0, examples, (epochs, examples))
    if sampling == "reshuffle":
        return np.stack([rng.permutation(examples) for _ in range(epochs)])
    assert_never(sampling)


def distances(lr: float = RATE, epochs: int = EPOCHS, batch: int = BATCH, seeds: Sequence[int] = SEEDS) -> DataFrame:
    """SGD with both ways of sampling: one row for each sampling, seed and epoch (0 is the start).

    Columns: sampling, seed, epoch, updates, distance (of weights and bias from the least-squares solution), excess (the training loss minus
    that of least squares). The last batch of an epoch may be smaller.
    """
    given = problem()
    every = [(sampling, seed) for sampling in SAMPLINGS for seed in seeds]
    order_ERN = np.stack([orders(sampling, seed, len(given.y_N), epochs) for sampling, seed in every], axis=1)
    path_TRD = _descend(given, order_ERN, lr, batch)
    off_TRN = (path_TRD - given.best_D) @ given.x_ND.T
    epoch, run = (places.ravel() for places in np.indices(path_TRD.shape[:2]))
    columns = {
        "sampling": np.array([sampling for sampling, _ in every])[run],
        "seed": np.array([seed for _, seed in every])[run],
        "epoch": epoch,
        "updates": epoch * -(-len(given.y_N) // batch),
        "distance": np.linalg.norm(path_TRD - given.best_D, axis=2).ravel(),
        "excess": np.mean(off_TRN**2, axis=2).ravel(),
    }
    return DataFrame(columns).sort_values(["sampling", "seed", "epoch"], ignore_index=True)


def _descend(given: Problem, order_ERN: np.ndarray, lr: float, batch: int) -> np.ndarray:
    """The weights at the start and after each epoch: (T + 1, R, D)."""
    w_RD = np.zeros((order_ERN.shape[1], given.x_ND.shape[1]))
    path = [w_RD]
    for order_RN in order_ERN:
        for first in range(0, order_RN.shape[1], batch):
            drawn_RB = order_RN[:, first : first + batch]
            x_RBD = given.x_ND[drawn_RB]
            off_RB = (x_RBD @ w_RD[:, :, None])[:, :, 0] - given.y_N[drawn_RB]
            w_RD = w_RD - lr * 2 / drawn_RB.shape[1] * (off_RB[:, None, :] @ x_RBD)[:, 0]
        path.append(w_RD)
    return np.stack(path)


def last_distances(found: DataFrame) -> DataFrame:
    """The last distance by seed (the index), one column for each sampling; from `distances`."""
    last = found[found["epoch"] == found["epoch"].max()]
    return last.pivot_table(index="seed", columns="sampling", values="distance")[list(SAMPLINGS)]
