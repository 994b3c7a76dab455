"""A few examples on which a network overfits, trained by correct code and by code with one mistake each.

It is written in plain torch, because these are mistakes in the training loop. A small penalty keeps the minimum finite: without it, the
loss of a separable batch falls for ever, and even a far too high rate ends at 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
from pandas import DataFrame

from core.settings import RunSettings

if TYPE_CHECKING:
    from torch import Tensor, nn

CLASSES, EXAMPLES = 10, 16
PENALTY = 0.001
UPDATES = 200
RUN = {
    "data": {"kind": "digits", "test_fraction": 0.7913},  # leaves `EXAMPLES` training examples
    "model": {"kind": "mlp", "hidden": [64], "activation": "tanh"},
    "training": {"batch_size": "full"},
}


@dataclass(frozen=True)
class Kind:
    """One way to train: the learning rate, the penalty, and the mistake."""

    lr: float = 1.0
    penalty: float = PENALTY
    flipped: bool = False  # the loss is maximised
    shuffled: bool = False  # labels are shuffled again at every update


KINDS = {
    "right": Kind(),
    "flipped sign": Kind(flipped=True),
    "rate × 1000": Kind(lr=1000.0),
    "rate × 40": Kind(lr=40.0),
    "heavy penalty": Kind(penalty=0.3),
    "labels shuffled": Kind(shuffled=True),
}


def losses(seeds: int = 8, updates: int = UPDATES) -> DataFrame:
    """The loss of the batch without the penalty, before each update and after the last: kind, seed, step, loss; two seconds of one core."""
    from core.labs.threads import one_thread

    with one_thread():
        rows = [
            (name, seed, step, loss) for name, kind in KINDS.items() for seed in range(seeds) for step, loss in _train(kind, seed, updates)
        ]
    return pd.DataFrame(rows, columns=["kind", "seed", "step", "loss"])


def _train(kind: Kind, seed: int, updates: int) -> list[tuple[int, float]]:
    import torch
    from torch.nn.functional import cross_entropy

    from core.data.loading import load_data
    from core.engine.network.networks import build_model

    run = RunSettings.model_validate(RUN | {"seed": seed})
    split = load_data(run.data)
    x_ND, y_N = torch.tensor(split.x_train, dtype=torch.float32), torch.tensor(split.y_train)
    model, dealt = build_model(run), torch.Generator().manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=kind.lr, maximize=kind.flipped)
    found = []
    for step in range(updates):
        labels_N = y_N[torch.randperm(len(y_N), generator=dealt)] if kind.shuffled else y_N
        loss = cross_entropy(model(x_ND), labels_N)
        found.append((step, loss.item()))
        optimizer.zero_grad()
        (loss + kind.penalty * _size(model)).backward()
        optimizer.step()
    with torch.no_grad():
        return [*found, (updates, cross_entropy(model(x_ND), y_N).item())]


def _size(model: nn.Module) -> Tensor:
    """Sum of the squared weights, without biases."""
    import torch

    return torch.stack([weight.square().sum() for weight in model.parameters() if weight.dim() > 1]).sum()
