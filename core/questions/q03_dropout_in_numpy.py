"""Question 03: dropout and a network of two layers in NumPy, forward and backward."""

from __future__ import annotations

import inspect

from core.analysis.claims import Below
from core.charts.answer_lines import lines
from core.charts.parts.specs import Picture
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence, Lab
from core.experiments.claims.reading import of_lab, percent
from core.labs import identities
from core.labs.identities import network_checks, numpy_network
from core.questions.question import Option, Question, Turn

MEASURED, EXPECTED = "measured", "√(p / ((1 − p) · masks))"


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


def headline(evidence: Evidence) -> str:
    """How far NumPy is from autograd, and a mean over masks from the input."""
    worst = evidence["errors"].frame["backward"].max()
    return (
        f"The gradients by hand differ from autograd's by {worst:.0e} at most. With one mask a unit is off by {percent(off(evidence, 1))}, "
        f"on average over {10_000:,} masks by {percent(off(evidence, 10_000))}."
    )


def picture(evidence: Evidence) -> Picture:
    """The error of the mean over masks against their number."""
    frame = evidence["masks"].frame.melt("masks", ["error", "expected"], "variant", "mean")
    points = frame.assign(variant=frame["variant"].map({"error": MEASURED, "expected": EXPECTED}))
    title = "distance of the mean from the input (share, logarithmic)"
    return lines(
        points, variants=[MEASURED, EXPECTED], x="masks", x_title="masks that the mean is taken over (logarithmic)", y_title=title,
        x_scale="log", y_scale="log",
    )  # fmt: skip


QUESTION = Question(
    id="03",
    text="How is dropout written in NumPy, forward and backward?",
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
        Claim("distance of the mean over all 1,024 masks from the input", "exact", Below(1e-12), of_lab("errors", "mean_over_masks")),
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
        "through what was positive. To check it, compare with autograd on the same mask, or with finite differences. The mean over the "
        "masks is the input exactly only over all masks; over a few it is off by as much as the picture shows."
    ),
    page="pages/regularization.py",
    turns=(
        Turn("On digits", "What does more dropout do to both losses?", trained()),
        Turn("With SGD", "Does dropout slow it down?", trained(optimizer={"kind": "sgd", "lr": 0.3})),
    ),
    sources=("Srivastava et al. 2014, JMLR 15:1929",),
)  # fmt: skip
