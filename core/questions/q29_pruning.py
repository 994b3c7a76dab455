"""Question 29: pruning, and what to prune."""

from __future__ import annotations

from typing import Any

from core.analysis.claims import Above
from core.charts import answers
from core.charts.parts.specs import Picture
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence
from core.experiments.claims.reading import last, mean, of, percent, sides, spread
from core.questions.question import Option, Question, Turn

BASE: dict[str, Any] = {
    "data": {"kind": "digits", "scale": "minmax"},
    "model": {"kind": "mlp", "hidden": [64, 64]},
    "optimizer": {"kind": "adam", "lr": 0.003},
    "training": {"epochs": 30},
}
DENSE = "all weights"
MAGNITUDE, RANDOM, STEPS = "magnitude", "random", "magnitude, in five steps"
LEVELS = {0.9: "90 % cut", 0.95: "95 % cut"}
HOW: dict[str, dict[str, Any]] = {
    MAGNITUDE: {"kind": "magnitude", "epochs": [15]},
    RANDOM: {"kind": "random", "epochs": [15]},
    STEPS: {"kind": "magnitude", "epochs": [3, 6, 9, 12, 15]},
}


def compared(scope: str = "layer", **changes: Any) -> Comparison:
    """The dense network, and each way to prune it at each level; the cut takes the same share of each layer, or of the whole network."""
    variants: list[dict[str, Any]] = [{"name": DENSE}]
    variants += [
        {"name": f"{how}, {level}", "pruning": pruning | {"scope": scope, "sparsity": sparsity}}
        for sparsity, level in LEVELS.items()
        for how, pruning in HOW.items()
    ]
    return Comparison.load({"base": {**BASE, **changes}, "variants": variants, "seeds": 8})


def headline(evidence: Evidence) -> str:
    """What is left of the accuracy when nine weights of ten are gone."""
    accuracy = last(evidence, "cut", "val_accuracy")
    dense, kept, chance = (mean(of(accuracy, name)) for name in (DENSE, f"{MAGNITUDE}, 90 % cut", f"{RANDOM}, 90 % cut"))
    return (
        f"With a tenth of the weights, the largest ones, accuracy is {percent(kept)}; all weights reach {percent(dense)}. "
        f"A random tenth reaches {percent(chance)}."
    )


def picture(evidence: Evidence) -> Picture:
    """Accuracy of each way to prune at each level."""
    accuracy = last(evidence, "cut", "val_accuracy")
    rows = [(level, how, of(accuracy, f"{how}, {level}")) for level in LEVELS.values() for how in HOW]
    return answers.cases(
        spread([*rows, (DENSE, DENSE, of(accuracy, DENSE))]),
        cases=[DENSE, *LEVELS.values()],
        kinds=[DENSE, *HOW],
        title="validation accuracy",
    )


QUESTION = Question(
    id="29",
    text="Why prune a network, and which weights?",
    terms=("lottery ticket", "sparsity", "compression", "magnitude pruning", "structured pruning", "rewinding", "fine-tuning"),
    topic="compression",
    premise="After half of the training nine of ten weights are set to zero for good. The rest trains on.",
    ask="Does it matter which weights go?",
    options=(
        Option(
            "No: the rest adapts anyhow",
            "It does, and yet a random tenth ends clearly lower than the largest tenth.",
            belief="There is half of the training left.", marks=RANDOM,
        ),
        Option(
            "Yes: the smallest weights can go",
            "They add least to the outputs, so the network soon learns to do without them.",
            right=True,
            belief="Small weights do little.", marks=MAGNITUDE,
        ),
        Option(
            "Any such cut ruins the network",
            "A network of this size has far more weights than its task needs.",
            belief="Nine of ten is a lot.",
        ),
    ),
    experiments={"cut": compared()},
    claims=(
        Claim(
            "accuracy at 90 % cut, magnitude minus random", "difference", Above(0.05),
            sides("cut", "val_accuracy", f"{MAGNITUDE}, 90 % cut", f"{RANDOM}, 90 % cut"),
        ),
        Claim(
            "accuracy at 95 % cut, in five steps minus at once", "difference", Above(0.03),
            sides("cut", "val_accuracy", f"{STEPS}, 95 % cut", f"{MAGNITUDE}, 95 % cut"),
        ),
    ),
    headline=headline,
    picture=picture,
    formula=r"w_i \leftarrow 0 \ \text{ where } |w_i| \text{ is among the smallest}, \qquad \text{weights left: a share } 1 - s",
    answer=(
        "Networks are made larger than their task needs, because large ones train more easily. Afterwards most weights can go: the model "
        "takes less memory, and less time where the hardware makes use of zeros or where whole units go. The usual rule removes the "
        "weights of the smallest magnitude and trains on. Random removal is the baseline that a rule has to beat. To cut in steps with "
        "training between them costs less accuracy than one large cut, since the rest can adapt to each. Here every layer "
        "loses the same share s of its weights w: a single threshold for the whole network can empty a layer whose weights are all small."
    ),
    page="pages/pruning.py",
    turns=(
        Turn("One threshold for all", "Which layer loses most?", compared(scope="global")),
        Turn("A wide single layer", "Does one threshold still work?", compared("global", model={"kind": "mlp", "hidden": [256]})),
    ),
    sources=("Han, Pool, Tran & Dally 2015, arXiv:1506.02626", "Frankle & Carbin 2019, arXiv:1803.03635"),
)  # fmt: skip
