"""The norms of each hidden unit's incoming weights after training, under the squared norm and the plain norm as penalties.

The engine trains the networks on moons, with one hidden layer and SGD, all penalties and seeds as one stack. The strengths are chosen such
that the squared norm and the plain norm with its proximal step end with about the same training loss; what differs is the distribution
of the weights.

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
"""Updates between two measurements; only the first and the last measurement are needed."""

PENALTIES: dict[str, dict[str, Any]] = {
    "none": {},
    "l2_squared": {"l2_squared": 0.003},
    "l2_norm": {"l2_norm": 0.008, "groups": "unit"},
    "l2_norm_proximal": {"l2_norm_proximal": 0.008, "groups": "unit"},
}


def runs(seeds: Sequence[int] = SEEDS, epochs: int = EPOCHS) -> dict[tuple[str, int], RunSettings]:
    """Returns the runs by penalty and seed."""
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
    """Returns every hidden unit of a trained MLP, given its weights in the store's format: layer and unit (from 1), norm, zero.

    norm: of the unit's incoming weights, without its bias; zero: whether all of them are exactly 0.
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
    """Trains all runs and returns every hidden unit: penalty, seed, layer, unit, norm, zero, train_loss (of its network at the end)."""
    from core.engine.advance import advance
    from core.engine.stack import begin

    every = runs(seeds, epochs)
    with one_thread():
        stack, records = advance(begin(list(every.values())), epochs)
    assert stack.finished
    weights = {row["run"]: row["weights"] for row in records.ended}
    losses = {row["run"]: row["train_loss_eval"] for row in records.history}  # the last row of each run is used
    frames = [
        of_run(run, weights[run.key]).assign(penalty=penalty, seed=seed, train_loss=losses[run.key])
        for (penalty, seed), run in every.items()
    ]
    return concat(frames, ignore_index=True)[["penalty", "seed", "layer", "unit", "norm", "zero", "train_loss"]]


def by_seed(units: DataFrame, measure: Measure) -> DataFrame:
    """Returns one number for each seed (the index) and penalty (the columns), from the result of `train`.

    zero_share: fraction of the units whose weights are exactly 0; largest: the largest norm of a unit; train_loss: of the network, without
    penalty.
    """
    grouped = units.groupby(["seed", "penalty"])
    found = {"zero_share": grouped["zero"].mean(), "largest": grouped["norm"].max(), "train_loss": grouped["train_loss"].first()}
    return found[measure].unstack("penalty")[list(PENALTIES)]
