"""Question 18: lowering the learning rate over training, and the exceptions."""

from __future__ import annotations

from typing import Any

from core.analysis.claims import Below, Inside
from core.charts import answers
from core.charts.parts.specs import Picture
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence
from core.experiments.claims.reading import last, mean, of, percent, sides, spread
from core.questions.question import Option, Question, Turn

CONSTANT, COSINE = "constant", "cosine"
SCHEDULES: dict[str, Any] = {
    CONSTANT: "constant",
    "step": {"kind": "step", "every": 10, "gamma": 0.1},
    "exponential": {"kind": "exponential", "gamma": 0.85},
    COSINE: "cosine",
    "linear": "polynomial",
    "one cycle": "one_cycle",
    "inverse square root": "inverse_sqrt",
    "on plateau": {"kind": "plateau", "patience": 3},
}
NOISY: dict[str, Any] = {
    "data": {"kind": "informative", "features": 50, "samples": 1000, "noise": 1.0},
    "model": "linear",
    "optimizer": {"kind": "sgd", "lr": 0.03},
    "training": {"epochs": 30, "batch_size": 4},
}
EASY: dict[str, Any] = {
    "model": {"kind": "mlp", "hidden": [32]},
    "optimizer": {"kind": "sgd", "lr": 0.1},
    "training": {"epochs": 30, "batch_size": 8},
}
FULL: dict[str, Any] = {
    **NOISY,
    "optimizer": {"kind": "sgd", "lr": 0.1},
    "training": {"epochs": 200, "batch_size": "full", "evaluate_every": 10},
}
CASES = {
    "noisy": "SGD, batches of 4, rate 0.03",
    "adam": "Adam, batches of 4, rate 0.01",
    "low": "SGD, batches of 4, rate 0.003",
    "full": "SGD, all examples, rate 0.1",
}
"""All on the same data, so that their losses can be compared."""


def compared(base: dict[str, Any], *names: str, **changes: Any) -> Comparison:
    """These schedules; without a name a constant rate and a cosine."""
    variants = [{"name": name, "schedule": SCHEDULES[name]} for name in names or (CONSTANT, COSINE)]
    return Comparison.load({"base": {**base, **changes}, "variants": variants, "seeds": 8})


def headline(evidence: Evidence) -> str:
    """The loss that decay saves with noise, and without."""
    saved = {}
    for case in ("noisy", "low", "adam"):
        loss = last(evidence, case, "val_loss")
        saved[case] = 1 - mean(of(loss, COSINE)) / mean(of(loss, CONSTANT))
    return (
        f"Lowering the rate along a cosine saves {percent(saved['noisy'])} of the validation loss with noisy gradients, and "
        f"{percent(saved['adam'])} with Adam. With a rate that was low from the start the difference is {percent(abs(saved['low']))}."
    )


def picture(evidence: Evidence) -> Picture:
    """The loss with each schedule on noisy gradients; below it the exceptions."""
    rows = []
    for case, name in CASES.items():
        loss = last(evidence, case, "val_loss")
        rows += [(name, schedule, of(loss, schedule)) for schedule in loss.index.unique("variant")]
    return answers.cases(spread(rows), cases=list(CASES.values()), kinds=list(SCHEDULES), title="validation loss (squared error)")


QUESTION = Question(
    id="18",
    text="Why lower the learning rate over training, and when is there no need?",
    terms=("learning rate schedule", "learning rate decay", "cosine annealing", "step decay", "one cycle", "reduce on plateau"),
    topic="optimization",
    premise="A linear model is trained on noisy data in batches of 4. The rate stays, or falls to 0 along a cosine.",
    ask="Where does the falling rate end with a lower loss?",
    options=(
        Option("Everywhere, a falling rate is always better", "With exact gradients or a low rate there is nothing to settle.",
               belief="Small steps at the end are more precise."),
        Option("Where gradients stay noisy, for Adam as well", "A constant rate keeps the weights shaking.", right=True,
               belief="Noise keeps the weights in motion."),
        Option("With SGD alone: Adam adapts its rate", "Adam scales its steps by the gradients' size; with noise they do not shrink.",
               belief="Adam finds a rate for each weight by itself."),
        Option("Nowhere, a falling rate only slows it down", "It slows down where it would otherwise only move around the minimum.",
               belief="Large steps get farther."),
    ),
    experiments={
        "noisy": compared(NOISY, *SCHEDULES),
        "adam": compared(NOISY, optimizer={"kind": "adam", "lr": 0.01}),
        "low": compared(NOISY, optimizer={"kind": "sgd", "lr": 0.003}),
        "full": compared(FULL),
        "easy": compared(EASY),
    },
    claims=(
        Claim("validation loss of SGD with noisy gradients, cosine divided by constant", "ratio", Below(0.85),
              sides("noisy", "val_loss", COSINE, CONSTANT)),
        Claim("validation loss of Adam with noisy gradients, cosine divided by constant", "ratio", Below(0.85),
              sides("adam", "val_loss", COSINE, CONSTANT)),
        Claim("validation loss at a low rate, cosine divided by constant", "ratio", Inside(0.95, 1.05),
              sides("low", "val_loss", COSINE, CONSTANT)),
        Claim("validation loss with exact gradients, cosine divided by constant", "ratio", Inside(0.99, 1.01),
              sides("full", "val_loss", COSINE, CONSTANT)),
        Claim("accuracy on digits, an easy problem, cosine minus constant", "difference", Inside(-0.01, 0.01),
              sides("easy", "val_accuracy", COSINE, CONSTANT)),
    ),
    headline=headline,
    picture=picture,
    formula=r"\mathbb{E}\,L(w) - L^* \;\approx\; \tfrac{\eta}{4}\,\operatorname{tr}\Sigma \text{ at a constant rate}, \qquad "
    r"\sum_t \eta_t = \infty, \quad \sum_t \eta_t^2 < \infty \text{ lets it go to } 0",
    answer=(
        "Near a minimum the gradient of a batch is mostly noise. With a constant rate η the weights w keep moving around the minimum, and "
        "their loss stays on average (E) above the lowest, L*, by an amount that grows with the rate and with the noise (Σ is its "
        "covariance, and the trace adds up its variances); a falling rate lets them settle. A high rate first is worth it, since it covers "
        "the distance. How it falls matters little here: cosine, steps and straight lines end close together. There is no need for it "
        "where the noise is gone: with exact gradients, with a rate that is low already, and on easy problems whose examples are all "
        "fitted, where each example's own gradient goes to 0. There a falling rate may even end with a higher training loss, for it stops "
        "early. Adaptive optimizers are no exception: their steps do not shrink by themselves while gradients are noise."
    ),
    usual="Adaptive optimizers are often said to need no schedule. Adagrad's rate does fall by itself; Adam's does not.",
    page="pages/learning_rate.py",
    turns=(
        Turn("Adagrad, which slows by itself", "Does the cosine still gain anything?",
             compared(NOISY, optimizer={"kind": "adagrad", "lr": 0.1})),
        Turn("Large batches", "How much is left to gain with less noise?", compared(NOISY, training={"epochs": 30, "batch_size": 64})),
    ),
    sources=("Robbins & Monro 1951, doi:10.1214/aoms/1177729586", "Bottou, Curtis & Nocedal 2018, arXiv:1606.04838"),
)  # fmt: skip
