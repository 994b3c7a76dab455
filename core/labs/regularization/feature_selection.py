"""Which weights of a linear model a penalty sets to exactly 0, where ten features matter and ninety carry no information.

Every seed has its own data, on which all penalties train as one stack: full batches, gradient descent with a constant rate.

Torch is imported inside the functions.

Source: Tibshirani 1996, "Regression Shrinkage and Selection via the Lasso"; Parikh & Boyd 2014, "Proximal Algorithms", section 6.5.2.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from pandas import DataFrame, concat

from core.labs.threads import one_thread
from core.settings import RunSettings

PENALTIES: dict[str, dict[str, float]] = {
    "none": {},
    "l2_squared": {"l2_squared": 0.1},
    "l1": {"l1": 0.1},
    "l1_proximal": {"l1_proximal": 0.05},
}
INFORMATIVE, EPOCHS = 10, 300


def settings(seed: int) -> dict[str, Any]:
    """Returns the settings of a run on the data of this seed, without the penalty."""
    return {
        "data": {"kind": "informative", "features": 100, "informative": INFORMATIVE, "noise": 0.5, "samples": 500, "data_seed": seed},
        "model": "linear",
        "optimizer": {"kind": "sgd", "lr": 0.1},
        "training": {"epochs": EPOCHS, "batch_size": "full", "evaluate_every": EPOCHS},
        "seed": seed,
    }


def train(seeds: int = 8) -> DataFrame:
    """Returns every weight of every model: penalty, seed, feature (from 1), informative, weight, val_loss (of its model)."""
    return concat([_of_seed(seed) for seed in range(seeds)], ignore_index=True)


def _of_seed(seed: int) -> DataFrame:
    from core.engine.advance import advance
    from core.engine.network.networks import trained_model
    from core.engine.stack import begin

    runs = {name: RunSettings.model_validate({**settings(seed), "penalty": penalty}) for name, penalty in PENALTIES.items()}
    with one_thread():
        _, records = advance(begin(list(runs.values())), EPOCHS)
    weights = {row["run"]: row["weights"] for row in records.ended}
    losses = {row["run"]: row["val_loss"] for row in records.history}  # the last row of each run is used
    frames = []
    for name, run in runs.items():
        weight_D = next(trained_model(run, weights[run.key]).parameters()).detach().double().numpy().ravel()
        feature = np.arange(1, len(weight_D) + 1)
        columns = {"feature": feature, "informative": feature <= INFORMATIVE, "weight": weight_D, "val_loss": losses[run.key]}
        frames.append(DataFrame({"penalty": name, "seed": seed, **columns}))
    return concat(frames, ignore_index=True)


def zero_shares(frame: DataFrame, *, informative: bool) -> DataFrame:
    """Returns the fraction of exact zeros among the weights of the informative features, or of the others: one row for each seed, one
    column for each penalty.
    """
    chosen = frame[frame["informative"] == informative]
    return (chosen["weight"] == 0).groupby([chosen["seed"], chosen["penalty"]]).mean().unstack("penalty")[list(PENALTIES)]
