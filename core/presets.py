"""Comparisons that are worth a look, ready to run."""

from __future__ import annotations

from typing import Any, NamedTuple

from core.comparison import Comparison
from core.settings import RunSettings

DEFAULT = Comparison.load(
    {
        "base": RunSettings(),
        "variants": [
            {"name": "SGD momentum", "optimizer": {"kind": "sgd", "lr": 0.05, "momentum": 0.9}},
            {"name": "SGD Nesterov", "optimizer": {"kind": "sgd", "lr": 0.05, "momentum": 0.9, "nesterov": True}},
            {"name": "RMSprop", "optimizer": {"kind": "rmsprop", "lr": 0.001}},
            {"name": "Adam", "optimizer": {"kind": "adam", "lr": 0.001}},
            {"name": "AdamW", "optimizer": {"kind": "adamw", "lr": 0.001}},
        ],
        "seeds": 5,
    }
)
"""Five optimizers on the handwritten digits, five seeds each."""


class Preset(NamedTuple):
    """A comparison to open: what it is about, what is seen in it and why."""

    title: str
    why: str
    comparison: Comparison


def _compare(base: dict[str, Any], **varied: Any) -> Comparison:
    return Comparison.load({"base": base, "seeds": 5, **varied})


def _mlp(*hidden: int) -> dict[str, Any]:
    return {"kind": "mlp", "hidden": hidden}


PRESETS = (
    Preset(
        "Learning rates from too small to too large",
        "SGD with momentum: 0.001 is on its way after 20 epochs, 0.01 and 0.1 arrive, 1 stays at chance, and at 10 all seeds diverge.",
        _compare({"optimizer": {"kind": "sgd", "lr": 0.1, "momentum": 0.9}}, vary={"optimizer.lr": [0.001, 0.01, 0.1, 1.0, 10.0]}),
    ),
    Preset(
        "Batch norm takes large learning rates",
        "Without it a rate of 3 diverges on every seed and 1 on some; with it all three learn: the scale of the weights no longer matters.",
        _compare(
            {"model": _mlp(64, 64, 64, 64), "optimizer": {"kind": "sgd", "lr": 0.1}},
            vary={"model.normalization": ["none", "batch"], "optimizer.lr": [0.1, 1.0, 3.0]},
        ),
    ),
    Preset(
        "Weights that start at zero never learn",
        "No gradient passes a layer of zeros: the loss stays at ln 10. Weights of 0.1 get one, but a layer's units stay the same unit.",
        _compare({}, vary={"model.init": ["he", "xavier", "constant", "zero"]}),
    ),
    Preset(
        "Six layers of sigmoid",
        "A sigmoid's slope is 1/4 at most, so little of the gradient reaches the first of six layers: they hardly move, and ReLU fits all.",
        _compare({"model": _mlp(64, 64, 64, 64, 64, 64)}, vary={"model.activation": ["relu", "tanh", "sigmoid"]}),
    ),
    Preset(
        "Skip connections need normalization",
        "16 layers: skips alone make it worse, since each adds to the size of the signal; with batch or layer norm they make it better.",
        _compare({"model": _mlp(*[32] * 16)}, vary={"model.normalization": ["none", "batch", "layer"], "model.skip": [False, True]}),
    ),
    Preset(
        "Spirals: what depth is for",
        "A linear model parts the plane by a line and cannot do it; two hidden layers are hardly better in 60 epochs, three find the arms.",
        _compare({"data": "spirals", "training": {"epochs": 60}}, vary={"model": ["linear", _mlp(64, 64), _mlp(64, 64, 64)]}),
    ),
    Preset(
        "Two labels in five are wrong",
        "The plain network learns them by heart and its validation loss turns up; dropout, decay and early stopping each hold it back.",
        _compare(
            {"data": {"kind": "digits", "label_noise": 0.4}, "model": _mlp(256, 256), "training": {"epochs": 40}},
            variants=[
                {"name": "Plain"},
                {"name": "Dropout 0.5", "model.dropout": 0.5},
                {"name": "Decay 1", "optimizer": {"kind": "adamw", "weight_decay": 1.0}},
                {"name": "Early stopping", "stopping": "patience"},
            ],
        ),
    ),
    Preset(
        "How many weights can go",
        "Cut at epoch 10, then trained on: half of the weights go at no cost, 80 % at little; without 95 % of them it falls apart.",
        _compare(
            {"training": {"epochs": 30}, "pruning": {"kind": "magnitude", "sparsity": 0.8}},
            vary={"pruning.sparsity": [0.0, 0.5, 0.8, 0.95]},
        ),
    ),
)
"""Comparisons that are known to work, or known to fail, and why."""

