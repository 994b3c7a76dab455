"""The weights of a linear model against the strength of a penalty, trained by the engine with all strengths as one stack.

The data are `informative`: a few features matter, the others say nothing. The objective is the engine's, mean((y - Xw - b)^2) +
strength * penalty(w), on standardised features and targets, by full-batch gradient descent with a learning rate that falls to 0. Without
momentum: with it the effective step is longer than the proximal one, and the proximal penalty then weaker than its strength says.

The minima have closed relatives, by which the tests check them: scikit-learn's Lasso with alpha = strength / 2, Ridge with
alpha = n * strength.

Source: Efron, Hastie, Johnstone & Tibshirani 2004, "Least Angle Regression" (Annals of Statistics 32), figure 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from pandas import DataFrame

from core.settings import RunSettings

PENALTIES = ("l1", "l1_proximal", "l2_squared", "l2_norm_proximal")
STRENGTHS = tuple(float(f"{strength:.3g}") for strength in np.geomspace(2e-3, 3.0, 13))
STEPS = 200
RATE = 0.16
"""Below 2 / (2 strength + the largest curvature of the data), so that the strongest penalty does not explode."""


class Paths(NamedTuple):
    """What was found. `weights`: penalty, strength, feature, weight, informative (whether the feature matters), truth (the weight that
    made the data, in the units of the scaled data). `scores`: a row a penalty and strength: train_loss, val_loss (mean squared errors),
    found (weights that are not 0 of informative features), wrong (of the others).
    """

    weights: DataFrame
    scores: DataFrame


def runs(informative: int, noise: float, samples: int, strengths: Sequence[float] = STRENGTHS) -> list[RunSettings]:
    """The runs of all penalties and strengths, which train as one stack. Raises SettingsError for data that cannot be."""
    base = {
        "data": {"kind": "informative", "informative": informative, "noise": noise, "samples": samples},
        "model": {"kind": "linear", "init": "zero"},
        "optimizer": {"kind": "sgd", "lr": RATE},
        "schedule": "cosine",
        "training": {"epochs": STEPS, "batch_size": "full", "evaluate_every": STEPS},
    }
    return [
        RunSettings.model_validate({**base, "penalty": {penalty: strength, "groups": "layer"}})
        for penalty in PENALTIES
        for strength in strengths
    ]


def paths(informative: int = 10, noise: float = 0.5, samples: int = 500) -> Paths:
    """Trains the linear models, in about a second of one core, and returns their weights and scores. Imports torch."""
    from core.data.loading import load_data
    from core.engine.advance import advance
    from core.engine.network.networks import trained_model
    from core.engine.stack import begin

    every = runs(informative, noise, samples)
    stack, records = advance(begin(every), STEPS)
    while not stack.finished:
        stack, more = advance(stack, STEPS)
        records.extend(more)
    by_key = {run.key: run for run in every}
    found = {row["run"]: trained_model(by_key[row["run"]], row["weights"]) for row in records.ended}
    vectors = {key: next(network.parameters()).detach().numpy().ravel().astype(float) for key, network in found.items()}
    last = {row["run"]: row for row in records.history}
    truth = load_data(every[0].data).truth
    assert truth is not None
    frames = [_weights(run, vectors[run.key], np.asarray(truth)) for run in every]
    rows = [_scores(run, vectors[run.key], last[run.key], informative) for run in every]
    import pandas as pd

    return Paths(pd.concat(frames, ignore_index=True), DataFrame(rows))


def _strength(run: RunSettings) -> tuple[str, float]:
    return next((penalty, value) for penalty in PENALTIES if (value := float(getattr(run.penalty, penalty))) > 0)


def _weights(run: RunSettings, weights_D: np.ndarray, truth_D: np.ndarray) -> DataFrame:
    penalty, strength = _strength(run)
    columns = {"feature": [f"x{place}" for place in range(1, len(weights_D) + 1)], "weight": weights_D, "informative": truth_D != 0}
    return DataFrame({"penalty": penalty, "strength": strength, **columns, "truth": truth_D})


def _scores(run: RunSettings, weights_D: np.ndarray, row: dict[str, float], informative: int) -> dict[str, object]:
    penalty, strength = _strength(run)
    kept = weights_D != 0
    counted = {"found": int(kept[:informative].sum()), "wrong": int(kept[informative:].sum())}
    return {"penalty": penalty, "strength": strength, "train_loss": row["train_loss_eval"], "val_loss": row["val_loss"], **counted}
