"""Question 17: weight decay, where it is the squared L2 penalty and where not, and what it does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pandas import Series

from core.analysis.claim_measures import gap
from core.analysis.claims import Above, Below
from core.charts import answers
from core.charts.parts.specs import Picture
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence, Lab
from core.experiments.claims.reading import by_seed, digits, last, mean, of, percent, sides, spread
from core.labs.regularization import decayed_networks
from core.labs.regularization.decayed_networks import NEAREST, PLAIN, WITH_MOMENTUM
from core.questions.question import Option, Question, Turn

WITHOUT, WITH = "no decay", "decay 1"
LOSSES = {"train_loss_eval": "training loss", "val_loss": "validation loss"}
NOISY = {"kind": "digits", "label_noise": 0.4}
ADAMW = {"kind": "adamw", "lr": 0.001, "weight_decay": 0.0}


def compared(data: dict[str, Any] | None = None, optimizer: dict[str, Any] | None = None, decay: float = 1.0) -> Comparison:
    """A large network without and with decay, by default on wrong labels in two of five cases."""
    base = {
        "data": data or NOISY,
        "model": {"kind": "mlp", "hidden": [128, 128]},
        "optimizer": optimizer or ADAMW,
        "training": {"epochs": 50},
    }
    variants = [{"name": WITHOUT, "optimizer.weight_decay": 0.0}, {"name": f"decay {decay:g}", "optimizer.weight_decay": decay}]
    return Comparison.load({"base": base, "variants": variants, "seeds": 8})


def distance(case: str, column: str = "relative") -> Callable[[Evidence], Series]:
    """How far the weights under decay end from those under the penalty, indexed by seed."""
    return lambda evidence: by_seed(evidence, "ends", column, case=case)


def gaps(evidence: Evidence) -> tuple[Series, Series]:
    """Validation minus training loss, without and with decay."""
    found = gap(evidence["noise"].history, "val_loss", "train_loss_eval")
    return of(found, WITHOUT), of(found, WITH)


def headline(evidence: Evidence) -> str:
    """What decay does to the gap, and how near a penalty comes to it with Adam."""
    without, decayed = (mean(side) for side in gaps(evidence))
    nearest = percent(mean(distance(NEAREST)(evidence)))
    same = digits(distance(PLAIN, "largest")(evidence).max())
    return (
        f"With plain SGD decay and penalty agree to {same} digits; with Adam the nearest penalty ends {nearest} away. "
        f"With wrong labels decay brings the gap from training to validation loss from {without:.2f} to {decayed:.2f}."
    )


def picture(evidence: Evidence) -> Picture:
    """Both losses without and with decay."""
    rows = [(name, title, of(last(evidence, "noise", metric), name)) for name in (WITHOUT, WITH) for metric, title in LOSSES.items()]
    return answers.cases(spread(rows), cases=[WITHOUT, WITH], kinds=list(LOSSES.values()), title="loss at the end (nats)")


QUESTION = Question(
    id="17",
    text="What is weight decay, and is it the same as an L2 penalty?",
    terms=("weight decay", "AdamW", "decoupled weight decay", "L2 regularization", "overfitting"),
    topic="regularization",
    premise="Before each step all weights are multiplied by a factor just below 1. Or else s/2 times their squared norm is added to "
    "the loss. Both are tried with plain SGD, with momentum, and with Adam. Another experiment has wrong labels on four in ten "
    "training examples, with decay and without.",
    ask="Where do the two end at the same weights?",
    options=(
        Option("With every optimizer: two names for one thing", "Adam divides the penalty's gradient by the size of all gradients.",
               belief="Both pull all weights towards 0."),
        Option("With SGD, with and without momentum", "Momentum carries the penalty's gradient on, and decay stays out of it.",
               belief="Momentum only averages gradients."),
        Option("With plain SGD alone", "There the penalty's gradient s w is subtracted as it is.", right=True,
               belief="There the gradient is used as it is."),
        Option("Nowhere: one changes the loss, one the weights", "The loss acts through its gradient, which for SGD is the decay.",
               belief="The loss and the weights are different things."),
    ),
    experiments={"ends": Lab(decayed_networks.distances, {"seeds": 8}), "noise": compared()},
    claims=(
        Claim("largest difference of a weight with plain SGD", "exact", Below(1e-12), distance(PLAIN, "largest")),
        Claim("relative distance of the weights with momentum", "exact", Above(0.2), distance(WITH_MOMENTUM)),
        Claim("relative distance of AdamW to the nearest of 21 penalties with Adam", "exact", Above(0.05), distance(NEAREST)),
        Claim("validation loss with wrong labels, decay divided by none", "ratio", Below(0.9), sides("noise", "val_loss", WITH, WITHOUT)),
        Claim("gap between validation and training loss, none minus decay", "difference", Above(0.4), gaps),
    ),
    headline=headline,
    picture=picture,
    formula=r"w \leftarrow w - \eta\,(g + s\,w) = (1 - \eta s)\,w - \eta\,g, \qquad \text{AdamW: } "
    r"w \leftarrow (1 - \eta s)\,w - \eta\,\frac{\hat m}{\sqrt{\hat v} + \varepsilon}",
    answer=(
        "Weight decay of strength s multiplies all weights w by 1 − ηs before each step of the gradient g at the rate η. The gradient of "
        "s/2 ‖w‖² is s w, so for plain SGD the penalty does the same. With momentum the penalty's gradient goes into the running sum of "
        "gradients that momentum keeps, and decay does not. Adam divides the running mean m of the gradients, the penalty's among them, "
        "by the root of the running mean v of their squares (a hat corrects each mean for its start at 0, and ε only keeps from dividing "
        "by 0): weights with large gradients are then decayed less. AdamW takes the decay out of that division and treats all weights "
        "alike; no strength of the penalty gives the same weights. That does not say which of the two is better. Either keeps weights "
        "small unless the data insist: on wrong labels the network learns less by heart, its training loss stays higher and its "
        "validation loss is lower."
    ),
    usual="Weight decay and the squared L2 penalty are often called the same. That is so for plain SGD, and for the same parameters: "
    "torch's weight_decay takes biases too.",
    page="pages/regularization.py",
    turns=(
        Turn("Right labels", "Does decay still lower the validation loss?", compared({"kind": "digits"})),
        Turn("The penalty with Adam", "Is it worse than AdamW's decay?", compared(optimizer={"kind": "adam", "lr": 0.001}, decay=0.01)),
    ),
    sources=("Loshchilov & Hutter 2019, arXiv:1711.05101", "Krogh & Hertz 1991, NeurIPS 4"),
)  # fmt: skip