OPTIMIZERS = _compare(
    {"model": _mlp(32), "training": {"epochs": 6}},
    variants=[
        {"name": "SGD", "optimizer": {"kind": "sgd", "lr": 0.2}},
        {"name": "SGD momentum", "optimizer": {"kind": "sgd", "lr": 0.05, "momentum": 0.9}},
        {"name": "RMSprop", "optimizer": {"kind": "rmsprop", "lr": 0.005}},
        {"name": "Adam", "optimizer": {"kind": "adam", "lr": 0.005}},
        {"name": "L-BFGS", "optimizer": {"kind": "lbfgs", "max_iter": 2}},
    ],
    seeds=3,
)
"""The optimizers of the page of paths, on the handwritten digits: trained in some seconds."""

RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0)
"""Learning rates half a decade apart, for sweeps."""

_SMALL = {"model": _mlp(32), "training": {"epochs": 6, "batch_size": 32}}
_DEEP = {"model": _mlp(*[32] * 6), "training": {"epochs": 6, "batch_size": 32}}
_OPTIMIZERS = ({"kind": "sgd"}, {"kind": "sgd", "momentum": 0.9}, {"kind": "adam"})


def _sweep(base: dict[str, Any], **varied: Any) -> Comparison:
    return Comparison.load({"base": base, "vary": {**varied, "optimizer.lr": RATES}, "seeds": 3})


LEARNING_RATES = _sweep(_SMALL, optimizer=_OPTIMIZERS)
"""Ten learning rates for each of three optimizers, on the digits."""

SWEEPS = (
    Preset(
        "Optimizers",
        "Each has a rate of its own: 0.3 for SGD, 0.03 with momentum, 0.01 for Adam. At one rate for all, that rate decides who wins.",
        LEARNING_RATES,
    ),
    Preset(
        "Warmup",
        "Momentum on six layers. In six epochs a warmup gains nothing at the best rates; at the largest, look at how many seeds diverge.",
        _sweep(_DEEP | {"optimizer": {"kind": "sgd", "momentum": 0.9}}, **{"schedule.warmup": (0.0, 1.0, 2.0)}),
    ),
    Preset(
        "Schedules",
        "A falling rate makes 0.03 as good as 0.01 is when it is held: schedules widen the basin more than they lower it.",
        _sweep(_SMALL, schedule=("constant", "polynomial", "cosine", "one_cycle")),
    ),
    Preset(
        "Normalization",
        "SGD on six layers: with batch norm rates of 0.1 to 1 all work, with layer norm up to 0.3, and without only about 0.1.",
        _sweep(_DEEP | {"optimizer": "sgd"}, **{"model.normalization": ("none", "batch", "layer")}),
    ),
)
"""Learning-rate sweeps, of which the first is where that page begins."""

BATCH_SIZES = Comparison.load(
    {
        "base": {"model": _mlp(32), "optimizer": {"kind": "sgd", "lr": 0.03}, "training": {"epochs": 5}},
        "vary": {"training.batch_size": (1, 4, 16, 64, 256, "full")},
        "seeds": 3,
    }
)
"""SGD on the digits with batches of one example up to all of them."""

NORMALIZATIONS = Comparison.load(
    {
        "base": {
            "data": {"kind": "digits", "validation_fraction": 0.33, "test_fraction": 0.1},
            "model": _mlp(32),
            "optimizer": {"kind": "sgd", "lr": 0.4},
            "training": {"epochs": 2},
        },
        "vary": {"model.normalization": ("none", "batch", "layer", "rms"), "training.batch_size": (2, 4, 8, 16, 64, 256)},
        "seeds": 3,
    }
)
"""Normalizations over batch sizes. Of the digits 1,024 train: each of the batches divides them, so no last one is smaller."""
