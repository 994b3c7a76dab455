"""Question 22: two consecutive linear layers."""

from __future__ import annotations

from typing import Any

from core.analysis.claims import Above, Below, Inside
from core.charts import answers
from core.charts.parts.specs import Picture
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence, Lab
from core.experiments.claims.reading import last, mean, of, of_lab, percent, sides, spread
from core.labs import identities
from core.questions.question import Option, Question, Turn

ONE, TWO, BENT = "one linear layer", "two linear layers", "two layers, ReLU between"
MODELS: dict[str, Any] = {
    ONE: "linear",
    TWO: {"kind": "mlp", "hidden": [32], "activation": "identity"},
    BENT: {"kind": "mlp", "hidden": [32]},
}
BASE: dict[str, Any] = {
    "data": "moons",
    "optimizer": {"kind": "lbfgs", "max_iter": 20},
    "training": {"epochs": 10, "batch_size": "full", "dtype": "float64"},
}


def compared(**changes: Any) -> Comparison:
    """The three networks."""
    variants = [{"name": name, "model": model} for name, model in MODELS.items()]
    return Comparison.load({"base": BASE | changes, "variants": variants, "seeds": 8})


def headline(evidence: Evidence) -> str:
    """The accuracies."""
    one, two, bent = (mean(of(last(evidence, "moons", "val_accuracy"), name)) for name in MODELS)
    return (
        f"One linear layer gets {percent(one)} of the two moons right, two in a row with 27 times as many parameters get {percent(two)}. "
        f"With a ReLU between them they get {percent(bent)}."
    )


def picture(evidence: Evidence) -> Picture:
    """Accuracy of each."""
    accuracy = last(evidence, "moons", "val_accuracy")
    title = "validation accuracy"
    return answers.cases(spread((name, title, of(accuracy, name)) for name in MODELS), cases=list(MODELS), kinds=[title], title=title)


QUESTION = Question(
    id="22",
    text="Why are there no two linear layers in a row?",
    terms=("linear layers", "nonlinearity", "matrix product", "decision boundary"),
    topic="architecture",
    premise="A linear classifier is compared with a network of two linear layers, 32 units between them and no activation function.",
    ask="What can the second network learn on two moons that the first cannot?",
    options=(
        Option(
            "A bent boundary, for it has more parameters",
            "It has 162 instead of 6, and yet all it can say is one matrix and a bias.",
            belief="More parameters can say more.",
        ),
        Option(
            "Nothing: its boundary is a straight line too",
            "The product of two matrices is a matrix, so two layers are one.",
            right=True,
            belief="Without a bend in between nothing bends.",
        ),
        Option(
            "The same line, but with a better accuracy",
            "Where both are trained to the end they find the same line.",
            belief="More units find the line more exactly.",
        ),
    ),
    experiments={"moons": compared(), "errors": Lab(identities.table, {"module": "linear_networks", "seeds": 8})},
    claims=(
        Claim("error of one layer in the place of three linear ones", "exact", Below(1e-12), of_lab("errors", "collapsed")),
        Claim(
            "validation accuracy, two linear layers minus one", "difference", Inside(-0.01, 0.01), sides("moons", "val_accuracy", TWO, ONE)
        ),
        Claim("validation accuracy, ReLU between minus one layer", "difference", Above(0.05), sides("moons", "val_accuracy", BENT, ONE)),
    ),
    headline=headline,
    picture=picture,
    formula=r"W_2(W_1 x + b_1) + b_2 = (W_2 W_1)\,x + (W_2 b_1 + b_2)",
    answer=(
        "Two linear layers in a row compute one linear function of x: the product of their matrices W, and one bias b. So the second adds "
        "parameters and multiplications, but nothing that could be said with it. It takes a function that is not linear between them to "
        "bend the boundary. There are reasons to have two after all. With few units between them the product is a matrix of low rank: it "
        "has no more independent rows than there are units, and its two thin factors have fewer parameters than a whole matrix. LoRA "
        "trains such a pair of factors beside a large matrix that stays as it is. And the path of training differs: deep linear networks "
        "train unlike one layer, though they end at the same loss."
    ),
    turns=(
        Turn("Stopped early", "Do the two still agree?", compared(optimizer={"kind": "adam", "lr": 0.01}, training={"epochs": 10})),
        Turn("Two spirals", "How much does the ReLU gain here?", compared(data="spirals")),
    ),
    sources=("Goodfellow, Bengio & Courville 2016, Deep Learning, section 6.1", "Saxe et al. 2014, arXiv:1312.6120"),
)
