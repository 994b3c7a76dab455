"""The weights of a linear model against the strength of a penalty: a comparison of 52 runs, which train as one stack.

The data set is `informative`: a few features matter, the others carry no information. The objective is the engine's, mean((y - Xw - b)^2) +
strength * penalty(w), on standardised features and targets, by full-batch gradient descent with a learning rate that decreases to 0. There
is no momentum, because it makes the effective step longer than the proximal one, so that the proximal penalty would act weaker than its
strength says.

The tests check the minima by scikit-learn's equivalent models: Lasso with alpha = strength / 2, Ridge with alpha = n * strength.

Source: Efron, Hastie, Johnstone & Tibshirani 2004, "Least Angle Regression" (Annals of Statistics 32), figure 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DataFrame

from core.comparison import Comparison
from core.data.loading import load_data
from core.settings import RunSettings

PENALTIES = ("l1", "l1_proximal", "l2_squared", "l2_norm_proximal")
STRENGTHS = tuple(float(f"{strength:.3g}") for strength in np.geomspace(2e-3, 3.0, 13))
EPOCHS = 200
RATE = 0.16
"""Below 2 / (2 strength + the largest curvature of the data), so that the strongest penalty does not diverge."""


class Paths(NamedTuple):
    """The results. `weights`: penalty, strength, feature, weight, informative (whether the feature matters), truth (the weight that
    generated the data, in the units of the scaled data). `scores`: one row for each penalty and strength: train_loss, val_loss (mean
    squared errors), found (informative features whose weight is not 0), wrong (other features whose weight is not 0).
    """

    weights: DataFrame
    scores: DataFrame


def comparison(informative: int = 10, noise: float = 0.5, samples: int = 500) -> Comparison:
    """Returns the comparison of all penalties, each with all strengths. Raises SettingsError for data that cannot be generated."""
    base = {
        "data": {"kind": "informative", "informative": informative, "noise": noise, "samples": samples},
        "model": {"kind": "linear", "init": "zero"},
        "optimizer": {"kind": "sgd", "lr": RATE},
        "schedule": "cosine",
        "penalty": {"groups": "layer"},
        "training": {"epochs": EPOCHS, "batch_size": "full", "evaluate_every": EPOCHS},
    }
    variants = [{"name": f"{penalty}={strength:g}", f"penalty.{penalty}": strength} for penalty in PENALTIES for strength in STRENGTHS]
    return Comparison.load({"base": base, "variants": variants, "seeds": 1})


def paths(asked: Comparison, weights: Mapping[str, NDArray[np.floating]], history: DataFrame) -> Paths:
    """Returns the weights and scores of the finished runs.

    Args:
        asked: from `comparison`.
        weights: the weights (D,) of the finished runs, by the run's key.
        history: the history of the comparison, with the columns run, train_loss_eval and val_loss.
    """
    data = asked.base.data
    truth = np.asarray(load_data(data).truth)
    last = {str(row["run"]): row for row in history.drop_duplicates("run", keep="last").to_dict("records")}
    ended = [(run, np.asarray(weights[run.key], dtype=float)) for run in asked.runs() if run.key in weights]
    frames = [_weights(run, found, truth) for run, found in ended]
    rows = [_scores(run, found, last[run.key], truth) for run, found in ended]
    return Paths(pd.concat(frames, ignore_index=True), DataFrame(rows))


def _strength(run: RunSettings) -> tuple[str, float]:
    return next((penalty, value) for penalty in PENALTIES if (value := float(getattr(run.penalty, penalty))) > 0)


def _weights(run: RunSettings, weights_D: NDArray[np.floating], truth_D: NDArray[np.floating]) -> DataFrame:
    penalty, strength = _strength(run)
    columns = {"feature": [f"x{place}" for place in range(1, len(weights_D) + 1)], "weight": weights_D, "informative": truth_D != 0}
    return DataFrame({"penalty": penalty, "strength": strength, **columns, "truth": truth_D})


def _scores(run: RunSettings, weights_D: NDArray[np.floating], row: Mapping[Any, Any], truth_D: NDArray[np.floating]) -> dict[str, object]:
    penalty, strength = _strength(run)
    kept, useful = weights_D != 0, truth_D != 0
    counted = {"found": int((kept & useful).sum()), "wrong": int((kept & ~useful).sum())}
    return {"penalty": penalty, "strength": strength, "train_loss": row["train_loss_eval"], "val_loss": row["val_loss"], **counted}
