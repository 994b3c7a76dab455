"""Question 12: weights that fluctuate a lot late in training, and what helps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pandas import Series

from core.analysis.claim_measures import late_mean, late_spread
from core.analysis.claims import Above, Below
from core.charts import answers
from core.charts.parts.specs import Picture
from core.charts.results import curves
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence
from core.experiments.claims.reading import mean, of, spread, times
from core.questions.question import Figure, Option, Question, Turn

CONSTANT, DECAYED, STOPPED = "constant rate", "rate cut to a tenth", "early stopping"
REMEDIES: dict[str, dict[str, Any]] = {
    CONSTANT: {},
    DECAYED: {"schedule": {"kind": "step", "every": 20, "gamma": 0.1}},
    "batch of 64": {"training.batch_size": 64},
    "squared L2": {"penalty.l2_squared": 0.001},
    "batch norm": {"model.normalization": "batch", "training.drop_last": True},
    STOPPED: {"stopping": {"kind": "patience", "patience": 5}},
}
BASE: dict[str, Any] = {
    "data": {"kind": "digits", "scale": "minmax", "label_noise": 0.2},
    "model": {"kind": "mlp", "hidden": [32]},
    "optimizer": {"kind": "sgd", "lr": 0.2},
    "training": {"epochs": 40, "batch_size": 8},
}


def compared(**changes: Any) -> Comparison:
    """One network with each remedy."""
    variants = [{"name": name, **remedy} for name, remedy in REMEDIES.items()]
    return Comparison.load({"base": {**BASE, **changes}, "variants": variants, "seeds": 8})


def spreads(evidence: Evidence) -> tuple[Series, Series]:
    """Standard deviation of the validation loss over the last ten epochs, at a constant rate and after the cut."""
    late = late_spread(evidence["remedies"].history)
    return of(late, CONSTANT), of(late, DECAYED)


def levels(evidence: Evidence) -> tuple[Series, Series]:
    """Its mean over the same epochs, after the cut and at a constant rate."""
    late = late_mean(evidence["remedies"].history)
    return of(late, DECAYED), of(late, CONSTANT)


def changes(evidence: Evidence) -> tuple[Series, Series]:
    """How far the weights move in an epoch, the mean of the same epochs, at a constant rate and after the cut."""
    late = late_mean(evidence["remedies"].history, "weight_change")
    return of(late, CONSTANT), of(late, DECAYED)


def headline(evidence: Evidence) -> str:
    """What the cut does to the last epochs."""
    (constant, decayed), (moved, calmed) = ((mean(side) for side in sides(evidence)) for sides in (spreads, changes))
    return (
        f"At a constant rate the validation loss scatters by {constant:.3f} over the last ten epochs; "
        f"with the rate cut to a tenth, by {decayed:.3f}. "
        f"At the constant rate the weights move {times(moved / calmed)} as far in an epoch."
    )


def picture(evidence: Evidence) -> Picture:
    """The validation loss over the second half of training, in which the rate is cut; a run that stopped early has ended by then."""
    history = evidence["remedies"].history
    late = history[history["epoch"] >= history["epoch"].max() / 2]
    variants = [name for name in REMEDIES if name != STOPPED]
    return curves.loss_curves(late, variants=variants, with_train=False, with_seeds=False, width=800)


def late(metric: str, measure: Callable[..., Series] = late_mean) -> Callable[[Evidence], Series]:
    """A metric's mean, or another measure of it, over each run's last ten epochs."""
    return lambda evidence: measure(evidence["remedies"].history, metric)


def of_each(
    title: str, kinds: dict[str, Callable[[Evidence], Series]], zero: str = "", *, log: bool = False
) -> Callable[[Evidence], Picture]:
    """Numbers of each run's last ten epochs, a row a remedy."""

    def draw(evidence: Evidence) -> Picture:
        rows = [(name, kind, of(found, name)) for kind, numbers in kinds.items() for found in [numbers(evidence)] for name in REMEDIES]
        return answers.cases(spread(rows), cases=list(REMEDIES), kinds=list(kinds), title=title, zero=zero, log=log)

    return draw


QUESTION = Question(
    id="12",
    text="The weights fluctuate a lot: what does it mean, and what helps?",
    terms=("oscillation", "noisy updates", "learning rate decay", "convergence", "weight change"),
    topic="optimization",
    premise="A network is trained by SGD with small batches and a constant rate; a fifth of its training labels are wrong. Late in "
    "training its weights keep moving, and its loss jumps from epoch to epoch.",
    ask="What calms it most, at no worse loss?",
    options=(
        Option(
            "More epochs",
            "The jumps do not end by themselves: rate and noise of the gradient stay what they are.",
            belief="It will settle in time.",
        ),
        Option(
            "A lower rate at the end",
            "Each noisy step then moves the weights a tenth as far, and they settle.",
            right=True,
            belief="Each step moves the weights less.",
        ),
        Option(
            "An L2 penalty",
            "It makes the weights smaller, and the same steps are then larger beside them.",
            belief="It holds the weights back.",
        ),
    ),
    experiments={"remedies": compared()},
    claims=(
        Claim("scatter of the late validation loss, constant rate divided by cut rate", "ratio", Above(3), spreads),
        Claim("late validation loss, cut rate minus constant rate", "difference", Below(0.0), levels),
        Claim("weight change in a late epoch, constant rate divided by cut rate", "ratio", Above(5), changes),
    ),
    headline=headline,
    picture=picture,
    figures=(
        Figure(
            "How far the weights move in an epoch, over each run's last ten.",
            of_each("weight change per epoch (logarithmic)", {"weight change": late("weight_change")}, log=True),
        ),
        Figure(
            "Whether an update goes on where the one before it went, or back: the cosine between the two.",
            of_each("cosine of successive updates", {"cosine": late("update_cosine")}, "at right angles"),
        ),
        Figure(
            "The validation loss over the same epochs: its mean, and how much it jumps (its standard deviation).",
            of_each("validation loss (nats, logarithmic)", {"mean": late("val_loss"), "jumps": late("val_loss", late_spread)}, log=True),
        ),
    ),
    formula=r"w_{t+1} = w_t - \eta\,(\nabla L + \text{noise}), \qquad \text{variance of } w \text{ around a minimum} \propto \eta / B",
    answer=(
        "Near a minimum the mean gradient of the loss L is small, and what moves the weights is the noise of the mini-batches. The "
        "weights w then wander around the minimum: how far grows with the learning rate η, and falls with the batch size B. Successive "
        "updates have a cosine near 0 or below: they go sideways and back, not on. So the first remedy is to lower the rate towards the "
        "end; a larger batch does the same at a higher price. Early stopping ends the run before the late epochs and leaves the cause as "
        "it is; averaging the weights hides the jumps. L2 and batch norm change the scale of the weights and may even raise their "
        "relative change. If the loss jumps from the start, the rate is too high altogether."
    ),
    page="pages/learning_rate.py",
    turns=(
        Turn("Batches of 64 for all", "How much is left to calm?", compared(training={"epochs": 40, "batch_size": 64})),
        Turn("Clean labels", "Is there noise enough to scatter?", compared(data={"kind": "digits", "scale": "minmax"})),
    ),
    sources=("Bottou, Curtis & Nocedal 2018, arXiv:1606.04838", "Smith & Le 2018, arXiv:1710.06451"),
)
