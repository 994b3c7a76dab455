"""Weight decay beside the penalty s/2 ||w||^2, for networks that the engine trains: the distance between the final weights.

    penalty in the loss   w <- w - lr (g + s w)            torch's `weight_decay` of SGD and Adam, and `penalty.l2_squared` = s / 2
    decay                 w <- (1 - lr s) w - lr g         `penalty.decoupled_decay`, and torch's `weight_decay` of AdamW

Both are the same for plain SGD. Momentum and Adam process the penalty's gradient like any other gradient, but not the decay.

The networks have no biases, because torch's `weight_decay` acts on biases and a penalty does not. They train in float64 on the digits.

Source: Loshchilov & Hutter 2019, "Decoupled weight decay regularization" (arXiv:1711.05101), propositions 1 and 2.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from core.labs.training import trained
from core.settings import RunSettings

Settings = dict[str, Any]
Floats = NDArray[np.float64]

STRENGTH = 0.01
STRONG = 1.0
"""The decay for which the nearest penalty is searched."""

TRIED = tuple(float(strength) for strength in np.geomspace(1e-5, 1.0, 21))
SGD: Settings = {"kind": "sgd", "lr": 0.1}
MOMENTUM: Settings = {**SGD, "momentum": 0.9}
ADAM: Settings = {"kind": "adam", "lr": 0.001}
ADAMW: Settings = {"kind": "adamw", "lr": 0.001}
PLAIN, WITH_MOMENTUM, WITH_ADAM, NEAREST = "SGD", "SGD with momentum", "Adam", "Adam, nearest penalty"


def run(optimizer: Settings, seed: int, **penalty: float) -> RunSettings:
    """Returns the run of one optimizer and seed."""
    return RunSettings.model_validate(
        {
            "model": {"kind": "mlp", "hidden": [32], "bias": False},
            "optimizer": optimizer,
            "penalty": penalty,
            "training": {"epochs": 5, "dtype": "float64", "evaluate_every": 1_000_000},
            "seed": seed,
        }
    )


def distances(seeds: int) -> DataFrame:
    """Returns the distance of weights under decay from weights under the penalty: case, seed, largest, relative; the seeds are 0, 1, ...

    largest: the largest absolute difference of a weight, over all equivalent settings. relative: the distance divided by the norm of the
    weights under decay. Cases: SGD, SGD with momentum and Adam with the same strength; and, for a strong decay, Adam with the penalty (out
    of 21) whose final weights are nearest.
    """
    return DataFrame([row for seed in range(seeds) for row in _of_seed(seed)])


def _of_seed(seed: int) -> list[Settings]:
    sides = _sides(seed)
    models = trained([one for decayed, others in sides.values() for one in (decayed, *others)])
    vectors = {key: _vector(model) for key, model in models.items()}
    return [{"case": case, "seed": seed, **_apart(case, vectors, *side)} for case, side in sides.items()]


def _sides(seed: int) -> dict[str, tuple[RunSettings, list[RunSettings]]]:
    """Returns for each case the run with decay, and the runs with the penalty."""
    found = {
        name: (
            run(optimizer, seed, decoupled_decay=STRENGTH),
            [run({**optimizer, "weight_decay": STRENGTH}, seed), run(optimizer, seed, l2_squared=STRENGTH / 2)],
        )
        for name, optimizer in ((PLAIN, SGD), (WITH_MOMENTUM, MOMENTUM))
    }
    found[WITH_ADAM] = run({**ADAMW, "weight_decay": STRENGTH}, seed), [run({**ADAM, "weight_decay": STRENGTH}, seed)]
    tried = [run({**ADAM, "weight_decay": strength}, seed) for strength in TRIED]
    return {**found, NEAREST: (run({**ADAMW, "weight_decay": STRONG}, seed), tried)}


def _vector(model: Any) -> Floats:
    return np.concatenate([parameter.detach().numpy().ravel() for parameter in model.parameters()])


def _apart(case: str, vectors: dict[str, Floats], decayed: RunSettings, others: list[RunSettings]) -> dict[str, float]:
    """Returns the largest distance over the equivalent settings, or the smallest one over the penalties that were tried."""
    kept, away = vectors[decayed.key], [vectors[other.key] - vectors[decayed.key] for other in others]
    pick = min if case == NEAREST else max
    return {
        "largest": pick(float(np.abs(each).max()) for each in away),
        "relative": pick(float(np.linalg.norm(each) / np.linalg.norm(kept)) for each in away),
    }
