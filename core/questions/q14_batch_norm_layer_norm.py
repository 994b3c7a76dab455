"""Question 14: batch norm against layer norm over batch sizes."""

from __future__ import annotations

from collections.abc import Callable

from pandas import Series

from core.analysis.claim_measures import difference_of_differences
from core.analysis.claims import Above, Below
from core.charts import answers, normalization
from core.charts import compression as charts
from core.charts.parts.specs import Picture
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence, Lab
from core.experiments.claims.reading import by_seed, frame, last, mean, of, percent, points, spread
from core.labs.networks import norm_axes, norm_modes
from core.questions.question import Figure, Option, Question, Turn

SIZES = (2, 4, 16, 64, 256)
NORMS = {"none": "no norm", "batch": "batch norm", "layer": "layer norm"}
BATCH, LAYER = "batch", "layer"
FEW, MANY = 2, 64
"""Sizes of the batches on which the outputs in training and in evaluation mode are compared."""
BASE = {
    "data": {"kind": "digits", "validation_fraction": 0.33, "test_fraction": 0.1},
    "optimizer": {"kind": "adam", "lr": 0.003},
    "training": {"epochs": 5},
}
"""1,024 training examples, which every batch size divides."""


def compared(norms: tuple[str, ...] = tuple(NORMS), **changes: object) -> Comparison:
    """Each norm at each batch size."""
    variants = [
        {"name": f"{NORMS.get(norm, f'{norm} norm')}, {size}", "model.normalization": norm, "training.batch_size": size}
        for norm in norms
        for size in SIZES
    ]
    return Comparison.load({"base": {**BASE, **changes}, "variants": variants, "seeds": 8})


def lost(evidence: Evidence) -> Series:
    """What batch norm loses from batches of 64 to batches of 2, minus what layer norm loses, by seed."""
    accuracy = last(evidence, "sizes", "val_accuracy")
    batch, layer = ((of(accuracy, f"{norm}, 64"), of(accuracy, f"{norm}, 2")) for norm in ("batch norm", "layer norm"))
    return difference_of_differences(batch, layer)


def apart(norm: str) -> Callable[[Evidence], Series]:
    """By seed, the largest difference between a network's outputs in training and in evaluation mode, over both sizes."""
    return lambda evidence: frame(evidence, "modes", norm=norm).groupby("seed")["largest"].max()


def headline(evidence: Evidence) -> str:
    """What two examples in a batch do to either."""
    accuracy = last(evidence, "sizes", "val_accuracy")
    usual, small, layer = (mean(of(accuracy, name)) for name in ("batch norm, 64", "batch norm, 2", "layer norm, 2"))
    return (
        f"With two examples in a batch, batch norm is at {percent(small)} accuracy, with 64 at {percent(usual)}. "
        f"Layer norm is at {percent(layer)} with two."
    )


def picture(evidence: Evidence) -> Picture:
    """Accuracy against the batch size."""
    places = [(f"{norm}, {size}", norm, size) for norm in NORMS.values() for size in SIZES]
    frame = points(last(evidence, "sizes", "val_accuracy"), places, "batch")
    return charts.trade_off(
        frame,
        variants=list(NORMS.values()),
        x="batch",
        x_title="batch size (logarithmic)",
        y_title="validation accuracy",
        width=800,
    )


def both_modes(evidence: Evidence) -> Picture:
    """How far the two modes are apart, by the size of the batch."""
    rows = [
        (f"batches of {size}", NORMS[norm], by_seed(evidence, "modes", "typical", norm=norm, size=size))
        for size in (FEW, MANY)
        for norm in (BATCH, LAYER)
    ]
    return answers.cases(
        spread(rows),
        cases=[f"batches of {size}" for size in (FEW, MANY)],
        kinds=[NORMS[norm] for norm in (BATCH, LAYER)],
        title="difference between the modes / spread of the outputs",
        zero="the same",
    )


