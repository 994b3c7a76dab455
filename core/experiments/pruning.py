"""The experiments of the page of pruning: which weights are pruned, and when."""

from __future__ import annotations

from core.analysis.claims import Above
from core.comparison import Comparison
from core.experiments.claims.claiming import difference
from core.experiments.experiment import Experiment

PAGE = "pruning"

LEVELS = (0.5, 0.8, 0.9, 0.95)
_BASE = {
    "model": {"kind": "mlp", "hidden": [32, 32]},
    "optimizer": {"kind": "adam", "lr": 0.01},
    "training": {"epochs": 16},
    "pruning": {"kind": "magnitude"},
}
_IN_STEPS: dict[str, object] = {"kind": "magnitude", "epochs": [4, 7, 10]}
_MOMENTS: dict[str, dict[str, object]] = {
    "one shot": {"kind": "magnitude"},
    "in 3 steps": _IN_STEPS,
    "in 3 steps, cubic": _IN_STEPS | {"curve": "cubic"},
    "ticket, one shot": {"kind": "magnitude", "rewind": 0},
    "ticket, in 3 steps": _IN_STEPS | {"rewind": 0},
}

START = Comparison.load(
    {
        "base": _BASE,
        "vary": {
            "pruning": [
                {"kind": "magnitude"},
                {"kind": "magnitude", "scope": "layer"},
                *({"kind": kind} for kind in ("random", "gradient", "movement", "snip", "units")),
            ],
            "pruning.sparsity": LEVELS,
        },
        "seeds": 3,
    }
)
"""Seven criteria at four sparsities, once after epoch 10 (SNIP: before the first); the network is small, so that it
can become too small.
"""

MOMENTS = Comparison.load(
    {
        "base": _BASE,
        "variants": [
            {"name": f"{name}, sparsity={level}", "pruning": pruning | {"sparsity": level}}
            for name, pruning in _MOMENTS.items()
            for level in LEVELS
        ],
        "seeds": 3,
    }
)
"""The same criterion at other times: at once, in steps, and with the remaining weights reset to their initial values."""

EXPERIMENTS = (
    Experiment(
        PAGE,
        "seven criteria",
        "Which weights are pruned: seven criteria, applied once after epoch 10 of 16. The fewer weights remain, the lower the accuracy; "
        "with "
        "90 % removed, magnitude keeps a higher accuracy than a random choice.",
        START,
        claims=(
            difference(
                "validation accuracy by magnitude, half of the weights gone minus 95 %",
                Above(0),
                "val_accuracy",
                "magnitude, sparsity=0.5",
                "magnitude, sparsity=0.95",
            ),
            difference(
                "validation accuracy with 90 % gone, magnitude minus random",
                Above(0),
                "val_accuracy",
                "magnitude, sparsity=0.9",
                "random, sparsity=0.9",
            ),
        ),
    ),
    Experiment(
        PAGE,
        "one shot, gradual, lottery tickets",
        "When weights are pruned: all at once, in three steps, or with the remaining weights reset to their initial values (lottery "
        "tickets).",
        MOMENTS,
    ),
)
