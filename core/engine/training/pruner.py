"""Pruning events of a stack: scores, masks, rewinding.

Shapes: R runs, P parameters of one network, W weights of the scope that is compared, U units of a layer.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor

from core.choices.pruning import PruningChoice, mask_of
from core.engine.batches import Tensors
from core.engine.measuring.scores import CHUNK
from core.engine.network.layers import Pass
from core.engine.network.networks import Network
from core.engine.streams import generator, stream_seed
from core.engine.training.training_loss import TrainingLoss
from core.settings import RunSettings

PRUNING = 3  # what a number of the noise stream is for; the others are in `core.engine.training.noise`
GONE = -torch.inf


def pruned_row(run: RunSettings, epoch: int, scores_P: Tensor, keep_P: Tensor, network: Network) -> Tensor:
    """The mask of one run (P,) after its event at the end of `epoch`: True where a parameter stays.

    `scores_P`: what each parameter is worth; `keep_P`: the mask so far, out of which nothing comes back.
    """
    choice = run.pruning
    assert isinstance(choice, PruningChoice)
    scores_P = scores_P.where(keep_P, GONE)
    if choice.by_unit:
        return _without_units(network, scores_P, keep_P, choice.target(epoch))
    kept_P = keep_P.clone()
    for columns_P in _scopes(network, by_layer=choice.by_layer):
        kept_P[columns_P] = mask_of(scores_P[columns_P], choice.target(epoch))
    return kept_P & keep_P


def _scopes(network: Network, *, by_layer: bool) -> Iterator[Tensor]:
    """The columns that are compared with each other, as masks (P,)."""
    every_P = network.layout.weight_columns(network.flat_RP.device)
    if not by_layer:
        yield every_P
        return
    for columns in network.layout.layers.values():
        part_P = torch.zeros_like(every_P)
        part_P[columns] = every_P[columns]
        if part_P.any():
            yield part_P


def _without_units(network: Network, scores_P: Tensor, keep_P: Tensor, sparsity: float) -> Tensor:
    """Masks hidden units: their incoming weights, their bias and norm, and what the next layer takes from them."""
    kept_P = keep_P.clone()
    parameters = network.layout.parameters
    layers = list(network.layout.layers)
    for layer, following in pairwise(layers):
        mine = [(name, columns, shape) for name, columns, shape in parameters if name.startswith(f"{layer}.")]
        _, columns, shape = next(item for item in mine if len(item[2]) > 1)
        worth_U = scores_P[columns].view(shape[0], -1).clamp(min=0).sum(1)
        stays_U = mask_of(worth_U, sparsity)
        for _, place, part in mine:
            if part[0] == shape[0]:  # one row a unit: not the slope that a layer's PReLUs share
                kept_P[place] &= stays_U.repeat_interleave(part.numel() // shape[0])
        _, place, part = next(item for item in parameters if item[0].startswith(f"{following}.") and len(item[2]) > 1)
        kept_P[place] &= stays_U.repeat(part[0])
    return kept_P


def training_gradient(network: Network, data: Tensors, loss: TrainingLoss) -> Tensor:
    """The gradient of every run's mean loss on the whole training set, in eval mode: (R, P)."""
    total_RP = torch.zeros_like(network.flat_RP)
    part_RP = torch.empty_like(total_RP)
    runs = len(total_RP)
    for x_ND, y_N in zip(data.train.x_ND.split(CHUNK), data.train.y_N.split(CHUNK), strict=True):
        outputs_RNC = network(x_ND.expand(runs, *x_ND.shape), Pass(training=False))
        network.gradient(loss(outputs_RNC, y_N.expand(runs, *y_N.shape)), part_RP)
        total_RP.add_(part_RP, alpha=len(y_N))
    return total_RP / len(data.train)


def random_scores(run: RunSettings, size: int, epoch: int) -> Tensor:
    """Scores by chance (size,), from the run's noise stream."""
    return torch.rand(size, generator=generator(stream_seed(run, "noise"), "noise", PRUNING, epoch))
