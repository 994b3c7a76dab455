"""Question 25: all weights zero at the start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pandas import Series

from core.analysis.claims import Above, Below
from core.analysis.shown import layerwise
from core.charts import answers
from core.charts.answer_lines import lines
from core.charts.parts.specs import Picture
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence, Lab
from core.experiments.claims.reading import by_seed, last, mean, of, percent, sides, spread
from core.labs.networks import symmetric_start
from core.questions.question import Figure, Option, Question, Turn

UNITS = symmetric_start.BASE["model"]["hidden"][0]
LAYERS = tuple(range(1, len(symmetric_start.BASE["model"]["hidden"]) + 1))
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


def rank(evidence: Evidence, init: str, layer: int) -> Series:
    """By seed, the rank of a hidden layer's matrix after training."""
    return by_seed(evidence, "units", "rank", init=init, layer=layer)


def headline(evidence: Evidence) -> str:
    """The accuracies."""
    he, constant, zero = (percent(mean(of(last(evidence, "starts", "val_accuracy"), name))) for name in NAMES.values())
    alike = max(float(units(init, "difference")(evidence).max()) for init in ("constant", "zero"))
    return (
        f"After training, units that started alike differ by {alike:g}. Validation accuracy is {he} from random weights, "
        f"{constant} where all weights started at 0.1, and {zero} where all started at 0."
    )


def picture(evidence: Evidence) -> Picture:
    """How many of the units of each hidden layer do something of their own, after training."""
    rows = [(name, f"hidden layer {layer}", rank(evidence, init, layer)) for init, name in NAMES.items() for layer in LAYERS]
    title = f"rank of the layer's matrix ({UNITS} units) in the end"
    return answers.cases(
        spread(rows), cases=list(NAMES.values()), kinds=[f"hidden layer {layer}" for layer in LAYERS], title=title, zero="none"
    )


def over_epochs(measure: str, title: str) -> Callable[[Evidence], Picture]:
    """A measure of both hidden layers over training; it is not defined for weights that are all 0."""

    def draw(evidence: Evidence) -> Picture:
        layers = evidence["starts"].layers
        named = {f"hidden{layer}": layer for layer in LAYERS}
        shown = layers[layers["layer"].isin(list(named)) & (layers["variant"] != NAMES["zero"])]
        shown = shown.assign(
            variant=[f"{start}, layer {named[layer]}" for start, layer in zip(shown["variant"], shown["layer"], strict=True)]
        )
        variants = [f"{NAMES[init]}, layer {layer}" for init in ("he", "constant") for layer in LAYERS]
        points = layerwise.means(shown, ["variant", "epoch"], measure, log=False)
        return lines(points, variants=variants, x="epoch", x_title="epochs", y_title=title, height=200)

    return draw


QUESTION = Question(
    id="25",
    text="Why not start with all weights at zero?",
    terms=("zero initialization", "symmetry breaking", "constant initialization", "identical units", "initial weights"),
    topic="first steps",
    premise="A network with two hidden layers of tanh units is trained to recognise handwritten digits: from random weights, from weights "
    "that are all 0.1, and from weights that are all 0.",
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
    figures=(
        Figure("How alike the units of a layer are over training: 1 where all look for the same. Weights that are all 0 look for nothing.",
               over_epochs("unit_cosine", "cosine between units")),
        Figure(f"The effective rank over training: how many of the {UNITS} directions a layer uses.",
               over_epochs("effective_rank", "effective rank")),
    ),
    formula=r"w_a = w_b,\; v_a = v_b \;\Rightarrow\; \frac{\partial L}{\partial w_a} = \frac{\partial L}{\partial w_b}, \qquad "
    r"\;\Rightarrow\; w_a = w_b \text{ after every update}",
    answer=(
        "Take two units a and b of a layer, with the same incoming weights w and the same outgoing weights v. They compute the same and "
        "get the same gradient of the loss L, so they stay the same: the layer is worth one unit, and its matrix has rank 1 (the rank "
        "counts what differs). With zeros it is worse: the gradient reaches the hidden layers through the output layer's weights, and "
        "these are 0. The output layer's own gradient is a multiple of what the hidden units put out, and with tanh or ReLU that is 0 as "
        "well. So only the last bias learns, and the network says how frequent each class is. Random weights break the symmetry. Biases "
        "may start at 0, because the weights have broken it already. Dropout breaks it as well, and so a constant start with dropout does "
        "train."
    ),
    turns=(
        Turn("Dropout", "Does the constant start train now?", compared(dropout=0.2)),
        Turn("Sigmoid units", "Do zeros still learn nothing?", compared(activation="sigmoid")),
    ),
    sources=("Goodfellow, Bengio & Courville 2016, Deep Learning, section 8.4", "Glorot & Bengio 2010, AISTATS"),
)  # fmt: skip
