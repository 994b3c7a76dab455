"""Units that start identically: hidden units with equal weights get equal gradients, so training cannot make them different.

The networks are the engine's, on digits: two hidden layers, every start and seed, without dropout (whose masks break the symmetry).
Torch is imported inside the functions.

Source: Goodfellow, Bengio & Courville 2016, "Deep Learning", section 8.4.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from pandas import DataFrame

from core.labs.threads import one_thread
from core.settings import RunSettings

INITS: dict[str, Any] = {"he": "he", "constant": {"kind": "constant", "value": 0.1}, "zero": "zero"}
EPOCHS = 15
SELDOM = 10_000_000
"""Updates between two evaluations, of which only the last is needed."""

BASE: dict[str, Any] = {
    "data": "digits",
    "model": {"kind": "mlp", "hidden": [32, 32], "activation": "tanh"},
    "optimizer": {"kind": "sgd", "lr": 0.1, "momentum": 0.9},
    "training": {"epochs": EPOCHS, "batch_size": 64},
}


def train(seeds: int = 8) -> DataFrame:
    """The weights of every hidden layer after training, one row for each init, seed and layer (from 1): difference, rank, cosine.

    difference: the largest one between two units' weights, including the bias. rank: of the layer's matrix. cosine: the mean between the
    weights of two units, 0 if they have no length.
    """
    from core.engine.advance import advance
    from core.engine.stack import begin

    runs = {(init, seed): _run(init, seed) for init in INITS for seed in range(seeds)}
    with one_thread():
        _, records = advance(begin(list(runs.values())), EPOCHS)
    weights = {row["run"]: row["weights"] for row in records.ended}
    return DataFrame([{"init": init, "seed": seed, **row} for (init, seed), run in runs.items() for row in _layers(run, weights[run.key])])


def _run(init: str, seed: int) -> RunSettings:
    training = BASE["training"] | {"evaluate_every": SELDOM}
    return RunSettings.model_validate({**BASE, "model": BASE["model"] | {"init": INITS[init]}, "training": training, "seed": seed})


def _layers(run: RunSettings, weights: bytes) -> list[dict[str, float]]:
    from core.engine.network.networks import trained_model

    named = dict(trained_model(run, weights).named_parameters())
    hidden = [name for name in named if name.endswith("linear.weight")][: len(BASE["model"]["hidden"])]
    rows = []
    for layer, name in enumerate(hidden, start=1):
        weight_UI, bias_U = (named[each].detach().double().numpy() for each in (name, name.replace("weight", "bias")))
        rows.append({"layer": layer, **of_units(weight_UI, bias_U)})
    return rows


def of_units(weight_UI: np.ndarray, bias_U: np.ndarray) -> dict[str, float]:
    """difference, rank and cosine of `train`, for one layer."""
    whole_UP = np.column_stack([weight_UI, bias_U])
    lengths_U1 = np.linalg.norm(weight_UI, axis=1, keepdims=True)
    unit_UI = weight_UI / np.where(lengths_U1 > 0, lengths_U1, 1.0)
    pairs = np.triu_indices(len(weight_UI), 1)
    return {
        "difference": float(np.ptp(whole_UP, axis=0).max()),
        "rank": float(np.linalg.matrix_rank(weight_UI)),
        "cosine": float((unit_UI @ unit_UI.T)[pairs].mean()),
    }
