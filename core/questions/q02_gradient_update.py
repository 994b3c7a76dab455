"""Question 02: the vanilla gradient update, and the learning rate at which it begins to diverge."""

from __future__ import annotations

from collections.abc import Sequence

from core.analysis.claims import Below
from core.charts.answer_lines import lines
from core.charts.parts.specs import Picture
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence, Lab
from core.experiments.claims.reading import of_lab
from core.labs import identities
from core.labs.identities import step_table
from core.questions.question import Option, Question, Turn

HIGHEST = 2 / max(step_table.EIGENVALUES)
RATES = [f"rate {rate:g}" for rate in step_table.AROUND]


def trained(data: str = "diabetes", momenta: Sequence[float] = (0.0,)) -> Comparison:
    """A linear model of all examples at once, at ever higher rates, and where several momenta are given with each of them.

    The squared error of `diabetes` is a quadratic in its weights.
    """
    base = {"data": data, "model": "linear", "optimizer": "sgd", "training": {"epochs": 100, "batch_size": "full"}}
    vary: dict[str, list[float]] = {"optimizer.lr": [0.01, 0.1, 0.3, 1.0]}
    if len(momenta) > 1:
        vary["optimizer.momentum"] = list(momenta)
    return Comparison.load({"base": base, "vary": vary, "seeds": 3})


def distance(evidence: Evidence, rate: float) -> float:
    """From the minimum, after the last update."""
    frame = evidence["paths"].frame
    return float(frame[frame["rate"] == rate].sort_values("step")["distance"].iloc[-1])


def headline(evidence: Evidence) -> str:
    """What happens on either side of the highest rate."""
    below, above = (distance(evidence, rate) for rate in (0.19, 0.21))
    return (
        f"From a distance of {distance_at_start(evidence):.1f}, {step_table.SHOWN} updates at a rate of 0.19 lead to {below:.2g}, "
        f"at 0.21 to {above:.2g}. At {HIGHEST:g}, the border, it neither settles nor grows."
    )


def distance_at_start(evidence: Evidence) -> float:
    """From the minimum, before the first update."""
    return float(evidence["paths"].frame.query("step == 0")["distance"].iloc[0])


def picture(evidence: Evidence) -> Picture:
    """The distance over the updates."""
    frame = evidence["paths"].frame
    points = frame.assign(variant=[f"rate {rate:g}" for rate in frame["rate"]]).rename(columns={"distance": "mean"})
    return lines(points, variants=RATES, x="step", x_title="update", y_title="distance from the minimum (logarithmic)", y_scale="log")


QUESTION = Question(
    id="02",
    text="What is the vanilla gradient update, and when does it diverge?",
    terms=("gradient descent", "learning rate", "step size", "divergence", "convergence", "quadratic", "curvature", "Hessian"),
    topic="first steps",
    premise="Gradient descent runs on a bowl that is ten times as steep in one direction as in the other: its curvatures are 1 and 10. "
    "The learning rate is raised bit by bit.",
    ask="Above which learning rate does it diverge?",
    options=(
        Option(
            "Above 1 / 10 = 0.1, where it overshoots",
            "Overshooting changes the sign, and yet each step ends nearer than it began.",
            belief="A step that ends on the other side is too long.",
        ),
        Option(
            "Above 2 / 5.5 = 0.36, by the mean curvature",
            "Directions do not share: one that grows is enough to diverge.",
            belief="A bowl is as steep as it is on average.",
        ),
        Option(
            "Above 2 / 10 = 0.2",
            "The steepest direction decides: there each update multiplies by 1 − 10 · rate.",
            right=True,
            belief="The steepest direction bears the shortest step.",
        ),
        Option(
            "Above none: each step goes downhill",
            "The gradient points downhill at the start of a step; the step may end higher.",
            belief="Downhill is downhill.",
        ),
    ),
    experiments={"errors": Lab(identities.table, {"module": "step_table", "seeds": 8}), "paths": Lab(step_table.distances)},
    claims=(
        Claim(
            "weights after each of 200 updates: error of the formula (1 − ηλ)^t θ(0)",
            "exact",
            Below(1e-12),
            of_lab("errors", "closed_form"),
        ),
        Claim("the same on a bowl whose axes are turned", "exact", Below(1e-12), of_lab("errors", "rotated")),
        Claim("directions that grow below a rate of 2 / curvature, or shrink above", "exact", Below(0.0), of_lab("errors", "growth")),
    ),
    headline=headline,
    picture=picture,
    formula=r"\theta \leftarrow \theta - \eta\, \nabla L(\theta), \qquad L = \tfrac12 \sum_i \lambda_i \theta_i^2, \qquad "
    r"\theta_i^{(t)} = (1 - \eta \lambda_i)^t\, \theta_i^{(0)}",
    answer=(
        "The vanilla update subtracts from the weights θ the gradient of the loss L times the learning rate η. On a quadratic each "
        "direction i of curvature λ goes its own way: an update multiplies its distance from the minimum by 1 − ηλ, and t updates by its "
        "t-th power. Below a rate of 1/λ the distance shrinks from one side, between 1/λ and 2/λ it shrinks while it jumps from side to "
        "side, at 2/λ it jumps for ever, and above it grows. So the largest curvature sets the highest rate. The smallest one sets the "
        "pace: at that rate a flat direction hardly moves. Momentum, adaptive rates and normalization are ways out of this conflict."
    ),
    page="pages/optimizers.py",
    turns=(
        Turn(
            "A linear regression",
            "This is another problem: diabetes data instead of the bowl. Above which rate does it diverge?",
            trained(),
        ),
        Turn(
            "That regression, without and with momentum",
            "Do both bear the same highest rate?",
            trained(momenta=(0.0, 0.9)),
        ),
        Turn("Cross-entropy, on digits", "Does any of these rates diverge?", trained("digits")),
    ),
    sources=("Goh 2017, Why Momentum Really Works, Distill", "Cauchy 1847"),
)
