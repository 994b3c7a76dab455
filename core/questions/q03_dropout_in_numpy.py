"""Question 03: dropout and a network of two layers in NumPy, forward and backward."""

from __future__ import annotations

import inspect

from pandas import Series

from core.analysis.claims import Below
from core.charts.answer_lines import lines
from core.charts.parts.specs import Picture
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence, Lab
from core.experiments.claims.reading import of_lab, percent
from core.labs import identities
from core.labs.identities import network_checks, numpy_network
from core.questions.question import Option, Question, Turn

MEASURED, EXPECTED = "divided by 1 − p: measured", "divided by 1 − p: √(p / ((1 − p) · masks))"
UNDIVIDED, WRONGLY = "zeros alone: expected", "divided by p: expected"


def trained(**mistake: object) -> Comparison:
    """The same network of two layers, with dropout and without."""
    base = {
        "data": {"kind": "digits", "scale": "minmax"},
        "model": {"kind": "mlp", "hidden": [64]},
        "optimizer": {"kind": "adam", "lr": 0.003},
    }
    return Comparison.load({"base": base | mistake, "vary": {"model.dropout": [0.0, 0.4, 0.8]}, "seeds": 5})


def off(evidence: Evidence, masks: int) -> float:
    """How far the mean over so many masks is from the input."""
    frame = evidence["masks"].frame
    return float(frame.loc[frame["masks"] == masks, "error"].iloc[0])


def distance(factor: float, masks: Series) -> Series:
    """Expected distance of a mean over so many masks from the input, as a share of it, where what is kept is multiplied by this factor.

    The mean is off by |factor · (1 − p) − 1|, and the chance in the masks adds the variance factor² · p · (1 − p) / masks.
    """
    p = network_checks.DROPPED
    return ((factor * (1 - p) - 1) ** 2 + factor**2 * p * (1 - p) / masks) ** 0.5


def headline(evidence: Evidence) -> str:
    """How far NumPy is from autograd, and a mean over masks from the input."""
    worst = evidence["errors"].frame["backward"].max()
    return (
        f"The NumPy gradients differ from autograd's by {worst:.0e} at most. Divided by 1 − p, a unit is off by "
        f"{percent(off(evidence, 1))} with one random mask, and on average over {10_000:,} by {percent(off(evidence, 10_000))}."
    )


def picture(evidence: Evidence) -> Picture:
    """The error of the mean over masks against their number, for dropout as it should be and for two that divide by something else."""
    frame = evidence["masks"].frame.rename(columns={"error": MEASURED, "expected": EXPECTED})
    rules = {UNDIVIDED: 1.0, WRONGLY: 1 / network_checks.DROPPED}
    frame = frame.assign(**{name: distance(factor, frame["masks"]) for name, factor in rules.items()})
    names = [MEASURED, EXPECTED, *rules]
    points = frame.melt("masks", names, "variant", "mean")
    title = "distance of the mean from the input (share, logarithmic)"
    return lines(
        points, variants=names, x="masks", x_title="random masks that the mean is taken over (logarithmic)", y_title=title,
        x_scale="log", y_scale="log",
    )  # fmt: skip


QUESTION = Question(
    id="03",
    text="How is dropout written in NumPy, forward and backward?",
    terms=("dropout", "inverted dropout", "from scratch", "backpropagation", "mask", "NumPy"),
    topic="first steps",
    premise="In training a layer sets each of its outputs to 0 with probability p = 0.4. In evaluation it drops nothing.",
    ask="What else does dropout have to do?",
    options=(
        Option("Nothing else: zeros are enough", "Then the next layer sees 0.6 of the signal in training, and all of it in evaluation.",
               belief="Dropped is dropped."),
        Option(
            "Divide by 1 − p, and use the same mask backwards",
            "So its mean over the masks is the input, and the gradient takes the way that the signal took.",
            right=True,
            belief="Training and evaluation should agree on average.",
        ),
        Option("Draw a new mask for the backward pass", "That is the gradient of another network than the one that gave the loss.",
               belief="Every pass should be random anew."),
        Option("Divide by p what was kept", "With p = 0.4 a share of 0.6 is kept; divided by p, the mean is 1.5 times the input.",
               belief="What was taken away by p is given back by p."),
    ),
    experiments={
        "errors": Lab(identities.table, {"module": "network_checks", "seeds": 8}),
        "masks": Lab(network_checks.sampled_means),
    },
    claims=(
        Claim("error of the outputs against PyTorch's", "exact", Below(1e-12), of_lab("errors", "forward")),
        Claim("error of the gradients against autograd's", "exact", Below(1e-12), of_lab("errors", "backward")),
        Claim("relative error of the gradients against finite differences", "exact", Below(1e-7), of_lab("errors", "differences")),
        Claim("distance from the input of the mean over all 1,024 masks that ten units can have", "exact", Below(1e-12),
              of_lab("errors", "mean_over_masks")),
    ),
    headline=headline,
    picture=picture,
    formula=r"d = h \odot \frac{m}{1-p}, \qquad m_i \sim \mathrm{Bernoulli}(1-p), \qquad "
    r"\frac{\partial L}{\partial h} = \frac{\partial L}{\partial d} \odot \frac{m}{1-p}, \qquad \mathbb{E}_m[d] = h",
    code=inspect.getsource(numpy_network),
    answer=(
        "Forward, draw a mask of ones and zeros, multiply the units by it and divide by 1 − p. Dropout that divides in training is called "
        "inverted: in evaluation there is nothing left to do. Backward, multiply the gradient by the same mask and divide it by 1 − p as "
        "well; a unit that was dropped gets no gradient. The rest is the chain rule, read from the last line of the forward pass to the "
        "first: a matrix product gives back two products with transposed matrices, a bias gets the sum over the examples, a ReLU lets "
        "through what was positive. To check it, compare with autograd on the same mask, or with finite differences. The mean over all "
        "possible masks is exactly the input; over a few random ones it is off by as much as the picture shows, and without the right "
        "division it stays off however many there are. In the formulas h are the units, d what dropout makes of them, m is the mask, ⊙ "
        "multiplies number by number, L is the loss, and E the mean over the masks."
    ),
    page="pages/regularization.py",
    turns=(
        Turn("On digits", "What does more dropout do to both losses?", trained()),
        Turn("With SGD", "Does dropout slow it down?", trained(optimizer={"kind": "sgd", "lr": 0.3})),
    ),
    sources=("Srivastava et al. 2014, JMLR 15:1929",),
)  # fmt: skip
