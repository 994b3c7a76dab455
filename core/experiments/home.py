"""The comparisons on home: five optimizers with one click, and examples that work or fail for a known reason."""

from __future__ import annotations

import math
from typing import Any

from pandas import Series

from core.analysis.claims import Above, Below, Inside
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence, Numbers
from core.experiments.claims.claiming import before_training, difference, diverged, each_ends, ends, fades, last, ratio, updates_to
from core.experiments.experiment import RUNS, Experiment
from core.settings import RunSettings

PAGE = "compare"

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

LEARNS = 0.8
"""Accuracy above which a network has learned the digits; guessing gives 10 %."""
CHANCE = 0.2
"""Accuracy below which a network has not learned."""
FITTED = 0.1
"""A training loss at which the digits are fitted."""


def _compare(base: dict[str, Any], **varied: Any) -> Comparison:
    return Comparison.load({"base": base, "seeds": 5, **varied})


def _mlp(*hidden: int) -> dict[str, Any]:
    return {"kind": "mlp", "hidden": hidden}


def _rise(evidence: Evidence) -> Numbers:
    """The last and the lowest validation loss of the plain network, by seed."""
    history = evidence[RUNS].history
    lowest: Series = history[history["variant"] == "Plain"].groupby("seed")["val_loss"].min()
    return last(evidence, "val_loss", "Plain"), lowest


def _hidden_gradient(evidence: Evidence) -> Series:
    """The largest gradient norm of a hidden layer with zero initial weights, by seed."""
    return before_training(evidence, "grad_norm", "zero").iloc[:, :-1].max(axis=1)


def _updates(words: str, claimed: Above | Inside, first: str, second: str) -> Claim:
    """A claim about the number of updates to a training loss of 0.1."""
    return Claim(
        f"updates to a training loss of {FITTED}, {words}",
        "ratio",
        claimed,
        lambda evidence: (updates_to(evidence, "train_loss_eval", FITTED, first), updates_to(evidence, "train_loss_eval", FITTED, second)),
    )


