"""Question 18b: the learning rate against the batch size."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any

from pandas import Series

from core.analysis.claim_measures import curve_distance
from core.analysis.claims import Below
from core.charts import answers
from core.charts.parts.specs import Picture
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence
from core.experiments.claims.reading import mean, spread
from core.questions.question import Option, Question, Turn

K = 4
FIXED, TIMES_K, TIMES_ROOT = "same rate", f"rate × {K}", f"rate × √{K}"
FACTORS = {FIXED: 1.0, TIMES_ROOT: sqrt(K), TIMES_K: float(K)}
SMALL = "small batch"
BASE: dict[str, Any] = {"model": {"kind": "mlp", "hidden": [32]}, "training": {"epochs": 8}}
STARTS: dict[str, tuple[dict[str, Any], int]] = {"SGD": ({"kind": "sgd", "lr": 0.02}, 8), "Adam": ({"kind": "adam", "lr": 0.001}, 4)}


def compared(optimizer: dict[str, Any], size: int) -> Comparison:
    """A small batch, and one four times as large at three rates."""
    variants: list[dict[str, Any]] = [{"name": SMALL, "training.batch_size": size}]
    variants += [
        {"name": name, "training.batch_size": K * size, "optimizer.lr": optimizer["lr"] * factor} for name, factor in FACTORS.items()
    ]
    return Comparison.load({"base": {**BASE, "optimizer": optimizer}, "variants": variants, "seeds": 8})


def distance(optimizer: str, rule: str) -> Callable[[Evidence], Series]:
    """How far the large batch's curve is from the small one's: the mean over epochs of |ln training loss − ln training loss|, by seed."""
    return lambda evidence: curve_distance(evidence[optimizer].history, rule, SMALL)


def distances(optimizer: str, first: str, second: str) -> Callable[[Evidence], tuple[Series, Series]]:
    """The distances under two rules."""
    return lambda evidence: (distance(optimizer, first)(evidence), distance(optimizer, second)(evidence))


def headline(evidence: Evidence) -> str:
    """Which rule comes closest for either optimizer."""
    best = {name: min(FACTORS, key=lambda rule: mean(distance(name, rule)(evidence))) for name in STARTS}
    return f"A batch four times as large trains most alike under {best['SGD']} for SGD, and under {best['Adam']} for Adam."


def picture(evidence: Evidence) -> Picture:
    """The distance under each rule."""
    rows = [(name, rule, distance(name, rule)(evidence)) for name in STARTS for rule in FACTORS]
    title = "mean |Δ ln loss| from the small batch's curve"
    return answers.cases(spread(rows), cases=list(STARTS), kinds=list(FACTORS), title=title, zero="same curve")


QUESTION = Question(
    id="18b",
    text="The batch becomes four times as large: what about the learning rate?",
    terms=("linear scaling rule", "large batch", "batch size", "square root scaling", "learning rate"),
    topic="optimization",
    premise="A network learns well with small batches. Now each update averages over four times as many examples; the epochs stay.",
    ask="Which rate keeps the curve of the training loss where it was, for plain SGD?",
    options=(
        Option(
            "The same rate",
            "At the same rate an epoch goes a quarter as far, since it has a quarter of the updates.",
            belief="It suited the network before.",
            marks=FIXED,
        ),
        Option(
            "Twice the rate, the square root of four",
            "That keeps the noise of a step; for Adam with small batches it fits best.",
            belief="Noise falls with the root.",
            marks=TIMES_ROOT,
        ),
        Option(
            "Four times the rate",
            "Four small steps in about one direction make one step four times as long.",
            right=True,
            belief="There are four times fewer steps.",
            marks=TIMES_K,
        ),
    ),
    experiments={name: compared(*start) for name, start in STARTS.items()},
    claims=(
        Claim("distance of the curves with SGD, rate × 4 divided by same rate", "ratio", Below(0.25), distances("SGD", TIMES_K, FIXED)),
        Claim(
            "distance of the curves with Adam, rate × √4 divided by rate × 4", "ratio", Below(0.5), distances("Adam", TIMES_ROOT, TIMES_K)
        ),
        Claim(
            "distance of the curves with Adam, rate × √4 divided by same rate", "ratio", Below(0.5), distances("Adam", TIMES_ROOT, FIXED)
        ),
    ),
    headline=headline,
    picture=picture,
    formula=r"w_{t+k} \approx w_t - \eta \sum_{j=1}^{k} g_{t+j} = w_t - (k\eta)\,\bar g, \qquad "
    r"\text{noise of } \bar g \propto \tfrac{1}{\sqrt{B}}",
    answer=(
        "With batches k times as large an epoch has k times fewer updates. While the weights w move little in k steps, k small steps of "
        "SGD with gradients g add up to one step of their mean ḡ that is k times as long: so the rate η is multiplied by k. Adam divides "
        "each step by the size of the gradient, which for small batches is mostly noise and falls as one over the square root of the batch "
        "size B: there the root of k fits better. So an adaptive optimizer is no exception, it follows another rule. Both rules end where "
        "the rate becomes too large for the loss's curvature; the batch can then grow no further without more epochs."
    ),
    usual="Four times the batch, four times the rate: that is often given as the rule, and adaptive optimizers as exempt from any rule. "
    "It is SGD's alone; Adam with small batches follows the root, and neither holds once the rate is too large.",
    page="pages/batch_size.py",
    turns=(
        Turn("From larger batches", "Does the rule for Adam still hold?", compared({"kind": "adam", "lr": 0.001}, 64)),
        Turn("Momentum", "Which rule fits?", compared({"kind": "sgd", "lr": 0.005, "momentum": 0.9}, 8)),
    ),
    sources=("Goyal et al. 2017, arXiv:1706.02677", "Malladi et al. 2022, arXiv:2205.10287", "McCandlish et al. 2018, arXiv:1812.06162"),
)
