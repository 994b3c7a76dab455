"""The experiments of the page of gradient flow and of its links: deep networks on the digits, with plain SGD.

Plain SGD does not rescale a small or large gradient, as Adam would.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from pandas import DataFrame, Series

from core.analysis.claims import Above, Below, Inside
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence
from core.experiments.claims.claiming import (
    before_training,
    below_all_others,
    difference,
    diverged,
    each_ends,
    ends,
    fades,
    farthest,
    last,
    ratio,
    steps_between_layers,
)
from core.experiments.experiment import Experiment

PAGE = "gradient_flow"

LEARNS, CHANCE = 0.5, 0.2
"""Training accuracies: above the first value a network has learned, below the second it has not."""


def _deep(layers: int, **more: Any) -> dict[str, Any]:
    return {"kind": "mlp", "hidden": [32] * layers, **more}


def _base(model: dict[str, Any], optimizer: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"model": model, "optimizer": optimizer or {"kind": "sgd", "lr": 0.1}, "training": {"epochs": 8}}


def _of(base: dict[str, Any], **varied: Any) -> Comparison:
    return Comparison.load({"base": base, "seeds": 3, **varied})


def _learn(variants: Sequence[str], words: str) -> Claim:
    return each_ends(f"lowest training accuracy of {words}", Above(LEARNS), "train_accuracy", variants)


def _stays(variant: str) -> Claim:
    return ends(f"training accuracy of {variant}", Below(CHANCE), "train_accuracy", variant)


def _neighbours(words: str, most: float, variants: Sequence[str]) -> Claim:
    """A claim about the largest factor of the gradient from one layer to the next."""
    return Claim(words, "exact", Below(most), lambda evidence: steps_between_layers(evidence, variants))


def _dead(words: str, claimed: Above | Below | Inside, *variants: str) -> Claim:
    """A claim about the final share of dead hidden units of each seed; for several variants, the highest share."""
    return Claim(words, "exact", claimed, lambda evidence: farthest(claimed, (last(evidence, "dead_fraction", each) for each in variants)))


def _first_layers(evidence: Evidence) -> tuple[Series, Series]:
    """The initial gradient of the first layer: for twice He, for He."""
    twice, he = (before_training(evidence, "grad_norm", name).iloc[:, 0] for name in ("ReLU, twice He", "ReLU, He"))
    return twice, he


def _a_layer(evidence: Evidence) -> tuple[Series, Series]:
    """The tenth root of the factor from the first layer's gradient to the output layer's; and 1."""
    norms = before_training(evidence, "grad_norm", "normal std=0.05")
    factor = (norms.iloc[:, -1] / norms.iloc[:, 0]) ** (1 / (norms.shape[1] - 1))
    return factor, factor * 0 + 1


def _from_zero(evidence: Evidence) -> Series:
    return before_training(evidence, "grad_norm", "zero").iloc[:, :-1].max(axis=1)


def _hidden_range(evidence: Evidence, variant: str) -> Series:
    """For each seed, the largest hidden gradient divided by the smallest, before training."""
    hidden = before_training(evidence, "grad_norm", variant).iloc[:, :-1]
    return hidden.max(axis=1) / hidden.min(axis=1)


def _other_ranges(evidence: Evidence) -> DataFrame:
    """The same ratio for every normalization except batch norm: one row for each seed, one column for each normalization."""
    return pd.concat({name: _hidden_range(evidence, name) for name in _NORMS if name != "batch"}, axis=1)


def _slowest(evidence: Evidence) -> tuple[Series, Series]:
    """The lowest training accuracy of the four that learn well, and that of ReLU with Xavier's init."""
    return _lowest(evidence, _LEARN_WELL), last(evidence, "train_accuracy", _SLOW)


def _lowest(evidence: Evidence, variants: Sequence[str]) -> Series:
    """For each seed, the lowest training accuracy of several variants."""
    return pd.concat([last(evidence, "train_accuracy", name) for name in variants], axis=1).min(axis=1)


def _beyond_finite(evidence: Evidence) -> tuple[Series, Series]:
    """The lowest training accuracy of the variants that remove the cause, and the mean of the remedies that do not."""
    finite = pd.concat([last(evidence, "train_accuracy", name) for name in _STAY_FINITE], axis=1)
    return _lowest(evidence, _TAKE_AWAY), finite.mean(axis=1)


_UNIT = {"kind": "xavier", "gain": 1.0}
"""Xavier's init as published; the setting without a gain uses the gain of the activation."""
_TWICE = {"kind": "he", "gain": 2.83}

_SMOOTH_GATES = ("sigmoid", "softplus")
_OTHERS = ("tanh", "relu", "leaky_relu", "elu", "gelu", "silu")
_INITS = ["he", {"kind": "he", "gain": 1.0}, {"kind": "he", "gain": 2.0}, "orthogonal", "lsuv", {"kind": "normal", "std": 0.05}]
_NORMS = ("none", "batch", "layer", "group", "rms", "weight")
_STAY_FINITE = ("Clipped by norm", "Clipped by value", "lr / 1000")
_TAKE_AWAY = ("Batch norm", "3 layers", "He")
_LEARN_WELL, _SLOW = ("Tanh, Xavier", "ReLU, He", "ReLU, He, batch norm", "ReLU, He, layer norm, skip"), "ReLU, Xavier"

