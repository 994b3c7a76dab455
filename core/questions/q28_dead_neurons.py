"""Question 28: dead ReLU units, what makes them and what does not revive them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pandas import Series

from core.analysis.claims import Above, Below
from core.charts.parts.specs import Picture
from core.charts.results import curves
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence
from core.experiments.claims.reading import last, mean, of, percent, side, sides
from core.questions.question import Figure, Option, Question, Turn

BASE: dict[str, Any] = {"optimizer": {"kind": "adam", "lr": 0.1}, "training": {"epochs": 10}}
RATES = {0.001: "rate 0.001", 0.1: "rate 0.1"}
ACTIVATIONS = {"relu": "ReLU", "leaky_relu": "leaky ReLU", "elu": "ELU", "gelu": "GELU"}


NO_BIAS, LOWER, LOW = "biases at 0", "biases at −2", "biases at −5"
DROPPED, XAVIER = "biases at −5, dropout", "biases at −5, Xavier"
STARTS: dict[str, dict[str, Any]] = {
    NO_BIAS: {},
    LOWER: {"model.init": {"kind": "he", "bias": -2.0}},
    LOW: {"model.init": {"kind": "he", "bias": -5.0}},
    DROPPED: {"model.init": {"kind": "he", "bias": -5.0}, "model.dropout": 0.5},
    XAVIER: {"model.init": {"kind": "xavier", "bias": -5.0}},
}
"""Another cause at a moderate rate, and what is often named as a cure."""


def name(activation: str, lr: float) -> str:
    """The variant's name."""
    return f"{ACTIVATIONS[activation]}, {RATES[lr]}"


def compared(**changes: Any) -> Comparison:
    """Each activation at a moderate and at a high learning rate."""
    variants = [
        {"name": name(activation, lr), "model.activation": activation, "optimizer.lr": lr} for activation in ACTIVATIONS for lr in RATES
    ]
    return Comparison.load({"base": {**BASE, **changes}, "variants": variants, "seeds": 8})


def biased() -> Comparison:
    """ReLU units whose biases begin below 0, at a moderate learning rate."""
    variants = [{"name": start, **settings} for start, settings in STARTS.items()]
    return Comparison.load({"base": BASE | {"optimizer": {"kind": "adam", "lr": 0.001}}, "variants": variants, "seeds": 8})


def revived(start: str) -> Callable[[Evidence], Series]:
    """By seed, the share of dead units at the end minus that before training: below 0 where units come back."""

    def numbers(evidence: Evidence) -> Series:
        history = evidence["biases"].history
        before = history[(history["variant"] == start) & (history["step"] == 0)].set_index("seed")["dead_fraction"]
        return of(last(evidence, "biases", "dead_fraction"), start) - before

    return numbers


def headline(evidence: Evidence) -> str:
    """The share of dead units at either rate, of those activations of which units may die, and of one of which none can."""
    dead = last(evidence, "rates", "dead_fraction")
    shares = [percent(mean(of(dead, name(*which)))) for which in (("relu", 0.1), ("gelu", 0.1), ("leaky_relu", 0.1), ("relu", 0.001))]
    return (
        f"Dead in the end at a learning rate of 0.1: {shares[0]} of the ReLU units, {shares[1]} of the GELU units, {shares[2]} of the "
        f"leaky ReLU units. At a rate of 0.001: {shares[3]} of the ReLU units."
    )


def picture(evidence: Evidence) -> Picture:
    """Dead units over the epochs, of each activation at the high rate, and of ReLU at the moderate one."""
    names = [*(name(activation, 0.1) for activation in ACTIVATIONS), name("relu", 0.001)]
    return curves.loss_curves(evidence["rates"].history, variants=names, metric="dead_fraction", with_seeds=False, width=800)


def of_biases(evidence: Evidence) -> Picture:
    """Dead units over the epochs where biases begin below 0."""
    history = evidence["biases"].history
    return curves.loss_curves(history, variants=list(STARTS), metric="dead_fraction", with_seeds=False, width=800, height=240)


