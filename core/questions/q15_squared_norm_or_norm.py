"""Question 15: the squared L2 norm or the L2 norm as a penalty."""

from __future__ import annotations

from collections.abc import Callable

from pandas import DataFrame, Series

from core.analysis.claims import Above, Below, Inside
from core.analysis.shown import layerwise
from core.charts.answer_lines import lines
from core.charts.parts.specs import Picture
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence, Lab
from core.experiments.claims.reading import mean, of_lab, percent
from core.labs import identities
from core.labs.regularization import unit_norms
from core.labs.regularization.unit_norms import Measure
from core.questions.question import Option, Question, Turn

SQUARED, PLAIN, STEPPED = "l2_squared", "l2_norm_proximal", "l2_norm"
NAMES = {"none": "no penalty", SQUARED: "squared norm", STEPPED: "norm, by its gradient", PLAIN: "norm, by its proximal step"}


def compared(strength: float = 1.0, **changes: object) -> Comparison:
    """The product's own runs under each penalty, at strengths times a factor."""
    base = {
        "data": "moons",
        "model": {"kind": "mlp", "hidden": [unit_norms.HIDDEN]},
        "optimizer": {"kind": "sgd", "lr": 0.1},
        "training": {"epochs": 50, "batch_size": 16},
    }
    variants = [
        {"name": NAMES[SQUARED], "penalty.l2_squared": 0.003 * strength},
        {"name": NAMES[PLAIN], "penalty": {"l2_norm_proximal": 0.008 * strength, "groups": "unit"}},
    ]
    return Comparison.load({"base": base | changes, "variants": variants, "seeds": 5})


def units(measure: Measure, penalty: str) -> Callable[[Evidence], Series]:
    """A measure of the units under one penalty, by seed."""
    return lambda evidence: unit_norms.by_seed(evidence["units"].frame, measure)[penalty].astype(float)


def pair(measure: Measure, first: str, second: str) -> Callable[[Evidence], tuple[Series, Series]]:
    """Of two penalties."""
    return lambda evidence: (units(measure, first)(evidence), units(measure, second)(evidence))


def by_rank(evidence: Evidence) -> DataFrame:
    """The units' norms from the longest to the shortest: penalty, rank, mean, low, high, n."""
    frame = evidence["units"].frame.query("layer == 1")
    frame = frame.assign(rank=frame.groupby(["penalty", "seed"])["norm"].rank(method="first", ascending=False).astype(int))
    return layerwise.means(frame.sort_values("rank"), ["penalty", "rank"], "norm", log=False)


def headline(evidence: Evidence) -> str:
    """How many units are gone, and how long the longest is."""
    gone, none = (mean(side) for side in pair("zero_share", PLAIN, SQUARED)(evidence))
    squared, plain = (mean(side) for side in pair("largest", SQUARED, PLAIN)(evidence))
    return (
        f"At the same training loss the plain norm sets {percent(gone)} of the units to exactly 0 and leaves the longest at {plain:.2f}. "
        f"The squared norm sets {percent(none)} to 0 and holds the longest at {squared:.2f}."
    )


def picture(evidence: Evidence) -> Picture:
    """The norms of the units in order."""
    points = by_rank(evidence).assign(variant=lambda frame: frame["penalty"].map(NAMES))
    shown = [NAMES[penalty] for penalty in ("none", SQUARED, PLAIN)]
    return lines(
        points, variants=shown, x="rank", x_title="hidden units, from the longest to the shortest",
        y_title="norm of a unit's incoming weights",
    )  # fmt: skip


QUESTION = Question(
    id="15",
    text="Squared L2 norm or L2 norm as a penalty: what is the difference?",
    terms=("group lasso", "ridge", "L2 regularization", "penalty", "proximal step", "sparsity"),
    topic="regularization",
    premise="The weights of each hidden unit are a group. One network is trained with the squares of the groups' norms as a penalty, "
    "another with the norms themselves, applied by the proximal step, at strengths that leave them the same training loss.",
    ask="Which of the two removes whole units?",
    options=(
        Option("The norm itself", "Its pull is as strong on a short group as on a long one, so short ones reach 0.", right=True,
               belief="Its pull does not let up near 0."),
        Option("The squared norm, for it punishes harder", "It punishes long groups harder. Its pull dies away as a group gets short.",
               belief="A square punishes more than what is squared."),
        Option("Both, at the same rate", "They have the same minimum, but one pulls with 2‖w‖ and the other with 1.",
               belief="Both are smallest at 0."),
        Option("Neither: only L1 makes zeros", "The norm of a group is to groups what L1 is to single weights.",
               belief="Zeros are what L1 is known for."),
    ),
    experiments={
        "units": Lab(unit_norms.train, {"seeds": list(range(8))}),
        "errors": Lab(identities.table, {"module": "penalty_steps", "seeds": 8}),
    },
    claims=(
        Claim("error of 2w as the gradient of ‖w‖²", "exact", Below(1e-12), of_lab("errors", "squared")),
        Claim("error of w/‖w‖ as the gradient of ‖w‖", "exact", Below(1e-12), of_lab("errors", "norm")),
        Claim("share of units at exactly 0, norm minus squared norm", "difference", Above(0.2), pair("zero_share", PLAIN, SQUARED)),
        Claim("share of units at exactly 0 with the squared norm", "exact", Below(0.0), units("zero_share", SQUARED)),
        Claim("share of units at exactly 0 with the norm by its gradient", "exact", Below(0.0), units("zero_share", STEPPED)),
        Claim("norm of the longest unit, squared norm divided by norm", "ratio", Below(0.9), pair("largest", SQUARED, PLAIN)),
        Claim("training loss, squared norm minus norm", "difference", Inside(-0.01, 0.01), pair("train_loss", SQUARED, PLAIN)),
    ),
    headline=headline,
    picture=picture,
    formula=r"\nabla \lVert w\rVert^2 = 2w, \qquad \nabla \lVert w\rVert = \frac{w}{\lVert w\rVert}, \qquad "
    r"\mathrm{prox}_{\eta s \lVert\cdot\rVert}(w) = \max\left(0,\, 1 - \frac{\eta s}{\lVert w\rVert}\right) w",
    answer=(
        "The gradient of the squared norm is 2w: a long group is pulled hard, a short one hardly at all. So it evens groups out and never "
        "gets one to 0. The gradient of the norm is w/‖w‖, which has length 1 whatever the group's size. Long groups hardly feel it, and "
        "short ones are pulled to 0. There the norm has a corner, and a step along its gradient only jumps back and forth over it. The "
        "proximal step (prox, for a penalty of strength s and a rate η) stops at 0, and only with it are whole units exactly 0 and can be "
        "cut from the network. Within a group both pull in proportion to the weights; what differs is the strength from group to group."
    ),
    usual="L2 regularization is often called the norm, and means its square. Weight decay is the square's too.",
    page="pages/regularization.py",
    turns=(
        Turn("Ten times as strong", "How many weights are left?", compared(10.0)),
        Turn("Larger batches", "Do as many units reach 0?", compared(training={"epochs": 50, "batch_size": 128})),
    ),
    sources=("Yuan & Lin 2006, JRSS B 68", "Scardapane et al. 2017, arXiv:1607.00485"),
)  # fmt: skip