EXPERIMENTS = (
    Experiment(
        PAGE,
        "Adam and SGD, each at its own best rate",
        "On scaled digits, Adam at its usual rate needs several times as many updates as SGD with momentum. At its own best rate it is as "
        "fast, and both have the same accuracy on new digits. On rare or unscaled features, Adam is better: see Learning rate.",
        _compare(
            {"training": {"evaluate_every": 5}},
            variants=[
                {"name": "SGD momentum, usual rate", "optimizer": {"kind": "sgd", "lr": 0.05, "momentum": 0.9}},
                {"name": "SGD momentum, best rate", "optimizer": {"kind": "sgd", "lr": 0.1, "momentum": 0.9}},
                {"name": "Adam, usual rate", "optimizer": {"kind": "adam", "lr": 0.001}},
                {"name": "Adam, best rate", "optimizer": {"kind": "adam", "lr": 0.01}},
            ],
        ),
        claims=(
            _updates("Adam over SGD with momentum, usual rates", Above(3), "Adam, usual rate", "SGD momentum, usual rate"),
            _updates("the same at the best rates", Inside(0.5, 2), "Adam, best rate", "SGD momentum, best rate"),
            difference(
                "validation accuracy at the best rates, Adam minus SGD with momentum",
                Inside(-0.02, 0.02),
                "val_accuracy",
                "Adam, best rate",
                "SGD momentum, best rate",
            ),
        ),
    ),
    Experiment(
        PAGE,
        "Learning rates from too small to too large",
        "SGD with momentum: after 20 epochs, 0.001 still improves, 0.01 and 0.1 have learned, 1 stays at chance, and all seeds diverge "
        "at 10.",
        _compare({"optimizer": {"kind": "sgd", "lr": 0.1, "momentum": 0.9}}, vary={"optimizer.lr": [0.001, 0.01, 0.1, 1.0, 10.0]}),
        claims=(
            ratio("training loss at 0.001 over that at 0.01", Above(2), "train_loss_eval", "lr=0.001", "lr=0.01"),
            each_ends("lower validation accuracy at 0.01 and 0.1", Above(0.9), "val_accuracy", ("lr=0.01", "lr=0.1")),
            ends("validation accuracy at 1", Below(CHANCE), "val_accuracy", "lr=1"),
            diverged("seeds that diverge at 10", Above(1), "lr=10"),
        ),
    ),
    Experiment(
        PAGE,
        "Batch norm takes large learning rates",
        "Without it, a rate of 3 diverges on every seed and 1 on some; with it, all three rates learn: the scale of the weights no "
        "longer matters.",
        _compare(
            {"model": _mlp(64, 64, 64, 64), "optimizer": {"kind": "sgd", "lr": 0.1}},
            vary={"model.normalization": ["none", "batch"], "optimizer.lr": [0.1, 1.0, 3.0]},
        ),
        claims=(
            diverged("seeds that diverge at 3 without a norm", Above(1), "none, lr=3"),
            diverged("seeds that diverge at 1 without a norm", Inside(0.2, 0.8), "none, lr=1"),
            each_ends(
                "lowest validation accuracy with batch norm at 0.1, 1 and 3",
                Above(LEARNS),
                "val_accuracy",
                ("batch, lr=0.1", "batch, lr=1", "batch, lr=3"),
            ),
        ),
    ),
    Experiment(
        PAGE,
        "Weights that start at zero never learn",
        "No gradient passes through a layer of zeros: the loss stays at ln 10. Weights of 0.1 get a gradient, but the units of a layer "
        "stay equal.",
        _compare({}, vary={"model.init": ["he", "xavier", "constant", "zero"]}),
        claims=(
            ends("training loss from zero", Inside(math.log(10) - 0.02, math.log(10) + 0.02), "train_loss_eval", "zero"),
            Claim("largest gradient of a hidden layer from zero", "exact", Below(0), _hidden_gradient),
            difference("validation accuracy, He's init minus constant weights", Above(0.3), "val_accuracy", "he", "constant"),
        ),
    ),
    Experiment(
        PAGE,
        "Six layers of sigmoid",
        "The slope of a sigmoid is at most 1/4, so little of the gradient reaches the first of six layers, which hardly learn; ReLU fits "
        "all examples.",
        _compare({"model": _mlp(64, 64, 64, 64, 64, 64)}, vary={"model.activation": ["relu", "tanh", "sigmoid"]}),
        claims=(
            fades("gradient of the first layer over the output layer's at the start, sigmoid", Below(0.01), "sigmoid"),
            difference("training accuracy, ReLU minus sigmoid", Above(0.3), "train_accuracy", "relu", "sigmoid"),
            ends("training accuracy of ReLU", Above(0.99), "train_accuracy", "relu"),
        ),
    ),
    Experiment(
        PAGE,
        "Skip connections need normalization",
        "16 layers: skips alone make training worse, because each one increases the signal; with batch or layer norm they make it better.",
        _compare({"model": _mlp(*[32] * 16)}, vary={"model.normalization": ["none", "batch", "layer"], "model.skip": [False, True]}),
        claims=(
            ratio("training loss with skips over without, no norm", Above(1), "train_loss_eval", "none, skip=true", "none, skip=false"),
            ratio("the same with batch norm", Below(1), "train_loss_eval", "batch, skip=true", "batch, skip=false"),
            ratio("the same with layer norm", Below(1), "train_loss_eval", "layer, skip=true", "layer, skip=false"),
        ),
    ),
    Experiment(
        PAGE,
        "Spirals: what depth is for",
        "A linear model divides the plane by a line and fails; two hidden layers are not sufficient in 60 epochs; three separate the arms.",
        _compare({"data": "spirals", "training": {"epochs": 60}}, vary={"model": ["linear", _mlp(64, 64), _mlp(64, 64, 64)]}),
        claims=(
            ends("validation accuracy of the linear model", Below(0.75), "val_accuracy", "linear"),
            difference(
                "validation accuracy, three hidden layers minus two", Above(0.15), "val_accuracy", "mlp hidden=64-64-64", "mlp hidden=64-64"
            ),
            ends("validation accuracy of three hidden layers", Above(0.9), "val_accuracy", "mlp hidden=64-64-64"),
        ),
    ),
    Experiment(
        PAGE,
        "Two labels in five are wrong",
        "The plain network memorizes them, and its validation loss rises; dropout, decay and early stopping each prevent this.",
        _compare(
            {
                "data": {"kind": "digits", "label_noise": 0.4},
                "model": _mlp(128, 128),
                "optimizer": {"kind": "adam", "lr": 0.003},
                "training": {"epochs": 40},
            },
            variants=[
                {"name": "Plain"},
                {"name": "Dropout 0.5", "model.dropout": 0.5},
                {"name": "Decay 1", "optimizer": {"kind": "adamw", "lr": 0.003, "weight_decay": 1.0}},
                {"name": "Early stopping", "stopping": "patience"},
            ],
        ),
        claims=(
            ends("training accuracy of the plain network, of labels as given", Above(0.95), "train_accuracy", "Plain"),
            Claim("last over lowest validation loss of the plain network", "ratio", Above(1.5), _rise),
            *(
                ratio(f"validation loss, {name} over plain", Below(0.8), "val_loss", name, "Plain")
                for name in ("Dropout 0.5", "Decay 1", "Early stopping")
            ),
        ),
    ),
    Experiment(
        PAGE,
        "How many weights can go",
        "Pruned at epoch 10, then trained further: removing 50 % of the weights costs almost nothing, 80 % a little; with 95 % removed, "
        "accuracy collapses.",
        _compare(
            {"training": {"epochs": 30}, "pruning": {"kind": "magnitude", "sparsity": 0.8}},
            vary={"pruning.sparsity": [0.0, 0.5, 0.8, 0.95]},
        ),
        claims=(
            difference("validation accuracy, all weights minus half", Inside(-0.01, 0.01), "val_accuracy", "sparsity=0", "sparsity=0.5"),
            difference("the same minus a fifth", Below(0.05), "val_accuracy", "sparsity=0", "sparsity=0.8"),
            difference("the same minus a twentieth", Above(0.1), "val_accuracy", "sparsity=0", "sparsity=0.95"),
        ),
        seeds=16,
    ),
)
"""Comparisons that work or fail for a known reason."""