EXPERIMENTS = (
    Experiment(
        PAGE,
        "all kinds",
        "At the start, the first layer of the sigmoid network has a millionth of the gradient of its output layer, and the network stays "
        "at "
        "chance. Weights twice as large as He's have gradients about a thousand times as large, and diverge on every seed. The others "
        "learn. ReLU with Xavier's init is the slowest, because its weights are too small for ReLU: it gets about half of the digits "
        "right.",
        _of(
            _base(_deep(10)),
            variants=[
                {"name": "Sigmoid, Xavier", "model.activation": "sigmoid", "model.init": _UNIT},
                {"name": "Tanh, Xavier", "model.activation": "tanh", "model.init": _UNIT},
                {"name": "ReLU, Xavier", "model.init": _UNIT},
                {"name": "ReLU, He"},
                {"name": "ReLU, twice He", "model.init": _TWICE},
                {"name": "ReLU, He, batch norm", "model.normalization": "batch"},
                {"name": "ReLU, He, layer norm, skip", "model.normalization": "layer", "model.skip": True},
            ],
        ),
        claims=(
            fades("gradient of the sigmoid network's first layer over its output layer's", Inside(1e-7, 1e-5), "Sigmoid, Xavier"),
            _stays("Sigmoid, Xavier"),
            Claim("gradient of the first layer, twice He over He", "ratio", Inside(200, 5000), _first_layers),
            diverged("seeds of twice He that diverge", Above(1), "ReLU, twice He"),
            _learn(_LEARN_WELL, "the others but ReLU with Xavier's init"),
            ends("training accuracy of ReLU with Xavier's init", Inside(0.3, 0.7), "train_accuracy", _SLOW),
            Claim("the lowest of the others minus that of ReLU with Xavier's init", "difference", Above(0.1), _slowest),
        ),
    ),
    Experiment(
        PAGE,
        "activations",
        "Each activation has He's init with its own gain. With sigmoid and softplus the gradient fades towards the input, and the "
        "network stays "
        "at chance. The other six start with gradients within a factor of three from layer to layer, and learn. The loss after so few "
        "epochs shows which one starts fast, not which one ends best.",
        _of(_base(_deep(10)), vary={"model.activation": [*_SMOOTH_GATES[:1], *_OTHERS, *_SMOOTH_GATES[1:]]}),
        claims=(
            *(fades(f"gradient of the first layer over the output layer's, {name}", Below(0.01), name) for name in _SMOOTH_GATES),
            *map(_stays, _SMOOTH_GATES),
            _neighbours("largest factor from layer to layer of the other six", 3, _OTHERS),
            _learn(_OTHERS, "the other six"),
        ),
    ),
    Experiment(
        PAGE,
        "initializations",
        "ReLU. A standard deviation of 0.05 is too small for 32 inputs: the gradient fades about fivefold per layer. A gain of 2 instead "
        "of "
        "√2 is too large, and diverges on two of three seeds. Zero weights pass no gradient to any hidden layer; with constant weights, "
        "all "
        "units of a layer stay equal.",
        _of(_base(_deep(10)), vary={"model.init": [*_INITS, "constant", "zero"]}),
        claims=(
            Claim("factor of the gradient per layer, standard deviation 0.05", "ratio", Inside(3.5, 7), _a_layer),
            diverged("seeds of gain 2 that diverge", Inside(0.5, 0.9), "he gain=2"),
            Claim("largest gradient of a hidden layer from zero", "exact", Below(0), _from_zero),
        ),
    ),
    Experiment(
        PAGE,
        "normalizations",
        "ReLU with He's init learns with ten layers without any normalization: all six learn. With batch norm, the initial gradient grows "
        "seven- to eightfold from the output to the input; with the others it varies by a factor of about two.",
        _of(_base(_deep(10)), vary={"model.normalization": list(_NORMS)}),
        claims=(
            _learn(_NORMS, "all six"),
            fades("gradient of the first hidden layer over the last, batch norm", Inside(5, 10), "batch", to=-2),
            Claim(
                "largest over smallest gradient of a hidden layer, mean of the others",
                "mean",
                Below(2.5),
                lambda evidence: _other_ranges(evidence).mean(axis=1),
            ),
            Claim(
                "the same of batch norm over the highest of the others",
                "ratio",
                Above(1.5),
                lambda evidence: (_hidden_range(evidence, "batch"), _other_ranges(evidence).max(axis=1)),
            ),
        ),
        seeds=16,
    ),
    Experiment(
        PAGE,
        "skip connections",
        "16 layers. With skips alone, the signal grows from block to block, and every seed diverges. The residual networks with layer "
        "norm have "
        "the lowest training loss on average, and those with batch norm the second lowest.",
        _of(_base(_deep(16)), vary={"model.skip": [False, True], "model.normalization": ["none", "batch", "layer"]}),
        claims=(
            diverged("seeds with skips alone that diverge", Above(1), "skip=true, none"),
            below_all_others("training loss, residual with layer norm over the lowest other", "train_loss_eval", "skip=true, layer"),
            below_all_others(
                "training loss, residual with batch norm over the lowest of the rest",
                "train_loss_eval",
                "skip=true, batch",
                without=("skip=true, layer",),
            ),
        ),
        seeds=16,
    ),
    Experiment(
        PAGE,
        "depth",
        "All have layer norm. Plain networks get worse with depth even on the training data, so this is not overfitting; with skips, "
        "depth 32 "
        "fits as well as depth 4. This is the degradation of He et al. 2015 (arXiv:1512.03385), on a small scale.",
        _of(
            _base(_deep(4, normalization="layer")),
            variants=[
                {"name": f"{kind}, depth {depth}", "model.depth": depth, "model.skip": kind == "Skip"}
                for kind in ("Plain", "Skip")
                for depth in (4, 16, 32)
            ],
        ),
        claims=(
            ratio("training loss, plain, depth 16 over 4", Above(1), "train_loss_eval", "Plain, depth 16", "Plain, depth 4"),
            ratio("training loss, plain, depth 32 over 16", Above(1), "train_loss_eval", "Plain, depth 32", "Plain, depth 16"),
            ratio("training loss with skips, depth 32 over 4", Below(1.25), "train_loss_eval", "Skip, depth 32", "Skip, depth 4"),
        ),
        view={"metric": "Training loss"},
    ),
    Experiment(
        PAGE,
        "dead units",
        "Four layers of 64, Adam. With ReLU, 1 to 2 % of the units are dead on average at 0.001, about a sixth at 0.03, and about 60 % "
        "at 0.1. "
        "At 0.03, Leaky ReLU and ELU have no dead units, and GELU hardly any. (Biases begin at 0 here; a start below 0 is the other usual "
        "cause.)",
        _of(
            _base({"kind": "mlp", "hidden": [64] * 4}, {"kind": "adam", "lr": 0.03}),
            variants=[
                {"name": "ReLU, lr 0.001", "optimizer.lr": 0.001},
                {"name": "ReLU, lr 0.03"},
                {"name": "ReLU, lr 0.1", "optimizer.lr": 0.1},
                {"name": "Leaky ReLU, lr 0.03", "model.activation": "leaky_relu"},
                {"name": "ELU, lr 0.03", "model.activation": "elu"},
                {"name": "GELU, lr 0.03", "model.activation": "gelu"},
            ],
        ),
        claims=(
            ends("share of dead units of ReLU at 0.001", Inside(0.005, 0.03), "dead_fraction", "ReLU, lr 0.001"),
            _dead("share of dead units of ReLU at 0.03", Inside(0.1, 0.25), "ReLU, lr 0.03"),
            _dead("share of dead units of ReLU at 0.1", Above(0.5), "ReLU, lr 0.1"),
            _dead("highest share of dead units of Leaky ReLU and ELU", Below(0), "Leaky ReLU, lr 0.03", "ELU, lr 0.03"),
            difference("share of dead units at 0.03, ReLU minus GELU", Above(0.1), "dead_fraction", "ReLU, lr 0.03", "GELU, lr 0.03"),
        ),
        view={"layers": "dead units", "heat": "dead units", "after": "8"},
    ),
    Experiment(
        PAGE,
        "explosion and cures",
        "Twice He diverges on every seed, and each remedy prevents this on every seed. The remedies that remove the cause (He's init, a "
        "normalization, fewer layers) then learn in 16 epochs; clipping and a tiny rate only keep the loss finite, and learn far less.",
        _of(
            _base(_deep(10)) | {"training": {"epochs": 16}},
            variants=[
                {"name": "Twice He", "model.init": _TWICE},
                {"name": "Clipped by norm", "model.init": _TWICE, "clipping": {"kind": "norm", "max_norm": 1.0}},
                {"name": "Clipped by value", "model.init": _TWICE, "clipping": {"kind": "value"}},
                {"name": "lr / 1000", "model.init": _TWICE, "optimizer.lr": 0.0001},
                {"name": "Batch norm", "model.init": _TWICE, "model.normalization": "batch"},
                {"name": "3 layers", "model.init": _TWICE, "model.hidden": [32] * 3},
                {"name": "He"},
            ],
        ),
        claims=(
            diverged("seeds of twice He that diverge", Above(1), "Twice He"),
            diverged("runs of all cures that diverge", Below(0), *_STAY_FINITE, *_TAKE_AWAY),
            each_ends("lowest training accuracy where the cause is taken away", Above(0.8), "train_accuracy", _TAKE_AWAY),
            Claim("that minus the mean of clipping and the tiny rate", "difference", Above(0.3), _beyond_finite),
        ),
    ),
)
"""By the names of their links; the page shows the first one at the start."""

START = EXPERIMENTS[0].comparison
