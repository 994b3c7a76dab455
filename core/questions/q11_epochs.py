"""Question 11: epochs against sampling with replacement."""

from __future__ import annotations

from collections.abc import Callable

from pandas import Series

from core.analysis.claims import Below, Inside
from core.analysis.shown import layerwise
from core.charts.answer_lines import lines
from core.charts.parts.specs import Picture
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence, Lab
from core.experiments.claims.reading import mean, of_lab, percent
from core.labs.optimization import epoch_sampling
from core.questions.question import Option, Question, Turn

NAMES = {"reshuffle": "epochs, reshuffled", "with_replacement": "with replacement"}
SMALL, LARGE = "small rate", "large rate"


def compared(lr: float, data: object = epoch_sampling.DATA) -> Comparison:
    """Both ways of sampling in the product's own training."""
    base = {
        "data": data,
        "model": "linear",
        "optimizer": {"kind": "sgd", "lr": lr},
        "training": {"epochs": 30, "batch_size": 10, "dtype": "float64"},
    }
    return Comparison.load({"base": base, "vary": {"training.sampling": list(NAMES)}, "seeds": 5})


def ends(name: str) -> Callable[[Evidence], tuple[Series, Series]]:
    """The last distances from the optimum: with epochs, with replacement."""

    def numbers(evidence: Evidence) -> tuple[Series, Series]:
        found = epoch_sampling.last_distances(evidence[name].frame)
        return found["reshuffle"], found["with_replacement"]

    return numbers


def headline(evidence: Evidence) -> str:
    """How many examples are missed, and how much farther from the optimum it ends."""
    seen = mean(of_lab("seen", "share")(evidence))
    epochs, drawn = (mean(side) for side in ends(SMALL)(evidence))
    return (
        f"800 draws with replacement from 800 examples meet {percent(seen)} of them. "
        f"At a small rate such draws end {drawn / epochs:.1f} times as far from the optimum as epochs do."
    )


def picture(evidence: Evidence) -> Picture:
    """The distance over the epochs."""
    points = layerwise.means(evidence[SMALL].frame, ["sampling", "epoch"], "distance", log=True)
    points = points.assign(variant=points["sampling"].map(NAMES))
    return lines(
        points, variants=list(NAMES.values()), x="epoch", x_title="epochs, or as many draws", y_scale="log",
        y_title="distance from the optimum (logarithmic)",
    )  # fmt: skip


QUESTION = Question(
    id="11",
    text="Why epochs, rather than sampling with replacement?",
    terms=("shuffling", "random reshuffling", "sampling with replacement", "bootstrap", "epoch"),
    topic="optimization",
    premise="A training set has 800 examples. Instead of an epoch, each of 800 draws takes one of the 800 at random.",
    ask="What share of the examples is seen?",
    options=(
        Option("About 50 %", "That would be seen after about 555 draws; later draws still meet some that were not seen.",
               belief="Each draw meets an example that was seen or one that was not."),
        Option("About 80 %", "That would be seen after about 1,290 draws: some examples are drawn two, three or four times.",
               belief="With so many draws few will be left out."),
        Option("About 63 %", "Each is missed with probability (1 − 1/800)⁸⁰⁰, about 1/e = 37 %.", right=True,
               belief="Some are drawn twice, so others are not drawn at all."),
        Option("Over 95 %", "That takes three times as many draws, and to see the last few as well about 5,800.",
               belief="By chance a handful is missed."),
    ),
    experiments={
        "seen": Lab(epoch_sampling.shares_seen, {"examples": 800, "epochs": 5, "seeds": 32}),
        SMALL: Lab(epoch_sampling.distances, {"lr": 0.003, "epochs": 60, "seeds": list(range(8))}),
        LARGE: Lab(epoch_sampling.distances, {"lr": 0.1, "epochs": 20, "seeds": list(range(32))}),
    },
    claims=(
        Claim("share of the examples seen by 800 draws", "mean", Inside(0.622, 0.642), of_lab("seen", "share")),
        Claim("distance from the optimum at a rate of 0.003, epochs divided by replacement", "ratio", Below(0.5), ends(SMALL)),
        Claim("distance from the optimum at a rate of 0.1, epochs divided by replacement", "ratio", Inside(0.67, 1.5), ends(LARGE)),
    ),
    headline=headline,
    picture=picture,
    formula=r"\mathbb{E}[\text{share seen}] = 1 - \left(1 - \tfrac1N\right)^N \to 1 - \tfrac1e \approx 63.2\,\%",
    answer=(
        "In an epoch every example is seen exactly once. N draws with replacement from N examples miss more than a third of them on "
        "average (E), and take others several times. Both estimate the same gradient, but within an epoch the errors of single steps add "
        "up to zero, since all examples together are the full gradient. So at a small rate reshuffled epochs end far nearer to the optimum "
        "for the same number of updates. The errors cancel only while the weights move little during an epoch: at a large rate the order "
        "makes no difference. Epochs are also simpler to run: every example is seen once, large data can be shuffled in parts and "
        "then read in sequence, and validation has its place at the end of each."
    ),
    page="pages/batch_size.py",
    turns=(
        Turn("A larger rate", "Which of the two losses is lower?", compared(0.1)),
        Turn("Classes instead of numbers", "Can the two be told apart?", compared(0.03, "digits")),
    ),
    sources=("Bottou 2009", "Gürbüzbalaban, Ozdaglar & Parrilo 2021, arXiv:1510.08560"),
)  # fmt: skip
