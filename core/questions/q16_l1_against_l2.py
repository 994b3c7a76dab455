"""Question 16: L1 against L2, as penalties and as losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pandas import Series

from core.analysis.claims import Above, Below
from core.charts import answers
from core.charts.parts.specs import Picture
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence, Lab
from core.experiments.claims.reading import mean, of_lab, percent, spread
from core.labs.regularization import feature_selection, robust_line
from core.questions.question import Option, Question, Turn

PROXIMAL, GRADIENT, SQUARED = "l1_proximal", "l1", "l2_squared"
NAMES = {"none": "no penalty", SQUARED: "L2", GRADIENT: "L1, by its subgradient", PROXIMAL: "L1, by its proximal step"}
BATCHES = {"epochs": 60, "batch_size": 32}
USELESS, USEFUL = "features of no use", "features that matter"


def compared(**changes: Any) -> Comparison:
    """The product's own runs under each penalty."""
    base = {name: value for name, value in feature_selection.settings(0).items() if name != "seed"} | changes
    variants = [{"name": NAMES[kind], "penalty": penalty} for kind, penalty in feature_selection.PENALTIES.items()]
    return Comparison.load({"base": base, "variants": variants, "seeds": 3})


def zeros(penalty: str, *, informative: bool = False) -> Callable[[Evidence], Series]:
    """By seed, the share of the weights that are exactly 0."""
    return lambda evidence: feature_selection.zero_shares(evidence["features"].frame, informative=informative)[penalty]


def against_l2(evidence: Evidence) -> tuple[Series, Series]:
    """The shares of useless features at 0 under both penalties."""
    return zeros(PROXIMAL)(evidence), zeros(SQUARED)(evidence)


def errors(outliers: str) -> Callable[[Evidence], tuple[Series, Series]]:
    """The error of the slope under the L2 loss and under the L1 loss."""

    def numbers(evidence: Evidence) -> tuple[Series, Series]:
        squared, absolute = (of_lab("lines", "error", outliers=outliers, loss=loss)(evidence) for loss in ("L2", "L1"))
        return squared, absolute

    return numbers


def headline(evidence: Evidence) -> str:
    """What either L1 does."""
    squared, absolute = (mean(side) for side in errors("in y")(evidence))
    return (
        f"As a penalty L1 sets {percent(mean(zeros(PROXIMAL)(evidence)))} of the useless weights to exactly 0, L2 "
        f"{percent(mean(zeros(SQUARED)(evidence)))}. As a loss, with the tenth furthest right wrong, L1 misses the slope of 2 "
        f"by {absolute:.2f}, L2 by {squared:.2f}."
    )


def picture(evidence: Evidence) -> Picture:
    """The share of the weights at exactly 0 under each penalty."""
    rows = [
        (name, kind, zeros(penalty, informative=kind == USEFUL)(evidence)) for penalty, name in NAMES.items() for kind in (USELESS, USEFUL)
    ]
    return answers.cases(spread(rows), cases=list(NAMES.values()), kinds=[USELESS, USEFUL], title="weights that are exactly 0 (share)")


QUESTION = Question(
    id="16",
    text="L1 against L2: what is the difference?",
    terms=("lasso", "ridge", "sparsity", "feature selection", "outliers", "robust regression", "L1 regularization", "proximal step"),
    topic="regularization",
    premise="A linear model has 100 features, of which ten matter. It is trained with an L1 penalty or with an L2 penalty on its "
    "weights. Apart from that a line is fitted to points; the tenth of them that lie furthest right are far too low. Its loss is the "
    "absolute error (L1) or the squared error (L2).",
    ask="What is L1 good for?",
    options=(
        Option("The penalty does both", "The penalty sees the weights alone; a target that is off pulls at them as before.",
               belief="L1 is known for both."),
        Option("The penalty withstands outliers, the loss selects features", "It is the other way round.",
               belief="A penalty keeps the model from following outliers."),
        Option(
            "The penalty selects features, the loss withstands outliers",
            "The penalty acts on the weights, the loss on the errors: two properties of two things.",
            right=True,
            belief="Each acts on what it is taken of.",
        ),
        Option("It does the same as L2, only weaker", "L2 shrinks every weight and sets none to 0. L1 pulls small ones all the way.",
               belief="Both keep weights small."),
    ),
    experiments={
        "features": Lab(feature_selection.train, {"seeds": 8}),
        "lines": Lab(robust_line.slopes, {"seeds": 8}),
    },
    claims=(
        Claim("share of useless weights at exactly 0, L1 by its proximal step minus L2", "difference", Above(0.8), against_l2),
        Claim("share of useful weights that L1's proximal step sets to 0", "exact", Below(0.0), zeros(PROXIMAL, informative=True)),
        Claim("share of useless weights at exactly 0 with L2", "exact", Below(0.0), zeros(SQUARED)),
        Claim("share of useless weights at exactly 0 with L1 by its subgradient", "exact", Below(0.0), zeros(GRADIENT)),
        Claim("error of the slope, the tenth furthest right wrong, L2 loss minus L1 loss", "difference", Above(1.0), errors("in y")),
        Claim("the same with inputs wrong as well", "difference", Below(0.0), errors("in x and y")),
    ),
    headline=headline,
    picture=picture,
    formula=r"\text{penalties: } \lambda \sum_i |w_i| \ \text{ or } \ \lambda \sum_i w_i^2, \qquad "
    r"\mathrm{prox}(w) = \mathrm{sign}(w)\,\max(|w| - \eta\lambda, 0), \qquad \text{losses: } |y - \hat y| \ \text{ or } \ (y - \hat y)^2",
    answer=(
        "As a penalty, L1 pulls every weight w towards 0 with the same force, so weights that the data do not need end there: it selects "
        "features. L2 pulls in proportion to the weight, so it shrinks all and removes none. Exact zeros need the proximal step (prox, for "
        "a strength λ and a rate η); plain gradient steps jump back and forth over the corner at 0. Robustness against outliers is another "
        "matter and belongs to the loss: the absolute error of a prediction ŷ of the target y grows linearly, so a target that is far off "
        "pulls no harder than a near one. Wrong targets at one end turn a line most; at random places, too high as often as too low, they "
        "nearly cancel, and the two losses differ little. It does not help against inputs that are far off: such points pull the L1 line "
        "even more than the L2 line."
    ),
    usual="L1 regularization is often said to be robust to outliers. It is the L1 loss that is, and only against outliers in the targets.",
    page="pages/regularization.py",
    turns=(
        Turn("Mini-batches", "How many zeros are left?", compared(training=BATCHES)),
        Turn("Mini-batches and cosine", "And with a rate that falls to 0?", compared(training=BATCHES, schedule="cosine")),
    ),
    sources=("Tibshirani 1996, JRSS B 58", "Huber & Ronchetti 2009, Robust Statistics"),
)  # fmt: skip
