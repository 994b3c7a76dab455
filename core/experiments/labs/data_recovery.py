"""What each part of the page of data recovery begins with, and what must come of it.

What the search and the membership attack find is claimed by the question on this page, which takes a minute of one core.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.analysis.claims import Above, Below
from core.experiments.claims.claim import Claim, Lab
from core.experiments.claims.reading import of_lab
from core.experiments.experiment import RUNS, Experiment
from core.labs.privacy import data_recovery, gradient_inversion, membership

PAGE = "data_recovery"
SEEDS = 4
DIVISION, SEARCH, MEMBERSHIP = "One division", "Search", "Membership"

STARTS: Mapping[str, Mapping[str, Any]] = {
    DIVISION: {
        "pictures": "1",
        "activation": "sigmoid",
        "hidden": "32",
        "optimizer": "sgd",
        "weight_decay": "0",
        "dtype": "float64",
        "seed": 0,
    },
    SEARCH: {"batch": "8", "iterations": "200", "activations": "sigmoid", "units": "32", "tries": 4},
    MEMBERSHIP: {"data": "mnist1d", "samples": "1000", "epochs": "40", "decay": "3", "dropout": "0"},
}
"""What the controls of each part hold at first, by name."""

ABOUT = {
    DIVISION: "Two checkpoints of a network, one update apart. Divide what the first layer's weights moved by what its biases moved.",
    SEARCH: "The same two checkpoints. Look for pictures whose gradient is the one between them.",
    MEMBERSHIP: "A trained network alone. Take an example for a member if its loss is low.",
}

ALONE, OF_EIGHT, OF_EIGHT_WIDE = "one picture", "eight pictures", "eight pictures, 512 ReLU units"
LEAKS: dict[str, dict[str, Any]] = {
    ALONE: {},
    OF_EIGHT: {"batch_size": 8},
    OF_EIGHT_WIDE: {"batch_size": 8, "activation": "relu", "hidden": 512},
}

EXPERIMENTS = (
    Experiment(
        PAGE,
        DIVISION,
        ABOUT[DIVISION],
        Lab(data_recovery.recoveries, {"leaks": LEAKS, "seeds": 8}),
        claims=(
            Claim("relative error of a picture alone in its update", "exact", Below(1e-6), of_lab(RUNS, "blind", leak=ALONE)),
            Claim("relative error of the nearest of eight pictures, sigmoid", "exact", Above(0.01), of_lab(RUNS, "nearest", leak=OF_EIGHT)),
            Claim("share of eight pictures that come back, 512 ReLU units", "mean", Above(0.3), of_lab(RUNS, "share", leak=OF_EIGHT_WIDE)),
        ),
    ),
    Experiment(PAGE, SEARCH, ABOUT[SEARCH], Lab(gradient_inversion.shares, {"seeds": SEEDS, "batch_size": 8, "iterations": 200})),
    Experiment(PAGE, MEMBERSHIP, ABOUT[MEMBERSHIP], Lab(membership.attacks, {"seeds": SEEDS, "samples": 1000})),
)
