"""Question 28: dead ReLU units, what makes them and what does not revive them."""

from __future__ import annotations

from typing import Any

from core.analysis.claims import Above, Below
from core.charts import answers
from core.charts.parts.specs import Picture
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence
from core.experiments.claims.reading import last, mean, of, percent, side, sides, spread
from core.questions.question import Option, Question, Spot, Turn

BASE: dict[str, Any] = {"optimizer": {"kind": "adam", "lr": 0.1}, "training": {"epochs": 10}}
RATES = {0.001: "rate 0.001", 0.1: "rate 0.1"}
ACTIVATIONS = {"relu": "ReLU", "leaky_relu": "leaky ReLU", "elu": "ELU", "gelu": "GELU"}


def name(activation: str, lr: float) -> str:
    """The variant's name."""
    return f"{ACTIVATIONS[activation]}, {RATES[lr]}"


def compared(**changes: Any) -> Comparison:
    """Each activation at a moderate and at a high learning rate."""
    variants = [
        {"name": name(activation, lr), "model.activation": activation, "optimizer.lr": lr} for activation in ACTIVATIONS for lr in RATES
    ]
    return Comparison.load({"base": {**BASE, **changes}, "variants": variants, "seeds": 8})


def headline(evidence: Evidence) -> str:
    """The share of dead units at either rate."""
    dead = last(evidence, "rates", "dead_fraction")
    high, low, leaky = (mean(of(dead, name(*which))) for which in (("relu", 0.1), ("relu", 0.001), ("leaky_relu", 0.1)))
    return (
        f"At a learning rate of 0.1, {percent(high)} of the ReLU units are dead; at 0.001 {percent(low)}, with leaky ReLU {percent(leaky)}."
    )


def picture(evidence: Evidence) -> Picture:
    """Dead units by activation and rate."""
    dead = last(evidence, "rates", "dead_fraction")
    rows = [(ACTIVATIONS[activation], RATES[lr], of(dead, name(activation, lr))) for activation in ACTIVATIONS for lr in RATES]
    title = "units that are 0 on every training example (share)"
    return answers.cases(spread(rows), cases=list(ACTIVATIONS.values()), kinds=list(RATES.values()), title=title, zero="none dead")


def revived(evidence: Evidence) -> Spot:
    """No ReLU unit is dead in the end."""
    return Spot(0.0, ACTIVATIONS["relu"], RATES[0.1])


def stay_dead(evidence: Evidence) -> Spot:
    """As many as there are in the end."""
    return Spot(mean(of(last(evidence, "rates", "dead_fraction"), name("relu", 0.1))), ACTIVATIONS["relu"], RATES[0.1])


QUESTION = Question(
    id="28",
    text="What are dead neurons, and what helps?",
    topic="architecture",
    premise="A network of ReLU units is trained with a learning rate a hundred times too high. Some units put out 0 for every example.",
    ask="What becomes of those units when training goes on?",
    options=(
        Option(
            "Dropout or better weights revive them",
            "Both act on the forward pass or the start; no gradient reaches a dead unit.",
            belief="Both are named as cures.", expects=revived,
        ),
        Option(
            "They come back when the loss asks for them",
            "The loss reaches a unit through its slope, and that is 0 on every example.",
            belief="The loss is high, so the gradient is large.", expects=revived,
        ),
        Option(
            "Nothing: they get no gradient",
            "A ReLU that is 0 everywhere has slope 0 everywhere, so its weights stay.",
            right=True,
            belief="What does not act cannot learn.", expects=stay_dead,
        ),
    ),
    experiments={"rates": compared()},
    claims=(
        Claim(
            "dead share with ReLU, rate 0.1 minus 0.001", "difference", Above(0.2),
            sides("rates", "dead_fraction", name("relu", 0.1), name("relu", 0.001)),
        ),
        Claim("dead share with leaky ReLU at rate 0.1", "exact", Below(0.0), side("rates", "dead_fraction", name("leaky_relu", 0.1))),
        Claim("dead share with ELU at rate 0.1", "exact", Below(0.0), side("rates", "dead_fraction", name("elu", 0.1))),
    ),
    headline=headline,
    picture=picture,
    formula=r"\mathrm{ReLU}'(z) = \begin{cases} 1 & z > 0 \\ 0 & z < 0 \end{cases} \qquad "
    r"\frac{\partial L}{\partial w} = \sum_n \frac{\partial L}{\partial a_n}\, \mathrm{ReLU}'(z_n)\, x_n = 0 \text{ if all } z_n < 0",
    answer=(
        "A ReLU unit is dead when its input is negative for every example: it puts out 0, its slope is 0, and so its weights get no "
        "gradient any more. One step that is too large is enough to push a bias or a row of weights so far down. A lower rate, or warmup, "
        "keeps units from dying; He's initialization starts them half active. Leaky ReLU and ELU have a slope below zero, so a unit can "
        "come back. GELU is 0 far below zero, to the last bit in float32, and so its units can die as well."
    ),
    usual="Xavier initialization or dropout are often named as cures. Neither gives a dead unit a gradient.",
    turns=(
        Turn("SGD instead of Adam", "At which rate do units die?", compared(optimizer={"kind": "sgd", "lr": 0.1, "momentum": 0.9})),
        Turn("Batch norm", "How many units die now?", compared(model={"kind": "mlp", "normalization": "batch"})),
    ),
    sources=("Maas, Hannun & Ng 2013, ICML Workshop on Deep Learning", "Lu et al. 2019, arXiv:1903.06733"),
)  # fmt: skip
