"""Question 19: Adagrad on features of which some are rare."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
from core.questions.question import Option, Question, Turn

COMMON, RARE = THIRDS[0], THIRDS[-1]
ALL_COMMON = {"SGD": 0.03, "SGD with momentum": 0.005, "Adam": 0.1, "Adagrad": 1.0}
"""Each optimizer's best of a grid, by validation loss, where every feature is in half of the examples: a common shift of all features makes
the loss far steeper in one direction, so that SGD diverges at its rate for the rare ones."""


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
    title = "RMS error of the weights (of 0.5 to 1.5)"
    return answers.cases(spread(rows), cases=list(THIRDS), kinds=kinds, title=title, zero="exact")


def compared(epochs: int = 3, rates: Mapping[str, float] | None = None, **data: Any) -> Comparison:
    """The four optimizers as plain runs, at other rates where some are given."""
    optimizers = {name: settings | ({"lr": rates[name]} if rates else {}) for name, settings in OPTIMIZERS.items()}
    variants = [{"name": name, "optimizer": settings} for name, settings in optimizers.items()]
    base = {"data": {"kind": "zipf", **data}, "model": "linear", "training": {"epochs": epochs, "batch_size": 8}}
    return Comparison.load({"base": base, "variants": variants, "seeds": 8})


QUESTION = Question(
    id="19",
    text="Why is Adagrad a good choice for sparse gradients?",
    terms=("Adagrad", "sparse features", "adaptive learning rate", "rare words", "embeddings", "Zipf"),
    topic="optimization",
    premise="A linear model has a hundred features. The commonest is there in every second example, the rarest in one of two hundred, as "
    "with words. Three epochs are trained, each optimizer at its best rate.",
    ask="Where does Adagrad bring the error of the weights furthest below SGD's?",
    options=(
        Option("At common features", "Both have many updates for these, so SGD is near the truth already and there is little to gain.",
               belief="They have most of the data.", marks=COMMON),
        Option("At all features alike", "It has one rate as SGD has, but divides it by another number for each weight.",
               belief="The method is better for every weight."),
        Option("At rare features", "Their sums of squared gradients are small, so their few steps are long.", right=True,
               belief="They have few updates.", marks=RARE),
        Option("Nowhere: it only slows down", "It slows the weights that have moved often, and leaves the others fast.",
               belief="The sum only grows, so the steps only shrink."),
    ),
    experiments={"features": Lab(sparse_features.errors, {"seeds": 8})},
    claims=(
        Claim("error of the weights of the rarest third, Adagrad divided by SGD", "ratio", Below(0.6), rare("Adagrad", "SGD")),
    ),
    headline=headline,
    picture=picture,
    formula=r"s_j \leftarrow s_j + g_j^2, \qquad w_j \leftarrow w_j - \frac{\eta}{\sqrt{s_j} + \varepsilon}\, g_j",
    answer=(
        "A weight w has a gradient g only where its feature is there. SGD gives all weights the same rate, which the common features "
        "limit; a rare one gets a handful of steps of that length and stays behind. Adagrad divides the learning rate η of each weight by "
        "the root of s, the sum of its squared gradients so far (ε keeps it from dividing by 0). For a rare feature that sum is small, so "
        "its few steps are long; for a common one it grows, and the steps shrink. It is a matter of speed: with more epochs SGD gets there "
        "too. Momentum closes most of the gap here, and Adam, whose memory fades, lies between. The sum never falls, so on long training "
        "Adagrad comes to a standstill; RMSprop and Adam replace it by a running mean."
    ),
    page="pages/optimizers.py",
    turns=(
        Turn("Twenty epochs", "Is there still a difference?", compared(epochs=20)),
        Turn("All features as common", "Each optimizer is at its best rate for these data. Is Adagrad still ahead?",
             compared(rates=ALL_COMMON, exponent=0.0)),
    ),
    sources=("Duchi, Hazan & Singer 2011, JMLR 12:2121",),
)  # fmt: skip
