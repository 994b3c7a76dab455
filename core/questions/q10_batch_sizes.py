"""Question 10: gradient descent, stochastic gradient descent and mini-batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from core.analysis import claim_measures
from core.analysis.claims import Below, Inside
from core.analysis.shown import layerwise
from core.charts.answer_lines import lines
from core.charts.batch_size import along
from core.charts.parts.specs import Picture
from core.charts.parts.titles import Axis
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence, Lab
from core.experiments.claims.reading import last, mean, of, percent, points
from core.labs.optimization import gradient_noise
from core.questions.question import Figure, Option, Question, Turn

SIZES: dict[str, int | str] = {"batch of 1": 1, "batch of 32": 32, "all at once": "full"}
ONE, MINI, FULL = SIZES
RATES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
BASE: dict[str, Any] = {
    "data": gradient_noise.DIGITS,
    "model": {"kind": "mlp", "hidden": [32]},
    "optimizer": {"kind": "sgd"},
    "training": {"epochs": 5},
}


def name(size: str, rate: float) -> str:
    """The variant's name."""
    return f"{size}, lr={rate:g}"


def compared(**changes: Any) -> Comparison:
    """Each size at each rate."""
    variants = [
        {"name": name(size, rate), "training.batch_size": batch, "optimizer.lr": rate} for size, batch in SIZES.items() for rate in RATES
    ]
    return Comparison.load({"base": BASE | changes, "variants": variants, "seeds": 8})


def equal_updates() -> Comparison:
    """160 updates by mini-batches and by the full batch."""
    variants = [
        {"name": "batch of 32, 5 epochs", "training.batch_size": 32},
        {"name": "all at once, 160 epochs", "training.batch_size": "full", "training.epochs": 160},
    ]
    return Comparison.load({"base": BASE | {"optimizer": {"kind": "sgd", "lr": 1.0}}, "variants": variants, "seeds": 8})


def at_rates(evidence: Evidence, metric: str) -> DataFrame:
    """The metric at each size's rates: curve (the size), place (the rate), seed, value."""
    found = last(evidence, "sizes", metric)
    frames = [
        DataFrame({"curve": size, "place": rate, "seed": numbers.index, "value": numbers.to_numpy()})
        for size in SIZES
        for rate in RATES
        for numbers in [of(found, name(size, rate))]
    ]
    return pd.concat(frames, ignore_index=True)


def at_best(evidence: Evidence, metric: str) -> Series:
    """The metric at each size's own best rate, indexed by size and seed."""
    return claim_measures.at_best(at_rates(evidence, metric), metric)


def ends(evidence: Evidence) -> tuple[Series, Series]:
    """Training loss of mini-batches and of the full batch, each at its own best rate."""
    found = at_best(evidence, "train_loss_eval")
    return found[MINI], found[FULL]


def slope(evidence: Evidence) -> Series:
    """By seed, the slope of log noise against log batch size."""
    return evidence["noise"].frame.groupby("seed")["slope"].first()


def headline(evidence: Evidence) -> str:
    """What five epochs reach."""
    accuracy = at_best(evidence, "train_accuracy")
    one, mini, full = (percent(mean(accuracy[size])) for size in SIZES)
    return (
        f"After five epochs, each at its best rate, batches of 32 get {mini} of the training examples right, batches of one {one}, "
        f"all examples at once {full}. The gradient's noise falls as batch^{mean(slope(evidence)):.2f}."
    )


def picture(evidence: Evidence) -> Picture:
    """Training accuracy against the rate, where no run diverged."""
    places = [(name(size, rate), size, rate) for size in SIZES for rate in RATES]
    frame = points(last(evidence, "sizes", "train_accuracy"), places, "lr")
    return lines(
        frame[np.isfinite(frame["mean"])], variants=list(SIZES), x="lr", x_title="learning rate (logarithmic)",
        y_title="training accuracy after five epochs", x_scale="log",
    )  # fmt: skip


