"""How similar the units of a layer are. To add a measure, add a function here and the name of its column in `records`.

Shapes: R runs, U units of a layer, I incoming weights of a unit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from core.choices.models.modules import normalized
from core.engine.network.networks import Layout
from core.engine.records import STRUCTURES


def unit_cosine(weights_RUI: Tensor) -> Tensor:
    """Mean absolute cosine between the incoming weights of two units, over all pairs: 1 if all units respond to the same direction.

    Units whose weights are all 0 are left out; NaN if fewer than two units are left.
    """
    length_RU1 = weights_RUI.norm(dim=2, keepdim=True)
    unit_RUI = weights_RUI / length_RU1.where(length_RU1 > 0, 1.0)
    there_R = (length_RU1 > 0).sum((1, 2))
    total_R = (unit_RUI @ unit_RUI.transpose(1, 2)).abs().sum((1, 2)) - there_R  # every unit has cosine 1 with itself
    return (total_R / (there_R * (there_R - 1))).where(there_R > 1, torch.nan)


def effective_rank(weights_RUI: Tensor) -> Tensor:
    """exp of the entropy of the singular values divided by their sum: from 1 to min(U, I); NaN for a matrix of zeros.

    It takes 0.1 ms for 64 x 64 weights, and the time grows with U * I * min(U, I). After every epoch it would take a tenth of the time of
    the default runs, so it is measured only when `is_ranked` says so.

    Source: Roy & Vetterli 2007, "The Effective Rank: A Measure of Effective Dimensionality" (EUSIPCO).
    """
    finite_R = weights_RUI.isfinite().all(2).all(1)
    values_RK = torch.linalg.svdvals(weights_RUI.where(finite_R[:, None, None], 0.0)).double()  # LAPACK refuses values that are not finite
    share_RK = values_RK / values_RK.sum(1, keepdim=True)
    return torch.special.entr(share_RK).sum(1).exp().where(finite_R, torch.nan)


FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {function.__name__: function for function in (unit_cosine, effective_rank)}


def is_ranked(step: int, steps_per_epoch: int) -> bool:
    """Whether the effective rank is measured after `step` updates: before the first, and after 1, 2, 4, 8, ... epochs."""
    epoch, rest = divmod(step, steps_per_epoch)
    return rest == 0 and epoch & (epoch - 1) == 0


@torch.no_grad()
def structure(values_RP: Tensor, layout: Layout, layer: str, ranked: Sequence[int]) -> dict[str, list[float]]:
    """All measures of a layer: column -> one value for each run. NaN for a layer without a matrix; the rank is NaN for runs not in
    `ranked`.
    """
    nothing = [torch.nan] * len(values_RP)
    weights_RUI = incoming(values_RP, layout, layer)
    if weights_RUI is None:
        return dict.fromkeys(STRUCTURES, nothing)
    ranks = dict(zip(ranked, effective_rank(weights_RUI[list(ranked)]).tolist(), strict=True)) if ranked else {}
    of_each = [ranks.get(row, torch.nan) for row in range(len(values_RP))]
    return {"unit_cosine": unit_cosine(weights_RUI).tolist(), "effective_rank": of_each}


def incoming(values_RP: Tensor, layout: Layout, layer: str) -> Tensor | None:
    """The incoming weights of a layer's units (R, U, I), with a convolution kernel flattened; None for a layer without a matrix.

    Matrices with the same number of rows are joined side by side, as W and U of recurrent cells, where each gate counts as a unit. With
    weight norm, these are the effective weights g v / ||v||.
    """
    shapes = {name: (columns, shape) for name, columns, shape in layout.parameters if name.startswith(f"{layer}.")}
    matrices = [_matrix(values_RP, shapes, name) for name, (_, shape) in shapes.items() if len(shape) > 1]
    same = [matrix for matrix in matrices if matrix.shape[1] == matrices[0].shape[1]]
    return torch.cat(same, dim=2) if same else None


def _matrix(values_RP: Tensor, shapes: dict[str, tuple[slice, torch.Size]], name: str) -> Tensor:
    columns, shape = shapes[name]
    weights = values_RP[:, columns].unflatten(1, shape)
    length = shapes.get(f"{name.removesuffix('.v')}.g")
    if name.endswith(".v") and length is not None:
        weights = normalized(weights, values_RP[:, length[0]])
    return weights.flatten(2)
