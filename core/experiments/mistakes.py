"""The experiment of the page of mistakes: one run for each mistake and one with correct code, everything else equal."""

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
"""Settings for which every mistake has an effect, on data whose features have different units."""

MISTAKES: dict[str, type[MistakeChoice]] = {
    cls.model_fields["kind"].default: cls for cls in classes(RunSettings.model_fields["mistake"]) if issubclass(cls, MistakeChoice)
}
"""Every kind, including correct code."""


def _worse(kind: str) -> Claim:
    return claiming.ratio(f"validation loss, {kind.replace('_', ' ')} over right code", Above(1.5), "val_loss", kind, HEALTHY)


EXPERIMENTS = (
    Experiment(
        PAGE,
        "ten mistakes and right code",
        "One of these runs is correct. Each of the others has one classic mistake of training code and is equal in everything else: data, "
        "initial weights, order, settings. Which is which? Look at several measures before you guess.",
        Comparison.load(
            {"base": START, "variants": [{"name": kind, "mistake": {"kind": kind}} for kind in MISTAKES], "seeds": SEEDS},
        ),
        claims=(
            claiming.diverged(
                "runs with a flipped sign, or gradients that add up, that diverge", Above(0.9), "flipped_sign", "no_zero_grad"
            ),
            *(_worse(kind) for kind in ("shuffled_labels", "scrambled_inputs", "unscaled_inputs")),
            claiming.ratio("validation loss, right code over a target among the features", Above(10.0), "val_loss", HEALTHY, "leak"),
        ),
    ),
)
