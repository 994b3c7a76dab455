"""Question 24: the smallest network for exclusive or."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
from pandas import DataFrame, Series

from core.analysis import intervals
from core.analysis.claims import Above, Below
from core.charts.answer_lines import lines
from core.charts.parts.specs import Picture
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence, Lab
from core.experiments.claims.reading import of_lab
from core.labs.identities import jacobians
from core.labs.networks import xor
from core.questions.question import Figure, Option, Question, Turn

NAMES = {"relu": "ReLU", "tanh": "tanh", "gelu": "GELU"}
WIDTHS: dict[str, list[int]] = {"relu": list(xor.WIDTHS), "tanh": [1, 2], "gelu": [1, 2]}
SEEDS = 200


def trained(**model: Any) -> Comparison:
    """Networks of several widths on a cloud of points in four corners."""
    base = {"data": "xor", "optimizer": {"kind": "adam", "lr": 0.03}, "training": {"epochs": 40, "batch_size": 32}}
    variants = [{"name": f"{width} units", "model": {"kind": "mlp", "hidden": [width]} | model} for width in (1, 2, 4, 8)]
    return Comparison.load({"base": base, "variants": variants, "seeds": 8})


def both(first: int, second: int) -> Callable[[Evidence], tuple[Series, Series]]:
    """Whether each start succeeds with ReLU, at two widths."""
    return lambda evidence: (of_lab("relu", "solved", width=first)(evidence), of_lab("relu", "solved", width=second)(evidence))


def by_hand(evidence: Evidence) -> Series:
    """How far the outputs of the network by hand are from exclusive or, by point."""
    frame = evidence["by hand"].frame
    return (frame["output"] - frame["expected"]).abs()


def shares(evidence: Evidence) -> DataFrame:
    """The share of starts that succeed, for the picture: variant, width, mean, low, high, n."""
    rows = []
    for kind, name in NAMES.items():
        for width in WIDTHS[kind]:
            found = intervals.share(of_lab(kind, "solved", width=width)(evidence))
            rows.append({"variant": name, "width": width, "mean": found.value, "low": found.low, "high": found.high, "n": found.n})
    return pd.DataFrame(rows)


def headline(evidence: Evidence) -> str:
    """How many starts succeed."""
    one, two, eight = (int(of_lab("relu", "solved", width=width)(evidence).sum()) for width in (1, 2, 8))
    gelu = int(of_lab("gelu", "solved", width=1)(evidence).sum())
    return (
        f"Of {SEEDS} starts with ReLU {one} succeed with one hidden unit, {two} with two, {eight} with eight. "
        f"With GELU {gelu} succeed with a single unit."
    )


def picture(evidence: Evidence) -> Picture:
    """The share against the width."""
    return lines(
        shares(evidence),
        variants=list(NAMES.values()),
        x="width",
        x_title="hidden units",
        y_title="starts with all four points right (share)",
    )


def functions(evidence: Evidence) -> Picture:
    """The three functions near 0: GELU alone falls before it rises."""
    frame = evidence["curves"].frame
    shown = frame[frame["activation"].isin(list(NAMES)) & frame["x"].between(-3, 1.5)]
    shown = shown.assign(variant=shown["activation"].map(NAMES)).rename(columns={"value": "mean"})
    return lines(shown, variants=list(NAMES.values()), x="x", x_title="x", y_title="f(x)", height=200)


QUESTION = Question(
    id="24",
    text="What is the smallest network for exclusive or?",
    terms=("exclusive or", "perceptron", "hidden units", "smallest network"),
    topic="architecture",
    premise="Four points: (0, 1) and (1, 0) are true, (0, 0) and (1, 1) are false. "
    "A network with two hidden ReLU units is trained from 200 random starts.",
    ask="From how many of the starts does it learn all four points?",
    options=(
        Option(
            "From about 60 of the 200",
            "Many starts end where a unit is off for good, or where one point stays wrong.",
            right=True,
            belief="A network that is just large enough leaves little room for luck.",
        ),
        Option(
            "From all 200: it is big enough",
            "That good weights exist does not mean that gradient descent gets there.",
            belief="What it can represent, it can learn.",
        ),
        Option(
            "From none of the 200: two units are too few",
            "Weights by hand solve it exactly: relu(a + b) − 2 relu(a + b − 1).",
            belief="Four points need more than two units.",
        ),
    ),
    experiments={
        **{kind: Lab(xor.ends, {"activation": kind, "widths": widths, "seeds": SEEDS}) for kind, widths in WIDTHS.items()},
        "by hand": Lab(xor.truth_table),
        "curves": Lab(jacobians.curves),
    },
    claims=(
        Claim("error of the two units set by hand", "exact", Below(0.0), by_hand),
        Claim("starts that succeed with one ReLU unit", "share", Below(0.02), of_lab("relu", "solved", width=1)),
        Claim("starts that succeed with one tanh unit", "share", Below(0.02), of_lab("tanh", "solved", width=1)),
        Claim("starts that succeed with one GELU unit", "share", Above(0.9), of_lab("gelu", "solved", width=1)),
        Claim("starts that succeed with ReLU, four units minus two", "share_difference", Above(0.3), both(4, 2)),
        Claim("starts that succeed with ReLU, eight units minus two", "share_difference", Above(0.4), both(8, 2)),
    ),
    headline=headline,
    picture=picture,
    figures=(Figure("The three functions. GELU alone falls before it rises.", functions),),
    formula=r"y = \mathrm{ReLU}(a + b) - 2\,\mathrm{ReLU}(a + b - 1)",
    answer=(
        "No straight line separates the two classes, so a linear model cannot learn exclusive or. Two hidden units with ReLU are enough: "
        "one adds the inputs, the other takes off twice what goes beyond 1, and the output y is their sum. One unit of a function that "
        "only rises, as ReLU and tanh, is never enough, for then the output only rises or only falls along one direction. GELU first "
        "falls, to −0.17 at an input of −0.75, and then rises, so a single unit can be high on both sides and low between, and it "
        "succeeds. What can be represented is another matter than what is learned: with two ReLU units most starts get stuck. Every "
        "further unit is one more chance that a good pair is among them, which is one reason why networks are made larger than they need "
        "to be."
    ),
    turns=(
        Turn(
            "Noise around the four points",
            "Many points scatter around each corner, so there is an accuracy. How does it rise with width?",
            trained(),
        ),
        Turn("The same with tanh", "Which width gains most?", trained(activation="tanh")),
    ),
    sources=("Minsky & Papert 1969, Perceptrons", "Goodfellow, Bengio & Courville 2016, Deep Learning, section 6.1"),
)
