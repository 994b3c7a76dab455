"""Question 04: activation functions, their derivatives, and what a deep network makes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pandas import DataFrame, Series

from core.analysis.claims import Above, Below
from core.analysis.shown import layerwise
from core.charts import activation_functions, gradient_flow
from core.charts.parts.specs import Picture
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence, Lab
from core.experiments.claims.reading import mean, of, of_lab
from core.labs import identities
from core.labs.identities import jacobians
from core.questions.question import Figure, Option, Question, Turn

STARTS = {"relu": "he", "tanh": "xavier", "sigmoid": "xavier"}
NAMES = {"relu": "ReLU", "tanh": "tanh", "sigmoid": "sigmoid"}
SHOWN = NAMES | {"leaky_relu": "leaky ReLU", "prelu": "PReLU", "elu": "ELU", "gelu": "GELU", "silu": "SiLU"}
BASE: dict[str, Any] = {"model": {"kind": "mlp", "width": 64, "depth": 10}, "training": {"epochs": 1}}


def compared(**model: Any) -> Comparison:
    """Ten layers of each function, each at the start that suits it."""
    variants = [{"name": NAMES[kind], "model.activation": kind, "model.init": init} for kind, init in STARTS.items()]
    return Comparison.load({"base": {**BASE, "model": BASE["model"] | model}, "variants": variants, "seeds": 8})


def first_layer(evidence: Evidence) -> Series:
    """The gradient norm of the first layer before the first update, indexed by variant and seed."""
    start = at_start(evidence)
    return start[start["place"] == 1].set_index(["variant", "seed"])["grad_norm"].astype(float)


def at_start(evidence: Evidence) -> DataFrame:
    """All layers before the first update."""
    return layerwise.at_moment(evidence["deep"].layers, 0.0)


def both(evidence: Evidence) -> tuple[Series, Series]:
    """Of the sigmoid and of ReLU."""
    found = first_layer(evidence)
    return of(found, NAMES["sigmoid"]), of(found, NAMES["relu"])


def slope(side: str) -> Callable[[Evidence], Series]:
    """ReLU's slope at 0: PyTorch's (taken), that from the left or from the right."""

    def numbers(evidence: Evidence) -> Series:
        frame = evidence["slopes"].frame
        return frame[frame["activation"] == "relu"].reset_index()[side].astype(float)

    return numbers


def headline(evidence: Evidence) -> str:
    """How much shorter the sigmoid's gradient is."""
    sigmoid, relu = (mean(side) for side in both(evidence))
    times = float(f"{relu / sigmoid:.2g}")
    return (
        f"Ten layers down the first layer's gradient has a norm of {relu:.2g} with ReLU and of {sigmoid:.1e} with the sigmoid: "
        f"{times:,.0f} times shorter."
    )


def picture(evidence: Evidence) -> Picture:
    """The gradient norm by layer."""
    return gradient_flow.by_layer(at_start(evidence), variants=list(NAMES.values()), title="gradient norm before training", width=800)


def graphs(column: str) -> Callable[[Evidence], Picture]:
    """The eight functions, or their slopes, with those at 0 marked."""

    def draw(evidence: Evidence) -> Picture:
        frame = evidence["curves"].frame
        frame = frame.assign(variant=frame["activation"].map(SHOWN))
        return activation_functions.several(frame, frame[frame["x"] == 0], variants=list(SHOWN.values()), column=column, width=800)

    return draw


QUESTION = Question(
    id="04",
    text="Which activation functions are there, and what do their derivatives do to a deep network?",
    terms=("ReLU", "PReLU", "sigmoid", "tanh", "GELU", "SiLU", "swish", "subgradient", "Jacobian", "vanishing gradients"),
    topic="architecture",
    premise="The derivative of the sigmoid is 0.25 at most, that of ReLU is 0 or 1. A network of ten layers is about to be trained.",
    ask="How much shorter is the first layer's gradient with the sigmoid than with ReLU?",
    options=(
        Option("About four times", "That is one layer's share. The chain rule multiplies the layers' derivatives.",
               belief="The slope is a quarter where ReLU has 1."),
        Option("Hardly: the start makes up for it", "Xavier's start keeps the signal of a linear network; here it is shrunk once a layer.",
               belief="A good start keeps gradients at their size."),
        Option("Over a hundred thousand times", "Ten layers multiply ten derivatives, each a quarter at most.", right=True,
               belief="The chain rule multiplies the slopes of all layers."),
        Option("It is longer: ReLU is 0 for half of all inputs", "He initialization makes up for that half with weights √2 times as large.",
               belief="Half of ReLU's units pass nothing back."),
    ),
    experiments={
        "deep": compared(),
        "jacobians": Lab(identities.table, {"module": "jacobians", "seeds": 8}),
        "slopes": Lab(jacobians.slopes),
        "curves": Lab(jacobians.curves),
    },
    claims=(
        Claim("first layer's gradient norm, sigmoid divided by ReLU", "ratio", Below(0.01), both),
        Claim("error of diag(s(1 − s)) as the sigmoid's Jacobian", "exact", Below(1e-15), of_lab("jacobians", "sigmoid")),
        Claim("error of diag(f′(x)) for all eight functions", "exact", Below(1e-12), of_lab("jacobians", "elementwise")),
        Claim("error of diag(s) − ssᵀ as softmax's Jacobian", "exact", Below(1e-12), of_lab("jacobians", "softmax")),
        Claim("PyTorch's slope of ReLU at 0", "exact", Below(0.0), slope("taken")),
        Claim("ReLU's slope just above 0", "exact", Above(1.0), slope("right")),
    ),
    headline=headline,
    picture=picture,
    figures=(
        Figure("The eight functions.", graphs("value")),
        Figure("Their derivatives. A dot at 0 is the slope that PyTorch takes there: at a corner any between those of both sides would do.",
               graphs("slope")),
    ),
    formula=r"\sigma' = \sigma(1-\sigma) \le \tfrac14, \qquad \tanh' = 1 - \tanh^2 \le 1, \qquad \mathrm{ReLU}'(0) \in [0, 1], \qquad "
    r"J_\sigma(x) = \mathrm{diag}\big(\sigma(x)(1 - \sigma(x))\big)",
    answer=(
        "Sigmoid and tanh flatten out on both sides, so their derivatives go to 0; the sigmoid's is a quarter at most even in the middle. "
        "The chain rule multiplies one derivative a layer, and ten quarters are a millionth: the gradient vanishes. ReLU has a slope of 1 "
        "wherever it is on, so a deep network keeps its gradient if it starts as He et al. advise. Leaky ReLU, PReLU and ELU have a slope "
        "on the left too, GELU and SiLU are smooth and dip below 0. ReLU is not differentiable at 0: every number from 0 to 1 is a "
        "subgradient there, and PyTorch takes 0. On a vector x a sigmoid σ acts number by number, so its Jacobian J, the matrix of all "
        "derivatives, is diagonal. Softmax is not elementwise, since its outputs share a sum, and its Jacobian is full."
    ),
    page="pages/gradient_flow.py",
    turns=(
        Turn("Batch norm", "Does the sigmoid's gradient still vanish?", compared(normalization="batch")),
        Turn("Two layers", "How large is the difference now?", compared(depth=2)),
    ),
    sources=("Glorot & Bengio 2010, AISTATS", "He et al. 2015, arXiv:1502.01852"),
)  # fmt: skip