def averaged(norm: str) -> Callable[[Evidence], Picture]:
    """Which outputs of a layer are averaged together."""

    def draw(evidence: Evidence) -> Picture:
        cells = frame(evidence, "axes", kind=norm)
        names = list(cells.drop_duplicates("set").sort_values("set")["name"])
        return normalization.axes(cells, value="x", sets=names, chosen=0)

    return draw


QUESTION = Question(
    id="14",
    text="Batch norm or layer norm: what is the difference?",
    terms=("BatchNorm", "LayerNorm", "group norm", "RMS norm", "running statistics", "small batches", "eval mode", "normalization"),
    topic="architecture",
    premise="Both bring the outputs of a layer to mean 0 and variance 1. Networks with either are trained with batches of 256 down to 2.",
    ask="What happens with two examples in a batch?",
    options=(
        Option(
            "Both suffer, for small batches are noisy",
            "Layer norm looks at one example at a time: the batch is nothing to it.",
            belief="The gradient of two examples says little.",
        ),
        Option(
            "Batch norm suffers, layer norm does not",
            "Its mean and variance come from two examples alone.",
            right=True,
            belief="They need not take their means over the same numbers.",
        ),
        Option(
            "Neither: both normalise the same numbers",
            "They average over different axes: over the examples, or over the units.",
            belief="The formula is the same.",
        ),
    ),
    experiments={
        "sizes": compared(),
        "modes": Lab(norm_modes.differences, {"norms": [BATCH, LAYER], "sizes": [FEW, MANY], "seeds": 8}),
        "axes": Lab(norm_axes.tables, {"kinds": [BATCH, LAYER]}),
    },
    claims=(
        Claim("accuracy lost from batches of 64 to batches of 2, batch norm minus layer norm", "mean", Above(0.1), lost),
        Claim("layer norm: largest difference between the outputs in training and in evaluation mode", "exact", Below(0.0), apart(LAYER)),
    ),
    headline=headline,
    picture=picture,
    figures=(
        Figure("The same network on the same examples in training mode and in evaluation mode.", both_modes),
        Figure("Outputs of a layer, a row a unit and a column an example. Batch norm averages over a row.", averaged(BATCH)),
        Figure("Layer norm averages over a column.", averaged(LAYER)),
    ),
    formula=r"y = \gamma\,\frac{x - \mu}{\sqrt{\sigma^2 + \varepsilon}} + \beta, \qquad "
    r"\mu_{\text{batch}} = \frac{1}{B}\sum_b x_{bh}, \quad \mu_{\text{layer}} = \frac{1}{H}\sum_h x_{bh}",
    answer=(
        "Both subtract a mean and divide by a standard deviation; they differ in what they average over. Batch norm takes each unit's "
        "mean over the examples of the batch, layer norm each example's mean over the units of the layer. With two examples in a batch a "
        "unit's normalised output is +1 for one and −1 for the other, whatever it was: hardly anything of the example is left. Batch norm "
        "also needs running averages, since at test time there may be no batch, and these are as poor as the batches were. Layer norm "
        "does the same in training and at test time, to the last bit. So it is what transformers and recurrent networks use. This small "
        "network does as well without any norm; norms pay in deep ones. In the formulas x goes in and y comes out, μ and σ² are the mean "
        "and the variance, b counts the B examples of the batch and h the H units of the layer, γ and β are learned, and ε keeps from "
        "dividing by 0."
    ),
    page="pages/normalization.py",
    turns=(
        Turn("Group and RMS norm", "Do they fall with the batch?", compared(("batch", "group", "rms"))),
        Turn("The same for SGD", "Is it a matter of the optimizer?", compared(optimizer={"kind": "sgd", "lr": 0.05})),
    ),
    sources=("Ioffe & Szegedy 2015, arXiv:1502.03167", "Ba, Kiros & Hinton 2016, arXiv:1607.06450", "Wu & He 2018, arXiv:1803.08494"),
)
