"""Question 19: Adagrad on features of which some are rare."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pandas import Series

from core.analysis.claims import Below
from core.charts import answers
from core.charts.parts.specs import Picture
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence, Lab
from core.experiments.claims.reading import by_seed, mean, spread
from core.labs.optimization import sparse_features
from core.labs.optimization.sparse_features import LEAST_SQUARES, OPTIMIZERS, THIRDS
from core.questions.question import Option, Question, Spot, Turn

COMMON, RARE = THIRDS[0], THIRDS[-1]


def error(optimizer: str, third: str) -> Callable[[Evidence], Series]:
    """The error of these features' weights, indexed by seed."""
    return lambda evidence: by_seed(evidence, "features", "error", optimizer=optimizer, third=third)


def rare(first: str, second: str) -> Callable[[Evidence], tuple[Series, Series]]:
    """The errors of two optimizers on the rarest third."""
    return lambda evidence: (error(first, RARE)(evidence), error(second, RARE)(evidence))


def headline(evidence: Evidence) -> str:
    """The error on the rarest features, and on the commonest."""
    of_rare, of_common = ([mean(error(name, third)(evidence)) for name in ("SGD", "Adagrad")] for third in (RARE, COMMON))
    return (
        f"The weights of the rarest third of the features are {of_rare[0]:.3f} off with SGD and {of_rare[1]:.3f} with Adagrad; "
        f"those of the commonest third {of_common[0]:.3f} and {of_common[1]:.3f}."
    )


def picture(evidence: Evidence) -> Picture:
    """The error by optimizer and by how rare the feature is."""
    kinds = [*OPTIMIZERS, LEAST_SQUARES]
    rows = [(third, name, error(name, third)(evidence)) for third in THIRDS for name in kinds]
    title = "error of the weights (root mean square; the weights are 0.5 to 1.5)"
    return answers.cases(spread(rows), cases=list(THIRDS), kinds=kinds, title=title, zero="exact")


def compared(epochs: int = 3, **data: Any) -> Comparison:
    """The four optimizers as plain runs."""
    variants = [{"name": name, "optimizer": settings} for name, settings in OPTIMIZERS.items()]
    base = {"data": {"kind": "zipf", **data}, "model": "linear", "training": {"epochs": epochs, "batch_size": 8}}
    return Comparison.load({"base": base, "variants": variants, "seeds": 8})


def nearer(third: str) -> Callable[[Evidence], Spot]:
    """Adagrad at half of SGD's error on these features."""
    return lambda evidence: Spot(mean(error("SGD", third)(evidence)) / 2, third, "Adagrad")


QUESTION = Question(
    id="19",
    text="Why is Adagrad a good choice for sparse gradients?",
    topic="optimization",
    premise="A linear model has a hundred features. The commonest is there in every second example, the rarest in one of two hundred, as "
    "with words. Three epochs are trained, each optimizer at its best rate.",
    ask="Whose weights does Adagrad get nearer to the truth than SGD?",
    options=(
        Option("Those of common features", "Both have many updates for these, and end about as near.",
               belief="They have most of the data.", expects=nearer(COMMON)),
        Option("All alike, it has a better rate", "It has one rate as SGD has. It is divided by another number for each weight.",
               belief="The method is better for every weight."),
        Option("Those of rare features", "Their sums of squared gradients are small, so their few steps are long.", right=True,
               belief="They have few updates.", expects=nearer(RARE)),
        Option("None: dividing by a sum only slows it", "It slows the weights that have moved often, and leaves the others fast.",
               belief="The sum only grows, so the steps only shrink."),
    ),
    experiments={"features": Lab(sparse_features.errors, {"seeds": 8})},
    claims=(
        Claim("error of the weights of the rarest third, Adagrad over SGD", "ratio", Below(0.6), rare("Adagrad", "SGD")),
    ),
    headline=headline,
    picture=picture,
    formula=r"s_j \leftarrow s_j + g_j^2, \qquad w_j \leftarrow w_j - \frac{\eta}{\sqrt{s_j} + \varepsilon}\, g_j",
    answer=(
        "A weight has a gradient only where its feature is there. SGD gives all weights the same rate, which the common features limit; a "
        "rare one gets a handful of steps of that length and stays behind. Adagrad divides each weight's gradient by the root of the sum "
        "of its squares so far. For a rare feature that sum is small, so its few steps are long; for a common one it grows, and the steps "
        "shrink. It is a matter of speed: with more epochs SGD gets there too. Momentum closes most of the gap here, and Adam, "
        "whose memory fades, lies between. The sum never falls, so on long training Adagrad comes to a standstill; RMSprop and Adam "
        "replace it by a running mean."
    ),
    page="pages/optimizers.py",
    turns=(
        Turn("Twenty epochs", "Is there still a difference?", compared(epochs=20)),
        Turn("All features as common", "Which optimizer is ahead when none is rare?", compared(exponent=0.0)),
    ),
    sources=("Duchi, Hazan & Singer 2011, JMLR 12:2121",),
)  # fmt: skip
