"""Question 01: one batch first: what right code shows on it, and what the common bugs show."""

from __future__ import annotations

import math
from collections.abc import Callable

from pandas import DataFrame, Series

from core.analysis import intervals
from core.analysis.claims import Above, Below
from core.analysis.doctor.one_batch import symptoms
from core.charts import answer_lines
from core.charts.parts.specs import Picture
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence, Lab
from core.labs.networks import one_batch
from core.questions.question import Option, Question, Turn

NAMES = {
    "right": "healthy",
    "flipped sign": "flipped sign",
    "rate × 1000": "exploding",
    "rate × 40": "oscillating",
    "heavy penalty": "plateau",
    "labels shuffled": "plateau",
}
"""What each kind of run must be called."""
CAP = 1e4
"""The loss beyond which the picture shows no more."""


def few(**changes: object) -> Comparison:
    """Networks on a few examples in the workbench, whose curves can be looked at one by one."""
    base = {**one_batch.RUN, "optimizer": {"kind": "sgd", "lr": 1.0}, "penalty": {"l2_squared": one_batch.PENALTY}, **changes}
    rates = {"name": "rate 1"}, {"name": "rate 40", "optimizer.lr": 40.0}, {"name": "rate 1000", "optimizer.lr": 1000.0}
    training = {"batch_size": "full", "epochs": 200}
    return Comparison.load({"base": base | {"training": training}, "variants": list(rates), "seeds": 5})


def named(kind: str) -> Callable[[Evidence], Series]:
    """Whether the doctor calls the runs of a kind by their name, by seed."""

    def numbers(evidence: Evidence) -> Series:
        told = symptoms(evidence["batch"].frame, one_batch.CLASSES)
        told = told[told["kind"] == kind].set_index("seed")
        return told["symptom"].eq(NAMES[kind]).astype(float)

    return numbers


def last_loss(evidence: Evidence) -> Series:
    """The loss of the healthy run after its last update, by seed."""
    frame = evidence["batch"].frame
    right = frame[frame["kind"] == "right"].sort_values("step")
    return right.groupby("seed")["loss"].last()


def headline(evidence: Evidence) -> str:
    """Where the healthy run ends, and how many of the others are told apart."""
    told = symptoms(evidence["batch"].frame, one_batch.CLASSES)
    right = int((told["symptom"] == told["kind"].map(NAMES)).sum())
    loss = last_loss(evidence)
    return (
        f"The healthy network knows its {one_batch.EXAMPLES} examples by heart: its loss ends at {loss.mean():.3f}. "
        f"From the loss alone {right} of {len(told)} runs are told apart: healthy, or which mistake."
    )


def picture(evidence: Evidence) -> Picture:
    """The loss of each kind of run over the updates."""
    frame = evidence["batch"].frame
    shown = frame[frame["loss"].between(0, CAP, inclusive="right")]
    rows = [(kind, step, *intervals.mean(group["loss"])[:4]) for (kind, step), group in shown.groupby(["kind", "step"], sort=False)]
    points = DataFrame(rows, columns=["variant", "update", "mean", "low", "high", "n"]).drop(columns=["low", "high", "n"])
    return answer_lines.lines(
        points,
        variants=list(NAMES),
        x="update",
        x_title="updates",
        y_title="training loss (nats, logarithmic)",
        y_scale="log",
        level=(math.log(one_batch.CLASSES), f"dashed: guessing, ln {one_batch.CLASSES}"),
    )


QUESTION = Question(
    id="01",
    text="Should a new network first overfit or underfit?",
    terms=("overfitting", "underfitting", "sanity check", "debugging", "overfit one batch", "memorization", "loss that does not fall"),
    topic="first steps",
    premise="You have written the code that trains a network, and 1,079 training examples. Before the long run you make a short one.",
    ask="What should the short one show?",
    options=(
        Option(
            "That it generalises: a falling validation loss",
            "On a few examples nothing generalises, and a bug can hide behind a loss that falls a little.",
            belief="That is what it is for.",
        ),
        Option(
            "That it overfits one small batch, down to a loss near 0",
            "Right code can learn any few examples by heart; what cannot has a bug.",
            right=True,
            belief="If it cannot do that, it can do nothing.",
        ),
        Option(
            "That it does not overfit yet",
            "A network that cannot overfit 16 examples is broken, or held back so much that it learns nothing.",
            belief="Overfitting is the enemy.",
        ),
    ),
    experiments={"batch": Lab(one_batch.losses, {"seeds": 8})},
    claims=(
        Claim("loss of the healthy run after 200 updates", "exact", Below(0.01), last_loss),
        *(
            Claim(f"runs of the kind '{kind}' that the doctor calls {name}", "count", Above(0.9), named(kind))
            for kind, name in NAMES.items()
        ),
    ),
    headline=headline,
    picture=picture,
    formula=r"L_{\text{guessing}} = \ln C, \qquad \text{one batch: } L \to 0",
    answer=(
        "Overfitting first: take one batch of 2 to 32 examples, no dropout and hardly a penalty, and train until the loss L is near 0. Any "
        "network of ordinary size can learn so few examples by heart, so if it does not, the code is wrong, and that was found in seconds. "
        "The way in which it fails says where to look. A loss that rises steadily has its sign flipped; one that leaps to infinity has a "
        "rate that is far too high (here 1000 times that of the healthy run); one that swings has a rate that is too high (40 times). One "
        "that stays near what guessing costs, ln C for C classes, learns next to nothing: the labels do not belong to the inputs (here "
        'they are shuffled anew before each update), or a heavy penalty keeps the weights too small. In the claims, "the doctor" is the '
        "part of this app that names what is wrong with a run from its curve alone. Look at labels and predictions side by side, too."
    ),
    turns=(
        Turn("No penalty", "The healthy rate is 1. Does a rate of 40 still swing?", few(penalty={"l2_squared": 0.0})),
        Turn("ReLU", "Which rates fit the batch?", few(model={"kind": "mlp", "hidden": [64], "activation": "relu"})),
    ),
    sources=("Goodfellow, Bengio & Courville 2016, section 11.5", "Karpathy 2019, A Recipe for Training Neural Networks"),
)