QUESTION = Question(
    id="28",
    text="What are dead neurons, and what helps?",
    terms=("dead ReLU", "dying ReLU", "dead units", "leaky ReLU", "zero gradient"),
    topic="architecture",
    premise="A network of ReLU units is trained with a learning rate a hundred times too high. Some units put out 0 for every example.",
    ask="What becomes of those units when training goes on?",
    options=(
        Option(
            "Dropout or better weights revive them",
            "Both act on the forward pass or the start; no gradient reaches a dead unit.",
            belief="Both are named as cures.",
        ),
        Option(
            "They come back when the loss asks for them",
            "The loss reaches a unit through its slope, and that is 0 on every example.",
            belief="The loss is high, so the gradient is large.",
        ),
        Option(
            "Nothing by themselves: they get no gradient",
            "A ReLU that is 0 everywhere has slope 0 everywhere. Only a layer below that changes its inputs can bring it back.",
            right=True,
            belief="What does not act cannot learn.",
        ),
    ),
    experiments={"rates": compared(), "biases": biased()},
    claims=(
        Claim(
            "dead share with ReLU, rate 0.1 minus 0.001", "difference", Above(0.2),
            sides("rates", "dead_fraction", name("relu", 0.1), name("relu", 0.001)),
        ),
        Claim("dead share with leaky ReLU at rate 0.1", "exact", Below(0.0), side("rates", "dead_fraction", name("leaky_relu", 0.1))),
        Claim("dead share with ELU at rate 0.1", "exact", Below(0.0), side("rates", "dead_fraction", name("elu", 0.1))),
        Claim(
            "dead share at rate 0.001, biases at −5 minus biases at 0", "difference", Above(0.2),
            sides("biases", "dead_fraction", LOW, NO_BIAS),
        ),
        Claim("dead share after training minus before, biases at −5 with dropout", "mean", Above(-0.05), revived(DROPPED)),
        Claim("dead share after training minus before, biases at −5 from Xavier initialization", "mean", Above(-0.05), revived(XAVIER)),
    ),
    headline=headline,
    picture=picture,
    figures=(
        Figure(
            "Another cause, at a moderate rate of 0.001: biases that begin below 0. From −5 neither dropout nor Xavier helps.",
            of_biases,
        ),
    ),
    formula=r"\mathrm{ReLU}'(z) = \begin{cases} 1 & z > 0 \\ 0 & z < 0 \end{cases} \qquad "
    r"\frac{\partial L}{\partial w} = \sum_n \frac{\partial L}{\partial a_n}\, \mathrm{ReLU}'(z_n)\, x_n = 0 \text{ if all } z_n < 0",
    answer=(
        "A ReLU unit is dead when its input z is negative for every example n: its output a is 0, its slope is 0, and so its weights w get "
        "no gradient of the loss L any more, whatever comes in as x. In the first picture the mean share of dead units does not fall; "
        "single units of the second layer do come back, when the first layer changes their inputs. One step that is too large is enough to "
        "push a bias or a row of weights so far down, and so is a bias that begins far below 0. Dropout and Xavier initialization do not "
        "help a unit that is dead; from biases of −2 many units of a deeper layer come back. A lower rate keeps units from dying; warmup "
        "hardly does. He initialization starts them half active. Leaky ReLU and ELU have a slope below zero, so a unit can come back; dead "
        "here means an output of exactly 0, which these two never have. GELU is 0 far below zero, to the last bit in float32, and so its "
        "units can die as well."
    ),
    usual="Xavier initialization or dropout are often named as cures. Neither gives a dead unit a gradient.",
    page="pages/gradient_flow.py",
    turns=(
        Turn("SGD instead of Adam", "At which rate do units die?", compared(optimizer={"kind": "sgd", "lr": 0.1, "momentum": 0.9})),
        Turn("Batch norm", "How many units die now?", compared(model={"kind": "mlp", "normalization": "batch"})),
    ),
    sources=("Maas, Hannun & Ng 2013, ICML Workshop on Deep Learning", "Lu et al. 2019, arXiv:1903.06733"),
)  # fmt: skip
