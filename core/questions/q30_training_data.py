"""Question 30: what checkpoints give away of the training data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pandas import Series

from core.analysis.claims import Above, Below
from core.charts import compression as charts
from core.charts.parts.specs import Picture
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence, Lab
from core.experiments.claims.reading import by_seed, digits, mean, percent
from core.labs.privacy import data_recovery, gradient_inversion, membership, recovered_pictures
from core.labs.privacy.gradient_inversion import CLOSE
from core.labs.privacy.membership import OVERFITTED, REGULARISED
from core.labs.privacy.recovered_pictures import BATCH, PANELS
from core.questions.question import Option, Question, Turn

ONE, ONE_RELU = "one example, sigmoid", "one example, ReLU"
EIGHT, EIGHT_WIDE = f"{BATCH} examples, sigmoid", f"{BATCH} examples, 512 ReLU units"
LEAKS: dict[str, dict[str, Any]] = {
    ONE: {"activation": "sigmoid"},
    ONE_RELU: {"activation": "relu"},
    EIGHT: {"activation": "sigmoid", "batch_size": BATCH},
    EIGHT_WIDE: {"activation": "relu", "batch_size": BATCH, "hidden": 512},
}


def of_leak(leak: str, number: str) -> Callable[[Evidence], Series]:
    """A number of the read-out by division, indexed by seed."""
    return lambda evidence: by_seed(evidence, "division", number, leak=leak)


def found(evidence: Evidence) -> Series:
    """Whether the search found the whole batch, indexed by seed."""
    return by_seed(evidence, "search", "share").ge(1.0).astype(float)


def attack(column: str) -> Callable[[Evidence], tuple[Series, Series]]:
    """A column of the membership attack on the overfitted network, and on the regularised one."""
    return lambda evidence: (
        by_seed(evidence, "membership", column, model=OVERFITTED),
        by_seed(evidence, "membership", column, model=REGULARISED),
    )


def headline(evidence: Evidence) -> str:
    """The error of the division, the share of searches that succeed, and what the loss tells."""
    searched, right = found(evidence), digits(of_leak(ONE, "blind")(evidence).max())
    known, restrained = (mean(side) for side in attack("auc")(evidence))
    return (
        f"An example alone in its update comes back right to {right} digits; {int(searched.sum())} of {len(searched)} searches "
        f"found a whole batch of {BATCH}. By its loss a training example is told from another in {percent(known)} of pairs, "
        f"after regularisation in {percent(restrained)}."
    )


def picture(evidence: Evidence) -> Picture:
    """One digit as it was, and as it is recovered."""
    return charts.pictures(
        evidence["pictures"].frame, variants=list(PANELS), value_title="ink", grey=True, high=1.0, legend=False, side=170, columns=2
    )


def restrained(data: dict[str, Any]) -> Comparison:
    """The two networks of the membership attack as plain runs."""
    base = {"data": data, "model": {"kind": "mlp", "hidden": [128]}, "training": {"epochs": 40}}
    variants = [
        {"name": OVERFITTED, "optimizer": {"kind": "adam", "lr": 0.003}},
        {"name": REGULARISED, "optimizer": {"kind": "adamw", "lr": 0.003, "weight_decay": 3.0}},
    ]
    return Comparison.load({"base": base, "variants": variants, "seeds": 5})


QUESTION = Question(
    id="30",
    text="When can training data be recovered from checkpoints of the weights?",
    terms=("privacy", "gradient inversion", "membership inference", "federated learning", "memorization", "data leak"),
    topic="data",
    premise="Somebody has two checkpoints of a network, one update of plain SGD apart. The update was of a single picture, or of eight.",
    ask="What can be recovered?",
    options=(
        Option("Nothing: weights are no pictures",
               "The first layer's weights change by the picture times a number, and its biases by that number.",
               belief="A weight is a number that stands for nothing."),
        Option("A single picture, but a batch hides its members",
               "Each weight's update is one equation for the eight pictures, and thousands of weights are equations enough.",
               belief="The update is a mean over eight."),
        Option("A single one exactly, of eight often some or all", "One is a division; eight can be searched for.", right=True,
               belief="The update was computed from the pictures."),
        Option("A blurred likeness at best", "In float64 all but the last digits of a single picture come back.",
               belief="Much is lost on the way through the network."),
    ),
    experiments={
        "division": Lab(data_recovery.recoveries, {"leaks": LEAKS, "seeds": 8}),
        "search": Lab(gradient_inversion.shares, {"seeds": 12, "batch_size": BATCH}),
        "membership": Lab(membership.attacks, {"seeds": 8}),
        "pictures": Lab(recovered_pictures.of_one_example),
    },
    claims=(
        Claim("relative error of a single example, sigmoid", "exact", Below(1e-6), of_leak(ONE, "blind")),
        Claim("relative error of a single example, ReLU", "exact", Below(1e-6), of_leak(ONE_RELU, "blind")),
        Claim(f"relative error of the nearest unit and example of {BATCH}, sigmoid, by division", "exact", Above(0.2),
              of_leak(EIGHT, "nearest")),
        Claim(f"share of {BATCH} examples recovered by division, 512 ReLU units", "mean", Above(0.3), of_leak(EIGHT_WIDE, "share")),
        Claim(f"searches that find all {BATCH} examples to within {CLOSE}, sigmoid", "share", Above(0.05), found),
        Claim("AUC of membership, overfitted minus regularised network", "difference", Above(0.08), attack("auc")),
    ),
    headline=headline,
    picture=picture,
    formula=r"z = Wx + b, \qquad \frac{\partial L}{\partial W_u} = \delta_u\, x, \quad \frac{\partial L}{\partial b_u} = \delta_u, \qquad "
    r"x = \frac{W'_u - W_u}{b'_u - b_u}",
    answer=(
        "The difference of two checkpoints one step of plain SGD apart is a gradient times the learning rate. A unit u of the first layer "
        "adds up its inputs x, each times a weight of the row W, and a bias b; so if the loss L asks for its sum z to change by some "
        "number δ, each weight's gradient is δ times its input, and the bias's is δ itself. The change of the weights from W to W′, "
        "divided by the change of the bias, is then the example itself. For a batch the division gives a weighted mean of the examples, "
        "with sigmoids near none of them. That is no protection: a ReLU unit that is active for one example alone still gives it away, "
        "more so in a wide layer; and a search for a batch with the same gradient, which is told the labels, finds all of it in some "
        "tries. Adam's steps, weight decay, many steps between the checkpoints and large batches make it harder. A checkpoint alone tells "
        "who was in the training set where the network is overfitted: known examples have a lower loss. Regularisation as strong as it is "
        "here hides much of that, and costs accuracy on all data."
    ),
    usual="A batch is often said to protect its examples. It makes the attack harder, not impossible.",
    page="pages/data_recovery.py",
    turns=(
        Turn("Membership: overfitted and regularised", "Who was in the training set? How far is the loss on known examples below others'?",
             restrained({"kind": "mnist1d", "samples": 2000})),
        Turn("Membership, on hardly overfitted digits", "Is there a gap left that gives away who was in the training set?",
             restrained({"kind": "digits"})),
    ),
    sources=("Phong et al. 2018, doi:10.1109/TIFS.2017.2787987",
             "Zhu, Liu & Han 2019, arXiv:1906.08935", "Yeom et al. 2018, arXiv:1709.01604"),
)  # fmt: skip
