"""The start values of each part of the page of data recovery, and the claims about its results.

The claims about the search and the membership attack belong to the question on this topic, which takes a minute on one core.
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
"""The start values of the controls of each part, by name."""

ABOUT = {
    DIVISION: "Two checkpoints of a network, one update apart. Divide the change of the first layer's weights by the change of its biases.",
    SEARCH: "The same two checkpoints. Search for pictures whose gradient equals the gradient between them.",
    MEMBERSHIP: "Only a trained network. Call an example a member if its loss is low.",
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
            Claim("relative error of the nearest of eight pictures, sigmoid", "exact", Above(0.2), of_lab(RUNS, "nearest", leak=OF_EIGHT)),
            Claim("share of eight pictures that come back, 512 ReLU units", "mean", Above(0.3), of_lab(RUNS, "share", leak=OF_EIGHT_WIDE)),
        ),
    ),
    Experiment(PAGE, SEARCH, ABOUT[SEARCH], Lab(gradient_inversion.shares, {"seeds": SEEDS, "batch_size": 8, "iterations": 200})),
    Experiment(PAGE, MEMBERSHIP, ABOUT[MEMBERSHIP], Lab(membership.attacks, {"seeds": SEEDS, "samples": 1000})),
)
