"""The optimizers of the page of paths on a real network."""

from __future__ import annotations

from core.comparison import Comparison
from core.experiments.experiment import Experiment

PAGE = "optimizers"

NETWORK = Experiment(
    PAGE,
    "on a real network",
    "Every optimizer trains the network of the sidebar from the same start, on the same batches, with several seeds. You will see "
    "how fast each comes down, how large its steps are beside the weights, and what it costs in time. A learning rate that suits "
    "a surface need not suit a network: these have their own.",
    Comparison.load(
        {
            "base": {"model": {"kind": "mlp", "hidden": (32,)}, "training": {"epochs": 6}},
            "variants": [
                {"name": "SGD", "optimizer": {"kind": "sgd", "lr": 0.2}},
                {"name": "SGD momentum", "optimizer": {"kind": "sgd", "lr": 0.05, "momentum": 0.9}},
                {"name": "RMSprop", "optimizer": {"kind": "rmsprop", "lr": 0.005}},
                {"name": "Adam", "optimizer": {"kind": "adam", "lr": 0.005}},
                {"name": "L-BFGS", "optimizer": {"kind": "lbfgs", "max_iter": 2}},
            ],
            "seeds": 3,
        }
    ),
)
"""On the handwritten digits: trained in some seconds."""

START = NETWORK.comparison

EXPERIMENTS = (NETWORK,)
