"""The four networks of the authors of MNIST-1D, trained as they train them: 4,000 signals, 6,000 updates, tested on 1,000 others.

Adam at 1e-2, batches of 100 in the order of the data, PyTorch's default initial weights. One difference: their first convolution has a
padding of 1 and ours of 2 (half the kernel), so that it has 20 positions instead of 19; after the others there are 10 and 5, as theirs.
"""

from __future__ import annotations

import torch
from torch import Tensor

import core
from benchmarks.figures import Figure

MODELS: dict[str, dict[str, object]] = {
    "logistic regression": {"kind": "linear"},
    "MLP 100-100, skip connection": {"kind": "mlp", "hidden": [100, 100], "skip": True},
    "CNN 25-25-25": {"kind": "convnet", "channels": [25, 25, 25], "kernel": [5, 3, 3], "stride": 2, "pooling": "none"},
    "GRU 6, both directions": {"kind": "recurrent", "cell": "gru", "hidden": 6, "bidirectional": True, "readout": "all"},
}
IN_README = {"logistic regression": 32, "MLP 100-100, skip connection": 68, "CNN 25-25-25": 94, "GRU 6, both directions": 91}
IN_NOTEBOOK = {"logistic regression": 31.5, "MLP 100-100, skip connection": 65.1, "CNN 25-25-25": 92.3, "GRU 6, both directions": 89.1}
README = "github.com/greydanus/mnist1d, README, table"
NOTEBOOK = "same, notebooks/mnist1d-classification.ipynb, step 6000"

EPOCHS, SEEDS = 150, 10
AT_THE_END_ALONE = EPOCHS * 40


def figures() -> list[Figure]:
    """Returns two figures for each network: from the README, and from the single run in their later notebook."""
    found = []
    for name in MODELS:
        ours = [100 * accuracy for accuracy in accuracies(name)]
        found += [
            Figure(f"MNIST-1D, {name}: test accuracy, %", IN_README[name], 0, README, ours),
            Figure(f"MNIST-1D, {name}: test accuracy, %", IN_NOTEBOOK[name], 1, NOTEBOOK, ours),
        ]
    return found


def accuracies(name: str, seeds: int = SEEDS) -> list[float]:
    """Returns the test accuracy of each seed after the last update."""
    runs = [settings(name, seed) for seed in range(seeds)]
    result = core.train(runs, initial=[default_start(run) for run in runs])
    return [float(accuracy) for accuracy in result.runs["test_accuracy"]]


def settings(name: str, seed: int = 0) -> core.RunSettings:
    """Returns the run of a network of MODELS."""
    return core.RunSettings.model_validate(
        {
            "data": {"kind": "mnist1d", "validation_fraction": 0, "scale": "none"},
            "model": MODELS[name],
            "optimizer": {"kind": "adam", "lr": 1e-2},
            "training": {"epochs": EPOCHS, "batch_size": 100, "sampling": "in_order", "evaluate_every": AT_THE_END_ALONE},
            "seed": seed,
        }
    )


def default_start(run: core.RunSettings) -> dict[str, Tensor]:
    """Returns initial weights drawn as PyTorch's modules do by default, with the run's seed."""
    model = core.build_model(run)
    with torch.random.fork_rng():
        torch.manual_seed(run.seed)
        for module in model.modules():
            if callable(reset := getattr(module, "reset_parameters", None)):
                reset()
    return model.state_dict()
