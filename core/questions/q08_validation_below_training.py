"""Question 08: a validation loss below the training loss, taken apart."""

from __future__ import annotations

from collections.abc import Callable

from pandas import Series

from core.analysis.claim_measures import gap
from core.analysis.claims import Above, Below
from core.analysis.shown import layerwise
from core.charts import answers
from core.charts.answer_lines import lines
from core.charts.parts.specs import Picture
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence
from core.experiments.claims.reading import mean, of, spread
from core.questions.question import Figure, Option, Question, Turn

EASIER, HARDER = "easier validation set", "harder validation set"
LOGGED, AFTER, PENALISED = "train_loss", "train_loss_eval", "with_penalty"
BASE = {"data": {"kind": "digits", "scale": "minmax"}, "optimizer": {"kind": "adam", "lr": 0.003}}
TAKEN = {"as logged": LOGGED, "measured after the epoch": AFTER, "as logged, with the penalty": PENALISED}
VARIANTS: list[dict[str, object]] = [
    {"name": "plain"},
    {"name": "dropout 0.5", "model.dropout": 0.5},
    {"name": "squared L2", "penalty.l2_squared": 0.003},
    {"name": "20 % wrong training labels", "data.label_noise": 0.2},
    {"name": EASIER, "data.validation_split": "easier"},
    {"name": HARDER, "data.validation_split": "harder"},
]
"""Labels of validation are always right. Easier and harder: of each class those nearest to its centre, or farthest from it."""

EARLY = 3.0
"""The epoch after which the easier set is judged: later both losses are near 0, and so is their difference."""

DROPOUTS = [{"name": f"dropout {rate}", "model.dropout": rate} for rate in (0.2, 0.8)]
SMOOTHED = {"name": "label smoothing", "training.label_smoothing": 0.1}


def compared(*variants: dict[str, object]) -> Comparison:
    """Networks whose two losses differ for another reason each."""
    return Comparison.load({"base": BASE, "variants": list(variants or VARIANTS), "seeds": 8})


def difference(variant: str, training: str, epoch: float | None = None) -> Callable[[Evidence], Series]:
    """Validation loss minus training loss by seed, the latter as logged, measured after the epoch, or with the penalty added."""

    def numbers(evidence: Evidence) -> Series:
        history = evidence["causes"].history
        history = history.assign(with_penalty=history["train_loss"] + history["penalty"].fillna(0))
        return of(gap(history, "val_loss", training, epoch), variant)

    return numbers


def harder(evidence: Evidence) -> tuple[Series, Series]:
    """The gap at the end, measured alike: with the harder set, with one drawn at random."""
    return difference(HARDER, AFTER)(evidence), difference("plain", AFTER)(evidence)


def headline(evidence: Evidence) -> str:
    """The gap with dropout, as logged and as measured."""
    logged, after = (mean(difference("dropout 0.5", column)(evidence)) for column in (LOGGED, AFTER))
    return (
        f"With dropout the validation loss lies {abs(logged):.2f} {'below' if logged < 0 else 'above'} the training loss as logged, which "
        "is taken with dropout on. "
        f"Measured without dropout after the epoch it lies {abs(after):.2f} {'below' if after < 0 else 'above'} it."
    )


def picture(evidence: Evidence) -> Picture:
    """The gap of each variant, by how the training loss is taken."""
    rows = [
        (str(variant["name"]), how, difference(str(variant["name"]), column)(evidence))
        for variant in VARIANTS
        for how, column in TAKEN.items()
        if column != PENALISED or variant["name"] == "squared L2"
    ]
    names = [str(variant["name"]) for variant in VARIANTS]
    title = "validation loss minus training loss (nats)"
    return answers.cases(spread(rows), cases=names, kinds=list(TAKEN), title=title, zero="equal")


def over_epochs(evidence: Evidence) -> Picture:
    """The gap after each epoch, both losses measured alike."""
    history = evidence["causes"].history
    later = history[history["epoch"] >= 1]
    points = layerwise.means(later.assign(gap=later["val_loss"] - later[AFTER]), ["variant", "epoch"], "gap", log=False)
    return lines(
        points,
        variants=[str(variant["name"]) for variant in VARIANTS],
        x="epoch",
        x_title="epochs",
        y_title="validation loss minus training loss (nats)",
        level=(0.0, "equal"),
    )


QUESTION = Question(
    id="08",
    text="How can the validation loss be below the training loss?",
    terms=("generalization gap", "overfitting", "train and eval mode", "validation set", "distribution mismatch", "dropout"),
    topic="first steps",
    premise="A network with dropout has a lower loss on validation data, which it never saw, than on its training data.",
    ask="What is the likely reason?",
    options=(
        Option(
            "The network generalises better than it fits",
            "Measured alike, its loss is higher on the data that it has not seen.",
            belief="The numbers say so.",
        ),
        Option(
            "The two are not measured alike",
            "The training loss is taken with dropout on; measured without, it is lower.",
            right=True,
            belief="Something is on in training that is off in validation.",
        ),
        Option(
            "There is a bug, this cannot be",
            "It can be without one: dropout, penalties, averages over the epoch, an easier set.",
            belief="A network is best on what it has seen.",
        ),
    ),
    experiments={"causes": compared()},
    claims=(
        Claim("gap with dropout, as logged", "mean", Below(-0.1), difference("dropout 0.5", LOGGED)),
        Claim("gap with dropout, measured after the epoch", "mean", Above(0.0), difference("dropout 0.5", AFTER)),
        Claim("gap of the plain network in the first epoch, as logged", "mean", Below(-0.2), difference("plain", LOGGED, 1.0)),
        Claim("gap of the plain network in the first epoch, measured after it", "mean", Above(-0.05), difference("plain", AFTER, 1.0)),
        Claim("gap with the penalty added to the training loss", "mean", Below(-0.1), difference("squared L2", PENALISED)),
        Claim("gap with a fifth of the training labels wrong, measured after the epoch", "mean", Below(-0.1),
              difference("20 % wrong training labels", AFTER)),
        Claim(f"gap with the easier set after {EARLY:g} epochs, measured after the epoch", "mean", Below(-0.1),
              difference(EASIER, AFTER, EARLY)),
        Claim("gap, measured after the epoch, the harder set minus one drawn at random", "difference", Above(0.3), harder),
    ),
    headline=headline,
    picture=picture,
    figures=(
        Figure("The gap after each epoch, both losses measured alike: in evaluation mode, without the penalty.", over_epochs),
    ),
    answer=(
        "As a rule the two losses are not measured alike. Dropout is on while the training loss is taken, and off for validation. A "
        "penalty is often part of the one and not of the other. The training loss as logged is a mean over an epoch in which the network "
        "still improves, the validation loss is taken at its end: in the first epochs that alone turns the order. All three go away when "
        "the training data are measured as the validation data are: in evaluation mode, without the penalty, after the epoch. If the gap "
        "stays, the validation set is easier: the split is uneven, or the training data are noisier or augmented, here by wrong labels. "
        "An easier set shows early, while there is loss to compare; a harder one opens the gap the other way, and that looks like "
        "overfitting."
    ),
    turns=(
        Turn("More dropout", "How far does the gap as logged go?", compared(*DROPOUTS)),
        Turn("Label smoothing", "Which of the two losses does it raise?", compared({"name": "plain"}, SMOOTHED)),
    ),
    sources=("Srivastava et al. 2014, JMLR 15:1929",),
)  # fmt: skip
