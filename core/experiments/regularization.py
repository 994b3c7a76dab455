"""The experiments of the page of regularization and of its links: networks that memorize wrong labels."""

from __future__ import annotations

from typing import Any

from core.analysis.claims import Above, Below
from core.comparison import Comparison
from core.experiments.claims.claiming import ends, ratio
from core.experiments.experiment import Experiment

PAGE = "regularization"

BASE: dict[str, Any] = {
    "data": {"kind": "digits", "label_noise": 0.3},
    "model": {"kind": "mlp", "hidden": [64, 64]},
    "optimizer": {"kind": "sgd", "lr": 0.3},
    "training": {"epochs": 20},
}
"""Three of ten labels are wrong: a network that fits all of them is worse. With plain SGD, a proximal step has exactly its strength."""

STRENGTHS: dict[str, tuple[str, list[float]]] = {
    "L1": ("penalty.l1", [0, 0.0003, 0.001, 0.002, 0.005]),
    "L1, proximal": ("penalty.l1_proximal", [0, 0.0003, 0.001, 0.002, 0.005, 0.01]),
    "Squared L2": ("penalty.l2_squared", [0, 0.0003, 0.001, 0.003, 0.01]),
    "Unit norms, proximal": ("penalty.l2_norm_proximal", [0, 0.003, 0.01, 0.02, 0.03]),
    "Weight decay": ("penalty.decoupled_decay", [0, 0.0003, 0.001, 0.003, 0.01]),
    "Dropout": ("model.dropout", [0, 0.1, 0.3, 0.5, 0.7]),
    "Label smoothing": ("training.label_smoothing", [0, 0.1, 0.2, 0.4]),
}
"""Comparisons over the strength of one method each, from too weak to too strong."""

START = Comparison.load(
    {
        "base": BASE,
        "variants": [
            {"name": "Nothing"},
            {"name": "L1", "penalty.l1": 0.001},
            {"name": "L1, proximal", "penalty.l1_proximal": 0.002},
            {"name": "Squared L2", "penalty.l2_squared": 0.003},
            {"name": "Unit norms, proximal", "penalty.l2_norm_proximal": 0.02},
            {"name": "Dropout 0.3", "model.dropout": 0.3},
        ],
        "seeds": 3,
    }
)
_HELD_BACK = ("L1", "L1, proximal", "Squared L2", "Dropout 0.3")


def sweep(name: str) -> Comparison:
    """The comparison over one strength, by its name in `STRENGTHS`."""
    path, values = STRENGTHS[name]
    return Comparison.load({"base": BASE, "vary": {path: values}, "seeds": 3})


EXPERIMENTS = (
    Experiment(
        PAGE,
        "all kinds",
        "Three of ten training labels are wrong, those of validation are right. The network without regularization has a lower training "
        "loss "
        "and a higher validation loss than the others. Proximal steps set weights to exactly 0; dropout sets none.",
        START,
        claims=(
            *(ratio(f"training loss, nothing over {name}", Below(1), "train_loss_eval", "Nothing", name) for name in _HELD_BACK),
            *(ratio(f"validation loss, nothing over {name}", Above(1), "val_loss", "Nothing", name) for name in _HELD_BACK),
            ends("share of weights that are 0, L1 by proximal steps", Above(0.1), "sparsity", "L1, proximal"),
            ends("share of weights that are 0, dropout", Below(0), "sparsity", "Dropout 0.3", kind="exact"),
        ),
    ),
    *(
        Experiment(PAGE, f"strengths of {name}", "From no regularization to so much that the network hardly learns.", sweep(name))
        for name in STRENGTHS
    ),
)
"""The page shows the first one at the start."""
