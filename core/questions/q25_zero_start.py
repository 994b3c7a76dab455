"""Question 25: all weights zero at the start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pandas import Series

from core.analysis.claims import Above, Below
from core.charts.parts.specs import Picture
from core.charts.results import curves
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence, Lab
from core.experiments.claims.reading import last, mean, of, percent, sides
from core.labs.networks import symmetric_start
from core.questions.question import Option, Question, Turn

NAMES = {"he": "random (He)", "constant": "all 0.1", "zero": "all 0"}


def compared(**model: Any) -> Comparison:
    """The three starts."""
    base = symmetric_start.BASE | {"model": symmetric_start.BASE["model"] | model}
    variants = [{"name": name, "model.init": symmetric_start.INITS[init]} for init, name in NAMES.items()]
    return Comparison.load({"base": base, "variants": variants, "seeds": 8})


def units(init: str, column: str) -> Callable[[Evidence], Series]:
    """By seed, the largest of both layers."""

    def numbers(evidence: Evidence) -> Series:
        frame = evidence["units"].frame
        return frame[frame["init"] == init].groupby("seed")[column].max()

    return numbers


def headline(evidence: Evidence) -> str:
    """The accuracies."""
    he, constant, zero = (percent(mean(of(last(evidence, "starts", "val_accuracy"), name))) for name in NAMES.values())
    return f"From random weights the network reaches {he} accuracy, from weights that are all 0.1 {constant}, from zeros {zero}."


def picture(evidence: Evidence) -> Picture:
    """Accuracy over the epochs."""
    history = evidence["starts"].history
    return curves.loss_curves(history, variants=list(NAMES.values()), metric="val_accuracy", with_train=False, width=800)


QUESTION = Question(
    id="25",
    text="Why not start with all weights at zero?",
    topic="first steps",
    premise="A network with two hidden layers of tanh units is trained on ten digits from random weights, from weights that are all 0.1, "
    "and from zeros.",
    ask="What becomes of the units that started alike?",
    options=(
        Option("They drift apart, only later", "Nothing but a difference can make a difference; the batches are the same for all units.",
               belief="Batches differ, so gradients do."),
        Option("Zeros are bad, but any constant will do", "A constant lets gradients through, yet its 32 units act as one.",
               belief="Zero gradients are the trouble, not equal ones."),
        Option("They stay alike for good", "Equal units get equal gradients, so every update keeps them equal.", right=True,
               belief="Nothing tells them apart."),
        Option("They soon catch up with random weights", "Each layer is worth one unit, however long it is trained.",
               belief="Training makes up for a poor start."),
    ),
    experiments={"starts": compared(), "units": Lab(symmetric_start.train, {"seeds": 8})},
    claims=(
        Claim("largest difference between units of a layer, from a constant", "exact", Below(0.0), units("constant", "difference")),
        Claim("largest difference between units of a layer, from zeros", "exact", Below(0.0), units("zero", "difference")),
        Claim("rank of a layer's matrix, from a constant", "exact", Below(1.0), units("constant", "rank")),
        Claim("rank of a layer's matrix, from zeros", "exact", Below(0.0), units("zero", "rank")),
        Claim(
            "validation accuracy, random minus constant", "difference", Above(0.4),
            sides("starts", "val_accuracy", NAMES["he"], NAMES["constant"]),
        ),
        Claim(
            "validation accuracy, random minus zeros", "difference", Above(0.7),
            sides("starts", "val_accuracy", NAMES["he"], NAMES["zero"]),
        ),
    ),
    headline=headline,
    picture=picture,
    formula=r"w_a = w_b,\; v_a = v_b \;\Rightarrow\; \frac{\partial L}{\partial w_a} = \frac{\partial L}{\partial w_b}, \qquad "
    r"\;\Rightarrow\; w_a = w_b \text{ after every update}",
    answer=(
        "Units of a layer with the same weights compute the same and get the same gradient, so they stay the same: the layer is worth one "
        "unit, and its matrix has rank 1. With zeros it is worse. The output layer lets no gradient back, since that passes through "
        "weights of 0, and tanh or ReLU units put out 0, so it gets none itself: only the last bias learns, and the network says how "
        "frequent each class is. Random weights break the symmetry. Biases may start at 0, because the weights have broken it already. "
        "Dropout breaks it as well, and so a constant start with dropout does train."
    ),
    turns=(
        Turn("Dropout", "Does the constant start train now?", compared(dropout=0.2)),
        Turn("Sigmoid units", "Do zeros still learn nothing?", compared(activation="sigmoid")),
    ),
    sources=("Goodfellow, Bengio & Courville 2016, Deep Learning, section 8.4", "Glorot & Bengio 2010, AISTATS"),
)  # fmt: skip