def over(x: Axis) -> Callable[[Evidence], Picture]:
    """The training loss of each size at its own best rate."""

    def draw(evidence: Evidence) -> Picture:
        best = claim_measures.best_places(at_rates(evidence, "train_loss_eval"), "train_loss_eval")
        history, names = evidence["sizes"].history, {name(size, best[size]): size for size in SIZES}
        shown = history[history["variant"].isin(list(names))]
        shown = shown.assign(variant=shown["variant"].map(names))
        return along(shown, variants=list(SIZES), metric="train_loss_eval", x=x, log_y=True, width=800, height=220)

    return draw


def noise(evidence: Evidence) -> Picture:
    """The gradient's noise against the batch size."""
    said = "distance from the gradient of all examples"
    points = layerwise.means(evidence["noise"].frame, ["batch_size"], "noise", log=True).assign(variant=said)
    return lines(
        points, variants=[said], x="batch_size", x_title="batch size (logarithmic)", x_scale="log",
        y_title="noise (logarithmic)", y_scale="log", height=200,
    )  # fmt: skip


QUESTION = Question(
    id="10",
    text="Gradient descent, stochastic gradient descent, mini-batches: what is the difference?",
    terms=("batch size", "SGD", "stochastic gradient", "full batch", "mini-batch", "gradient noise"),
    topic="optimization",
    premise="A network sees its 1,024 training examples five times: one by one, in batches of 32, or all at once. "
    "Each way has the learning rate that suits it best.",
    ask="Which way ends with the highest training loss?",
    options=(
        Option(
            "One by one, since its gradient is so noisy",
            "The noise asks for a lower rate, but its 5,120 updates make up for that.",
            belief="A single example says little about all of them.",
        ),
        Option(
            "All at once",
            "It has the best gradient, but makes five updates where batches of 32 make 160.",
            right=True,
            belief="It moves least often.",
        ),
        Option(
            "Batches of 32, neither exact nor frequent",
            "They end far below the full batch, and use hardware better than single examples.",
            belief="It has the drawbacks of both.",
        ),
        Option(
            "They end alike: all saw the same examples",
            "What they saw is the same; how often they moved is not.",
            belief="An epoch is an epoch.",
        ),
    ),
    experiments={"sizes": compared(), "noise": Lab(gradient_noise.slopes, {"seeds": 8, "draws": 256})},
    claims=(
        Claim("training loss after five epochs, batches of 32 divided by all at once, each at its best rate", "ratio", Below(0.3), ends),
        Claim("slope of the gradient's noise against the batch size, both logarithmic", "mean", Inside(-0.53, -0.47), slope),
    ),
    headline=headline,
    picture=picture,
    figures=(
        Figure("The training loss over the epochs, each at its best rate.", over("epoch")),
        Figure("The same over the updates: an epoch has 1,024 of them, or 32, or one.", over("step")),
        Figure("The same over the seconds that the training took here.", over("seconds")),
        Figure("How far the gradient of a batch is from that of all examples.", noise),
    ),
    formula=r"\theta \leftarrow \theta - \eta\, \frac1B \sum_{i \in \text{batch}} \nabla L_i(\theta), \qquad "
    r"\sqrt{\mathbb{E}\lVert g_B - g\rVert^2} = \frac{\sigma}{\sqrt B}",
    answer=(
        "All three follow the mean gradient of some examples: gradient descent of all, stochastic gradient descent of one, mini-batch SGD "
        "of a few. With batches B times as large the noise is the square root of B times smaller, but the work for an update is B times "
        "larger. So per example seen, small batches get farther, until the noise is the limit. At equal updates the full batch does about "
        "as well; it has just seen many more examples. Batches of one make poor use of hardware that computes on many numbers at once, and "
        "so a moderate batch is the fastest in seconds. In the formulas θ are the weights, η the learning rate, L with index i the loss of "
        "one example, g its mean gradient over all examples, g with index B that over a batch, σ the size of the noise for a single "
        "example, and E the mean over batches."
    ),
    page="pages/batch_size.py",
    turns=(
        Turn("As many updates for both", "Does the full batch catch up?", equal_updates()),
        Turn("Momentum", "How far do five full updates get?", compared(optimizer={"kind": "sgd", "momentum": 0.9})),
    ),
    sources=("Bottou, Curtis & Nocedal 2018, arXiv:1606.04838", "McCandlish et al. 2018, arXiv:1812.06162"),
)
