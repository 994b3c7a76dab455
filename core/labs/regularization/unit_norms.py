"""How long the incoming weights of each hidden unit end up, under the squared norm and the plain norm as penalties.

The networks are the engine's, on moons: one hidden layer, SGD, all penalties and seeds as one stack. The strengths are such that the
squared norm and the plain norm by its proximal step end at about the same training loss, so that what differs is where the weights are.

Shapes: U units, I inputs of a unit. Torch is imported inside the functions.
Source: Yuan & Lin 2006 (JRSS B 68); Scardapane, Comminiello, Hussain & Uncini 2017 (arXiv:1607.00485) for units as groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pandas import DataFrame, concat

from core.labs.threads import one_thread
from core.settings import RunSettings

Measure = Literal["zero_share", "largest", "train_loss"]

SEEDS = tuple(range(5))
HIDDEN, EPOCHS = 64, 50
SELDOM = 10_000_000
"""Updates between two measurements, of which the first and the last are all that is needed."""

PENALTIES: dict[str, dict[str, Any]] = {
    "none": {},
    "l2_squared": {"l2_squared": 0.003},
    "l2_norm": {"l2_norm": 0.008, "groups": "unit"},
    "l2_norm_proximal": {"l2_norm_proximal": 0.008, "groups": "unit"},
}


def runs(seeds: Sequence[int] = SEEDS, epochs: int = EPOCHS) -> dict[tuple[str, int], RunSettings]:
    """The runs by penalty and seed."""
    base = {
        "data": "moons",
        "model": {"kind": "mlp", "hidden": [HIDDEN]},
        "optimizer": {"kind": "sgd", "lr": 0.1},
        "training": {"epochs": epochs, "batch_size": 16, "evaluate_every": SELDOM},
    }
    return {
        (penalty, seed): RunSettings.model_validate({**base, "penalty": settings, "seed": seed})
        for penalty, settings in PENALTIES.items()
        for seed in seeds
    }


def of_run(run: RunSettings, weights: bytes) -> DataFrame:
    """Every hidden unit of a trained MLP, given its weights as the store keeps them: layer and unit (from 1), norm, zero.

    norm: of the unit's incoming weights, its bias left out; zero: whether all of them are exactly 0.
    """
    from core.engine.network.networks import trained_model

    frames = []
    layers = [layer for name, layer in trained_model(run, weights).named_parameters() if name.endswith("linear.weight")]
    for place, weight_UI in enumerate(layers, start=1):
        norm_U = weight_UI.detach().double().norm(dim=1).numpy()
        frames.append(DataFrame({"layer": place, "norm": norm_U, "zero": (weight_UI == 0).all(1).numpy()}))
        frames[-1].insert(1, "unit", range(1, len(norm_U) + 1))
    return concat(frames, ignore_index=True)


def train(seeds: Sequence[int] = SEEDS, epochs: int = EPOCHS) -> DataFrame:
    """Trains all of them and returns every hidden unit: penalty, seed, layer, unit, norm, zero, train_loss (of its network at the end)."""
    from core.engine.advance import advance
    from core.engine.stack import begin

    every = runs(seeds, epochs)
    with one_thread():
        stack, records = advance(begin(list(every.values())), epochs)
    assert stack.finished
    weights = {row["run"]: row["weights"] for row in records.ended}
    losses = {row["run"]: row["train_loss_eval"] for row in records.history}  # the last row of a run stands
    frames = [
        of_run(run, weights[run.key]).assign(penalty=penalty, seed=seed, train_loss=losses[run.key])
        for (penalty, seed), run in every.items()
    ]
    return concat(frames, ignore_index=True)[["penalty", "seed", "layer", "unit", "norm", "zero", "train_loss"]]


def by_seed(units: DataFrame, measure: Measure) -> DataFrame:
    """One number by seed (the index), a column a penalty; from `train`.

    zero_share: of the units, those that are exactly 0; largest: norm of a unit; train_loss: of the network, without penalty.
    """
    grouped = units.groupby(["seed", "penalty"])
    found = {"zero_share": grouped["zero"].mean(), "largest": grouped["norm"].max(), "train_loss": grouped["train_loss"].first()}
    return found[measure].unstack("penalty")[list(PENALTIES)]
