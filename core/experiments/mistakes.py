"""What the page of mistakes begins with: a run for each mistake beside right code, all else the same."""

from __future__ import annotations

from core.analysis.claims import Above
from core.choices.base import classes
from core.choices.mistakes import MistakeChoice
from core.comparison import Comparison
from core.experiments.claims import claiming
from core.experiments.claims.claim import Claim
from core.experiments.experiment import Experiment
from core.settings import RunSettings

PAGE = "mistakes"
HEALTHY = "none"
SEEDS = 3
START = RunSettings.model_validate(
    {
        "data": "breast_cancer",
        "model": {"kind": "mlp", "normalization": "batch", "dropout": 0.3},
        "optimizer": {"kind": "sgd", "lr": 0.05, "momentum": 0.9},
        "training": {"epochs": 30, "batch_size": 16, "drop_last": True},
    }
)
"""Settings with which every mistake has an effect, on data whose features have units of their own."""

MISTAKES: dict[str, type[MistakeChoice]] = {
    cls.model_fields["kind"].default: cls for cls in classes(RunSettings.model_fields["mistake"]) if issubclass(cls, MistakeChoice)
}
"""Every kind, that of right code among them."""


def _worse(kind: str, words: str) -> Claim:
    return claiming.ratio(f"validation loss, {words} over right code", Above(1.5), "val_loss", kind, HEALTHY)


EXPERIMENTS = (
    Experiment(
        PAGE,
        "ten mistakes and right code",
        "One of these runs is healthy. Each of the others has one classic mistake of training code in it, and is otherwise the same: data, "
        "first weights, order, settings. Which is which? Look at several measures before you guess.",
        Comparison.load(
            {"base": START, "variants": [{"name": kind, "mistake": {"kind": kind}} for kind in MISTAKES], "seeds": SEEDS},
        ),
        claims=(_worse("flipped_sign", "flipped sign"), _worse("shuffled_labels", "shuffled labels")),
    ),
)
