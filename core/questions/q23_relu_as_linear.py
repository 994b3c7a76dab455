"""Question 23: a network of ReLU units as a linear classifier."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pandas import DataFrame, Series

from core.analysis import intervals
from core.analysis.claims import Above, Below
from core.charts import answers
from core.charts.parts.specs import Picture
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence, Lab
from core.experiments.claims.reading import last, of, of_lab
from core.labs import identities
from core.questions.question import Option, Question, Turn

LINEAR = "linear"
WIDTHS = {1: "1 hidden unit", 2: "2 hidden units", 16: "16 hidden units"}
SHARES = ("starts from which all training examples are right", "training examples that are right")
SEEDS = 40
"""So many agreeing show a share above 0.9."""
BASE: dict[str, Any] = {
    "data": {"kind": "blobs", "classes": 2, "noise": 0.25},
    "optimizer": {"kind": "adam", "lr": 0.01},
    "training": {"epochs": 40, "batch_size": 64},
}


def compared(seeds: int = 8, **changes: Any) -> Comparison:
    """A linear classifier, and ReLU networks of several widths."""
    variants: list[dict[str, Any]] = [{"name": LINEAR, "model": "linear"}]
    variants += [{"name": name, "model": {"kind": "mlp", "hidden": [width]}} for width, name in WIDTHS.items()]
    return Comparison.load({"base": BASE | changes, "variants": variants, "seeds": seeds})


def perfect(variant: str) -> Callable[[Evidence], Series]:
    """Whether all training examples are right, by seed."""
    return lambda evidence: (of(last(evidence, "blobs", "train_accuracy"), variant) == 1.0).astype(float)


def headline(evidence: Evidence) -> str:
    """How many starts lead there."""
    linear, one, two, many = (int(perfect(name)(evidence).sum()) for name in (LINEAR, *WIDTHS.values()))
    return (
        f"All examples right in {linear} of {SEEDS} starts with a linear classifier, in {many} with 16 ReLU units, "
        f"in {two} with 2 and in {one} with a single one."
    )


def picture(evidence: Evidence) -> Picture:
    """The share of starts from which all is right, and of examples that are."""
    names, accuracy = [LINEAR, *WIDTHS.values()], last(evidence, "blobs", "train_accuracy")
    rows = [
        (name, kind, *found[:4])
        for name in names
        for kind, found in zip(SHARES, (intervals.share(perfect(name)(evidence)), intervals.mean(of(accuracy, name))), strict=True)
    ]
    points = DataFrame(rows, columns=["case", "kind", "mean", "low", "high", "n"])
    return answers.cases(points, cases=names, kinds=SHARES, title="share")


QUESTION = Question(
    id="23",
    text="Can a network of ReLU units alone act as a linear classifier?",
    terms=("ReLU", "linear classifier", "linearly separable", "expressiveness"),
    topic="architecture",
    premise="ReLU gives 0 for every negative number. A straight line separates the data, and a network with ReLU units is to find it.",
    ask="Can it be exactly a linear function, for every input?",
    options=(
        Option(
            "No: ReLU is not linear",
            "One unit bends; the difference of two that bend the opposite way does not.",
            belief="A bent function is no line.",
        ),
        Option(
            "Only approximately, with many units",
            "The two-unit construction is exact for every input.",
            belief="Many pieces come close to anything.",
        ),
        Option(
            "No: it loses all that is negative",
            "What one unit loses, a second one with the opposite weights keeps.",
            belief="What was cut off cannot come back.",
        ),
        Option(
            "Yes: two units are enough",
            "One carries the score where it is positive, the other where it is negative.",
            right=True,
            belief="Two bends can cancel each other.",
        ),
    ),
    experiments={"blobs": compared(SEEDS), "errors": Lab(identities.table, {"module": "linear_networks", "seeds": 8})},
    claims=(
        Claim("error of relu(s) − relu(−s) as the score s", "exact", Below(1e-12), of_lab("errors", "pair")),
        Claim("error of relu(s + B) − B as the score s", "exact", Below(1e-12), of_lab("errors", "bias")),
        Claim("share of examples classed otherwise with a ReLU on the outputs too", "exact", Below(0.0), of_lab("errors", "classes")),
        Claim("starts from which 16 ReLU units get all training examples right", "share", Above(0.9), perfect(WIDTHS[16])),
        Claim("starts from which a linear classifier does", "share", Above(0.9), perfect(LINEAR)),
    ),
    headline=headline,
    picture=picture,
    formula=r"w^\top x + b = \mathrm{ReLU}(w^\top x + b) - \mathrm{ReLU}(-w^\top x - b)",
    answer=(
        "It can. Two units with opposite weights carry any linear score: one is on where the score is positive, the other where it is "
        "negative, and their difference is the score, for every input. Where no input is larger than some bound a single unit does, with "
        "a bias so large that it is always on, which the output layer takes off again; beyond the bound it fails. With a ReLU on the "
        "outputs too, give one class the score and the other the negative score: one of the two is above 0 and the other is cut to 0, so "
        "the larger still tells the class, but for a score of exactly 0, which lies on the boundary. In the formula w are the weights, x "
        "is the input and b the bias. "
        "That it can does not mean that training always finds it: with one or two units some starts end elsewhere."
    ),
    usual="The usual answer is no, because ReLU is not linear. That a part bends does not mean that the whole must.",
    turns=(
        Turn("Two moons", "What can ReLU do that the line cannot?", compared(data="moons")),
        Turn("Leaky ReLU", "Do more narrow networks succeed?", compared(model={"kind": "mlp", "activation": "leaky_relu"})),
    ),
    sources=("Glorot, Bordes & Bengio 2011, AISTATS", "Goodfellow, Bengio & Courville 2016, Deep Learning, section 6.3"),
)
