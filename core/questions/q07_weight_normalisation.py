"""Question 07: weight normalisation, and the learning rates at which a network trains."""

from __future__ import annotations

from typing import Any

from pandas import DataFrame, Series

from core.analysis.claims import Above, Below, Inside
from core.charts import compression as charts
from core.charts.answer_lines import lines
from core.charts.parts.specs import Picture
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence, Lab
from core.experiments.claims.reading import last, mean, of, of_lab, points
from core.labs import identities
from core.labs.identities import weight_norm
from core.questions.question import Figure, Option, Question, Turn

NORMS = {"none": "plain", "weight": "weight norm"}
RATES = tuple(float(f"{0.02 * 1.4**step:.3g}") for step in range(12))
EPOCHS = 8
TRAINED = 0.1
"""The training loss that counts as trained."""
LOW_RATE = RATES[2]
LIMITS = {0.3: "rate of 0.3 times the limit", 1.2: "rate of 1.2 times the limit"}
"""Rates of one unit's descent, against the highest at which it is stable without weight norm."""
BASE: dict[str, Any] = {
    "model": {"kind": "mlp", "width": 64, "depth": 4},
    "optimizer": {"kind": "sgd", "lr": 0.02, "momentum": 0.9},
    "training": {"epochs": EPOCHS},
}


def name(norm: str, rate: float) -> str:
    """The variant's name."""
    return f"{NORMS[norm]}, lr={rate:g}"


def compared(**changes: Any) -> Comparison:
    """Both parametrisations at every rate."""
    variants = [{"name": name(norm, rate), "model.normalization": norm, "optimizer.lr": rate} for norm in NORMS for rate in RATES]
    return Comparison.load({"base": {**BASE, **changes}, "variants": variants, "seeds": 8})


def rates_that_train(evidence: Evidence, norm: str) -> Series:
    """How many of the rates reach the training loss, by seed."""
    losses = last(evidence, "rates", "train_loss_eval")
    return DataFrame({rate: of(losses, name(norm, rate)) <= TRAINED for rate in RATES}).sum(axis=1).astype(float)


def counts(evidence: Evidence) -> tuple[Series, Series]:
    """The counts with weight norm and without."""
    return rates_that_train(evidence, "weight"), rates_that_train(evidence, "none")


def at_a_low_rate(evidence: Evidence) -> tuple[Series, Series]:
    """Training loss with weight norm and without, at a rate at which both train."""
    losses = last(evidence, "rates", "train_loss_eval")
    return of(losses, name("weight", LOW_RATE)), of(losses, name("none", LOW_RATE))


def headline(evidence: Evidence) -> str:
    """How many rates train, either way."""
    weight, plain = (mean(side) for side in counts(evidence))
    return (
        f"The plain network trains at {plain:.1f} of the {len(RATES)} learning rates from {RATES[0]:g} to {RATES[-1]:g} (mean over seeds), "
        f"with weight norm at {weight:.1f}. To train means a training loss of at most {TRAINED:g} after {EPOCHS} epochs."
    )


def picture(evidence: Evidence) -> Picture:
    """Training accuracy against the rate."""
    places = [(name(norm, rate), NORMS[norm], rate) for norm in NORMS for rate in RATES]
    frame = points(last(evidence, "rates", "train_accuracy"), places, "lr")
    frame = frame[frame["mean"].between(0, 1)]
    return charts.trade_off(
        frame,
        variants=list(NORMS.values()),
        x="lr",
        x_title="learning rate (logarithmic)",
        y_title="training accuracy",
        x_format="~g",
        width=800,
    )


def length(evidence: Evidence) -> Picture:
    """How long v becomes, at a rate below the limit and at one above it."""
    found = evidence["lengths"].frame.assign(variant=lambda frame: frame["factor"].map(LIMITS)).rename(columns={"v_length": "mean"})
    found = found[found["step"] <= 30]
    return lines(found, variants=list(LIMITS.values()), x="step", x_title="updates", y_title="length of v", height=200)


QUESTION = Question(
    id="07",
    text="How does weight normalisation help?",
    terms=("weight norm", "weight normalization", "reparametrization", "normalization"),
    topic="architecture",
    premise="Each unit's weights are written as a length times a direction, w = g · v/‖v‖, and both are trained.",
    ask="What does that change?",
    options=(
        Option(
            "It normalises the activations",
            "That is batch or layer norm. Here only the weights' length is set apart.",
            belief="Its name says so.",
        ),
        Option(
            "It reaches a lower loss at the same rate",
            "At rates at which both train the two end alike.",
            belief="Two parts are easier to find than one.",
        ),
        Option(
            "It trains at higher learning rates",
            "Too long a step makes v longer, and the next ones turn it less.",
            right=True,
            belief="The length may take up a step that is too long.",
        ),
    ),
    experiments={
        "rates": compared(),
        "identities": Lab(identities.table, {"module": "weight_norm", "seeds": 8}),
        "lengths": Lab(weight_norm.lengths, {"factors": list(LIMITS)}),
    },
    claims=(
        Claim("rates of 12 that train, weight norm minus plain", "difference", Above(1.5), counts),
        Claim(f"training loss at a rate of {LOW_RATE:g}, weight norm minus plain", "difference", Inside(-0.02, 0.02), at_a_low_rate),
        Claim("cosine between v and its gradient, the largest of 100 updates", "exact", Below(1e-12), of_lab("identities", "orthogonal")),
        Claim("error of ‖v‖² as ‖v‖² at the start plus the squared lengths of all steps", "exact", Below(1e-12),
              of_lab("identities", "growth")),
    ),
    headline=headline,
    picture=picture,
    figures=(
        Figure("One unit that fits a line through 40 points: at too high a rate the first step makes v longer, and the next ones are "
               "short enough. Without weight norm this rate diverges.", length),
    ),
    formula=r"w = g\,\frac{v}{\lVert v\rVert}, \qquad "
    r"\nabla_v L = \frac{g}{\lVert v\rVert}\left(I - \frac{v v^\top}{\lVert v\rVert^2}\right)\nabla_w L "
    r"\;\Rightarrow\; v^\top \nabla_v L = 0",
    answer=(
        "Weight normalisation trains the length g and the direction v/‖v‖ of each unit's weights w apart. The gradient of the loss L in v "
        "is orthogonal to v (the bracket takes off its part along v, and I is the identity), so each step of plain gradient descent makes "
        "v a little longer, and the longer v is, the less a step of the same size turns it. A rate that is too high therefore corrects "
        "itself, and the range of rates that train reaches further up. It does not reach further down, and at a rate that suits both the "
        "two parametrisations end alike. Unlike batch norm it uses no statistics of the batch."
    ),
    usual="It is sometimes said to normalise what comes out of a layer. It does not: it changes the coordinates of the weights.",
    turns=(
        Turn("Without momentum", "Is the gain as large?", compared(optimizer={"kind": "sgd", "lr": 0.02})),
        Turn("Adam", "Which rates train now?", compared(optimizer={"kind": "adam", "lr": 0.02})),
    ),
    page="pages/normalization.py",
    sources=("Salimans & Kingma 2016, arXiv:1602.07868",),
)  # fmt: skip
