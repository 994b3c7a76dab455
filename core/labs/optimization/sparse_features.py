"""The error of a linear model's weights by the rarity of their features, for several optimizers: Adagrad against the others.

The data are `zipf`: feature j is 1 in a share 0.5 / j of the examples, and rare features have weights as large as common ones.

Plain SGD gives all weights the same rate, so a rare feature's weight moves in only few updates. Adagrad divides each weight's gradient by
the root of the sum of its squares so far, which is small for rare features.

A seed determines data, split, order and start. The engine trains. Each optimizer's rate is its best by validation loss on other seeds.

Source: Duchi, Hazan & Singer 2011, "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization" (JMLR 12).

Shapes: N examples, D features.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from core.data.loading import load_data
from core.labs.training import trained
from core.settings import RunSettings

Floats = NDArray[np.float64]
OPTIMIZERS: dict[str, dict[str, Any]] = {
    "SGD": {"kind": "sgd", "lr": 0.5},
    "SGD with momentum": {"kind": "sgd", "lr": 0.1, "momentum": 0.9},
    "Adam": {"kind": "adam", "lr": 0.03},
    "Adagrad": {"kind": "adagrad", "lr": 0.5},
}
LEAST_SQUARES = "least squares"
"""The best that the examples allow for the weights, without an optimizer."""

THIRDS = ("commonest third", "middle third", "rarest third")


def run(optimizer: str, seed: int, epochs: int = 3) -> RunSettings:
    """The run of one optimizer and seed."""
    return RunSettings.model_validate(
        {
            "data": {"kind": "zipf", "data_seed": seed, "split_seed": seed},
            "model": "linear",
            "optimizer": OPTIMIZERS[optimizer],
            "training": {"epochs": epochs, "batch_size": 8, "evaluate_every": 1_000_000},
            "seed": seed,
        }
    )


def errors(seeds: int, epochs: int = 3) -> DataFrame:
    """The root mean square error of the weights in each third of the features: optimizer, seed, third, error; about 0.1 seconds per seed.

    The seeds are 0, 1, ...
    """
    runs = {(name, seed): run(name, seed, epochs) for name in OPTIMIZERS for seed in range(seeds)}
    models = trained(list(runs.values()))
    rows: list[dict[str, Any]] = []
    for (name, seed), one in runs.items():
        weights_D = next(models[one.key].parameters()).detach().numpy().ravel().astype(float)
        rows += _by_third(name, seed, weights_D)
    for seed in range(seeds):
        rows += _by_third(LEAST_SQUARES, seed, least_squares(seed))
    return DataFrame(rows)


def least_squares(seed: int) -> Floats:
    """The weights (D,) with the lowest squared error on the training examples."""
    split = load_data(run("SGD", seed).data)
    x_ND = np.column_stack([split.x_train, np.ones(len(split.x_train))]).astype(float)
    return np.asarray(np.linalg.lstsq(x_ND, split.y_train.astype(float), rcond=None)[0][:-1])


def _by_third(name: str, seed: int, weights_D: Floats) -> list[dict[str, Any]]:
    """The features are ordered from the most common to the rarest."""
    truth_D = load_data(run("SGD", seed).data).truth
    assert truth_D is not None
    parts = np.array_split((weights_D - truth_D) ** 2, len(THIRDS))
    return [
        {"optimizer": name, "seed": seed, "third": third, "error": float(np.sqrt(part.mean()))}
        for third, part in zip(THIRDS, parts, strict=True)
    ]
