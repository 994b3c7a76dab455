"""Comparisons of batch sizes, and the rules that scale a learning rate with the batch size."""

from __future__ import annotations

from pandas import DataFrame, Series

from core.analysis import frames
from core.analysis.claims import Below, Inside
from core.analysis.sensitivity import PLACES
from core.comparison import Comparison
from core.experiments.claims import reading
from core.experiments.claims.claim import Claim, Evidence
from core.experiments.claims.claiming import ends, ratio
from core.experiments.experiment import RUNS, Experiment

RULES = {"lr fixed": 0.0, "lr × √k": 0.5, "lr × k": 1.0}
"""The learning rate grows with this power of k, the factor of the batch size."""

HIGHEST_RATE = 1e3


def sizes(comparison: Comparison) -> list[int]:
    """The varying batch sizes, ascending, without "full"."""
    return sorted({size for run in comparison.runs() if isinstance(size := run.training.batch_size, int)})


def scaled(comparison: Comparison, reference: int) -> Comparison:
    """Every rule at every batch size as a named variant. At the reference, where all rules agree, they are one variant.

    Raises SettingsError for settings that do not go together.
    """
    lr = float(comparison.base.optimizer.lr)
    variants = [
        {"name": f"{rule}, B={size}", "training.batch_size": size, "optimizer.lr": rate(lr, size / reference, power)}
        for rule, power in RULES.items()
        for size in sizes(comparison)
    ]
    return Comparison.load({"base": comparison.base, "variants": variants, "seeds": comparison.seeds})


def rate(lr: float, factor: float, power: float) -> float:
    """lr * factor^power, clipped to the allowed range, with 6 digits so that names and links are readable."""
    return min(HIGHEST_RATE, float(f"{lr * factor**power:.6g}"))


def rule_places(comparison: Comparison, reference: int) -> DataFrame:
    """variant, curve (the rule), place (the batch size). A variant belongs to the curve of every rule that gives its learning rate.

    `reference` is the batch size of the base's learning rate; there all rules agree.
    """
    lr = float(comparison.base.optimizer.lr)
    at = [(size, name, run) for name, run in comparison.settings.items() if isinstance(size := run.training.batch_size, int)]
    rows = [
        (name, rule, float(size))
        for rule, power in RULES.items()
        for size, name, run in sorted(at, key=lambda row: row[0])
        if run.optimizer.lr == rate(lr, size / reference, power)
    ]
    return frames.of_rows(rows, PLACES)


PAGE = "batch_size"

START = Comparison.load(
    {
        "base": {"model": {"kind": "mlp", "hidden": (32,)}, "optimizer": {"kind": "sgd", "lr": 0.03}, "training": {"epochs": 5}},
        "vary": {"training.batch_size": (1, 4, 16, 64, 256, "full")},
        "seeds": 3,
    }
)
"""SGD on the digits with batches from one example to all of them."""

SMALL, LARGE = "batch_size=4", "batch_size=256"
SAME_UPDATES = 68
"""Number of updates after one epoch in batches of 16, and after four epochs in batches of 64, for 1,078 training examples."""


def _after_updates(evidence: Evidence) -> tuple[Series, Series]:
    """The training loss at the last measurement within this number of updates: for batches of 64, of 16."""
    history = evidence[RUNS].history
    rows = history[history["step"] <= SAME_UPDATES].groupby(["variant", "seed"])["train_loss_eval"].last()
    return reading.pair(rows, "batch_size=64", "batch_size=16")


EXPERIMENTS = (
    Experiment(
        PAGE,
        "updates, epochs, seconds",
        "The same runs on three axes. Per epoch, small batches are ahead, because they make more updates. Per update, the curves are close "
        "to each other until noise matters, so most of that lead comes from the number of updates.",
        START,
        claims=(
            ratio("training loss after five epochs, batches of 4 over 256", Below(0.5), "train_loss_eval", SMALL, LARGE),
            Claim("training loss after 68 updates, batches of 64 over 16", "ratio", Inside(0.8, 1.25), _after_updates),
        ),
    ),
    Experiment(
        PAGE,
        "scaling the rate",
        "With a batch k times as large, an epoch has k times fewer updates. With a fixed rate, large batches learn little; lr × k "
        "compensates for the fewer updates.",
        START,
        claims=(
            ends("validation accuracy at the fixed rate in batches of 256", Below(0.5), "val_accuracy", "lr fixed, B=256"),
            ratio("validation loss in batches of 64, lr × k over fixed", Below(0.7), "val_loss", "lr × k, B=64", "lr fixed, B=64"),
            ratio("validation loss in batches of 256, lr × k over fixed", Below(0.7), "val_loss", "lr × k, B=256", "lr fixed, B=256"),
        ),
        trained=scaled(START, 16),
        view={"part": "Scaling the rate"},
    ),
)
