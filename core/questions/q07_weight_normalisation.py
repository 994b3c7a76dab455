"""Question 07: weight normalisation, and the learning rates at which a network trains."""

from __future__ import annotations

from typing import Any

from pandas import DataFrame, Series

from core.analysis.claims import Above, Inside
from core.charts import compression as charts
from core.charts.parts.specs import Picture
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence
from core.experiments.claims.reading import last, mean, of, points
from core.questions.question import Option, Question, Turn

NORMS = {"none": "plain", "weight": "weight norm"}
RATES = tuple(float(f"{0.02 * 1.4**step:.3g}") for step in range(12))
EPOCHS = 8
TRAINED = 0.1
"""The training loss that counts as trained."""
LOW_RATE = RATES[2]
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
    experiments={"rates": compared()},
    claims=(
        Claim("rates of 12 that train, weight norm minus plain", "difference", Above(1.5), counts),
        Claim(f"training loss at a rate of {LOW_RATE:g}, weight norm minus plain", "difference", Inside(-0.02, 0.02), at_a_low_rate),
    ),
    headline=headline,
    picture=picture,
    formula=r"w = g\,\frac{v}{\lVert v\rVert}, \qquad "
    r"\nabla_v L = \frac{g}{\lVert v\rVert}\left(I - \frac{v v^\top}{\lVert v\rVert^2}\right)\nabla_w L "
    r"\;\Rightarrow\; v^\top \nabla_v L = 0",
    answer=(
        "Weight normalisation trains the length g and the direction v/‖v‖ of each unit's weights w apart. The gradient of the loss L in v "
        "is orthogonal to v (the bracket takes off its part along v, and I is the identity), so each step makes v a little longer, and the "
        "longer v is, the less a step of the same size turns it. A rate that is too high therefore corrects itself, and the range of rates "
        "that train reaches further up. It does not reach further down, and at a rate that suits both the two parametrisations end alike. "
        "Unlike batch norm it uses no statistics of the batch."
    ),
    usual="It is sometimes said to normalise what comes out of a layer. It does not: it changes the coordinates of the weights.",
    turns=(
        Turn("Without momentum", "Is the gain as large?", compared(optimizer={"kind": "sgd", "lr": 0.02})),
        Turn("Adam", "Which rates train now?", compared(optimizer={"kind": "adam", "lr": 0.02})),
    ),
    sources=("Salimans & Kingma 2016, arXiv:1602.07868",),
)  # fmt: skip
