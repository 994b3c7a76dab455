"""The experiments of the page of recurrent networks, for its tabs and links."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pandas import Series

from core.analysis.claims import Above, Below
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence
from core.experiments.claims.claiming import diverged, ends, farthest, last, ratio, updates_to
from core.experiments.experiment import Experiment

ADDING_PAGE, CLIPPING_PAGE, TRUNCATION_PAGE = "recurrent", "recurrent_clipping", "recurrent_truncation"

MEMORYLESS = 1 / 6
"""The mean squared error of the adding problem for always predicting the mean: the variance of a sum of two uniform numbers."""


def _adding(steps: int, samples: int, epochs: int, **model: Any) -> dict[str, Any]:
    return {
        "data": {"kind": "adding", "steps": steps, "samples": samples},
        "model": {"kind": "recurrent", "cell": "rnn", "hidden": 24} | model,
        "optimizer": {"kind": "adam", "lr": 0.02},
        "clipping": {"kind": "norm", "max_norm": 1.0},
        "training": {"epochs": epochs, "batch_size": 32},
    }


def _load(base: dict[str, Any], seeds: int = 3, **varied: Any) -> Comparison:
    return Comparison.load({"base": base, "seeds": seeds, **varied})


def _solves(variant: str) -> Claim:
    return ends(f"validation loss of {variant}", Below(MEMORYLESS / 2), "val_loss", variant)


def _updates(first: str, second: str) -> Callable[[Evidence], tuple[Series, Series]]:
    """The number of updates of two variants until half of the memoryless loss."""

    def numbers(evidence: Evidence) -> tuple[Series, Series]:
        one, other = (updates_to(evidence, "val_loss", MEMORYLESS / 2, variant) for variant in (first, second))
        return one, other

    return numbers


CELLS = {"model.cell": ["rnn", "lstm", "gru"]}

ADDING = (
    Experiment(
        ADDING_PAGE,
        "T = 30",
        "Three cells, 8 epochs. LSTM and GRU learn the meaning of the marks, the tanh RNN does not.",
        _load(_adding(30, 2500, 8), vary=CELLS),
        claims=(
            _solves("lstm"),
            _solves("gru"),
            ends("validation loss of rnn", Above(MEMORYLESS / 2), "val_loss", "rnn"),
        ),
    ),
    Experiment(
        ADDING_PAGE,
        "T = 10",
        "This is so short that the tanh RNN also learns it, but more slowly.",
        _load(_adding(10, 2500, 10), vary=CELLS),
        claims=(
            _solves("rnn"),
            *(
                Claim(f"updates to half of the memoryless loss, rnn over {cell}", "ratio", Above(1), _updates("rnn", cell))
                for cell in ("lstm", "gru")
            ),
        ),
    ),
    Experiment(
        ADDING_PAGE,
        "T = 50, about 8 s",
        "The usual length: the first mark is at least 25 steps back.",
        _load(_adding(50, 3500, 10), vary=CELLS),
    ),
    Experiment(
        ADDING_PAGE,
        "RNN at other rates, tanh and ReLU",
        "T = 30, 20 epochs. The common rate of all cells is too high for the RNN: at 0.003 the tanh RNN ends lower than at 0.01, and with "
        "ReLU and orthogonal initial weights it learns well. Compare Le, Jaitly & Hinton 2015 (arXiv:1504.00941).",
        _load(_adding(30, 2500, 20), vary={"model.activation": ["tanh", "relu"], "optimizer.lr": [0.001, 0.003, 0.01]}),
        claims=(
            ratio("validation loss of tanh, at 0.003 over 0.01", Below(1), "val_loss", "tanh, lr=0.003", "tanh, lr=0.01"),
            Claim(
                "lowest validation loss of ReLU at any of the rates",
                "mean",
                Below(MEMORYLESS / 4),
                lambda evidence: farthest(Above(0), (last(evidence, "val_loss", f"relu, lr={lr}") for lr in (0.001, 0.003, 0.01))),
            ),
        ),
        seeds=16,
    ),
)

_EXPLODING: dict[str, Any] = {
    "data": {"kind": "adding", "steps": 10, "samples": 2500},
    "model": {"kind": "recurrent", "cell": "rnn", "hidden": 24, "spectral_radius": 1.5},
    "optimizer": {"kind": "sgd", "lr": 0.1},
    "training": {"epochs": 8, "batch_size": 32, "evaluate_every": 10},
}
_CLIPPINGS: dict[str, dict[str, Any]] = {
    "No clipping": {"kind": "none"},
    "Norm 1": {"kind": "norm", "max_norm": 1.0},
    "Value 0.1": {"kind": "value", "max_value": 0.1},
    "Percentile 10": {"kind": "percentile", "percentile": 10},
}


def _clipped(base: dict[str, Any], *more: dict[str, Any]) -> Comparison:
    variants = [{"name": name, "clipping": clipping} for name, clipping in _CLIPPINGS.items()]
    return _load(base, seeds=5, variants=[*variants, *more])


RADII = (0.9, 1.2, 1.5, 2.0)


def _of_radius(radius: float, name: str) -> dict[str, Any]:
    return {"name": f"ρ = {radius:g}, {name.lower()}", "model.spectral_radius": radius, "clipping": _CLIPPINGS[name]}


CLIPPING = (
    Experiment(
        CLIPPING_PAGE,
        "RNN, ρ = 1.5",
        "T = 10, SGD at 0.1: no clipping, three kinds of clipping, and two other remedies, a smaller ρ and smaller updates.",
        _clipped(
            _EXPLODING,
            {"name": "No clipping, ρ = 0.9", "model.spectral_radius": 0.9},
            {"name": "No clipping, lr = 0.03", "optimizer.lr": 0.03},
        ),
        claims=(
            diverged("seeds without clipping that diverge", Above(0.2), "No clipping"),
            diverged("runs clipped in any of the three ways that diverge", Below(0), "Norm 1", "Value 0.1", "Percentile 10"),
            diverged("runs with a smaller ρ or rate that diverge", Below(0), "No clipping, ρ = 0.9", "No clipping, lr = 0.03"),
        ),
    ),
    Experiment(
        CLIPPING_PAGE,
        "ρ from 0.9 to 2",
        "The same network at four spectral radii, without clipping and clipped by norm.",
        _load(_EXPLODING, seeds=5, variants=[_of_radius(radius, name) for radius in RADII for name in ("No clipping", "Norm 1")]),
    ),
    Experiment(
        CLIPPING_PAGE,
        "GRU",
        "T = 20, SGD with momentum at 0.3: gates do not prevent it.",
        _clipped(
            _EXPLODING
            | {
                "data": {"kind": "adding", "steps": 20, "samples": 2500},
                "model": {"kind": "recurrent", "cell": "gru", "hidden": 24, "spectral_radius": 1.5},
                "optimizer": {"kind": "sgd", "lr": 0.3, "momentum": 0.9},
            }
        ),
        claims=(diverged("seeds without clipping that diverge", Above(0.2), "No clipping"),),
    ),
)

_COPY = {
    "data": {"kind": "copy", "length": 2, "symbols": 4, "delay": 10, "samples": 2500},
    "model": {"kind": "recurrent", "cell": "gru", "hidden": 24},
    "optimizer": {"kind": "adam", "lr": 0.02},
    "clipping": {"kind": "norm", "max_norm": 1.0},
    "training": {"epochs": 10, "batch_size": 32},
}

TRUNCATION = (
    Experiment(
        TRUNCATION_PAGE,
        "copy task, GRU",
        "Two symbols of four must be repeated 12 steps later. With the gradient truncated every 4 steps, the loss stays far above that "
        "without truncation.",
        _load(_COPY, vary={"model.truncation": [None, 12, 8, 4]}),
        claims=(ratio("validation loss, cut every 4 steps over never", Above(2), "val_loss", "truncation=4", "truncation=none"),),
    ),
    Experiment(
        TRUNCATION_PAGE,
        "copy task, cells",
        "All three cells without truncation, and with the gradient truncated every 4 steps.",
        _load(_COPY | {"optimizer": {"kind": "adam", "lr": 0.01}}, vary={**CELLS, "model.truncation": [None, 4]}),
    ),
    Experiment(
        TRUNCATION_PAGE,
        "adding problem, GRU",
        "T = 30, truncated every 25, 10, 5 steps or never: the first steps need the same weights as the last ones, so it is still solved.",
        _load(_adding(30, 2500, 10, cell="gru"), vary={"model.truncation": [None, 25, 10, 5]}),
        claims=(_solves("truncation=5"),),
    ),
)

EXPERIMENTS = ADDING + CLIPPING + TRUNCATION
