"""The experiments of the page of early stopping."""

from __future__ import annotations

from pandas import Series

from core.analysis.claims import Above, Below
from core.comparison import Comparison
from core.experiments.claims import reading
from core.experiments.claims.claim import Claim, Evidence
from core.experiments.claims.claiming import last
from core.experiments.experiment import RUNS, Experiment

PAGE = "early_stopping"

START = Comparison.load(
    {
        "base": {
            "data": {"kind": "digits", "label_noise": 0.3},
            "model": {"kind": "mlp", "hidden": [64, 64]},
            "optimizer": {"kind": "adam", "lr": 0.003},
            "training": {"epochs": 30},
        },
        "variants": [
            {"name": "No stopping"},
            {"name": "Patience", "stopping": {"kind": "patience", "patience": 5}},
            {"name": "Patience, best weights", "stopping": {"kind": "patience", "patience": 5, "restore_best": True}},
            {"name": "No change", "stopping": {"kind": "no_change"}},
            {"name": "Threshold 0.7", "stopping": {"kind": "threshold", "target": 0.7}},
            {"name": "Rise", "stopping": {"kind": "rise"}},
            {"name": "Rise, best weights", "stopping": {"kind": "rise", "restore_best": True}},
            {"name": "Mean change", "stopping": {"kind": "mean_change"}},
        ],
        "seeds": 3,
    }
)
"""Three of ten labels are wrong, and the network is large enough to memorize them: the validation loss rises after a few epochs."""


def _rise(evidence: Evidence) -> tuple[Series, Series]:
    """The last validation loss without a rule, and its lowest."""
    history = evidence[RUNS].history
    lowest: Series = history[history["variant"] == "No stopping"].groupby("seed")["val_loss"].min()
    return last(evidence, "val_loss", "No stopping"), lowest


def _test_losses(first: str, second: str) -> Claim:
    words = f"test loss, {first} over {second}"
    return Claim(words, "ratio", Below(1), lambda evidence: reading.pair(reading.at_end(evidence, RUNS, "test_loss"), first, second))


EXPERIMENTS = (
    Experiment(
        PAGE,
        "eight rules",
        "The training loss still falls while the validation loss rises. A rule only knows the validation curve so far, so it stops late; "
        "if "
        "the best weights are restored, waiting costs nothing.",
        START,
        claims=(
            Claim("last over lowest validation loss without a rule", "ratio", Above(1.2), _rise),
            _test_losses("Patience", "No stopping"),
            _test_losses("Patience, best weights", "Patience"),
        ),
    ),
)
