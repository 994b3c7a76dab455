"""Measures of weights, gradients and activations. To add a measure, add a function here and the name of its column in `records`.

Shapes: R runs, P parameters (of the network or of one layer), W weights (the parameters in matrices, without biases and norms).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from core.engine.measuring.movement import Path, moved
from core.engine.measuring.scores import Activity
from core.engine.measuring.structure import structure
from core.engine.network.networks import Layout
from core.engine.records import MEASURES, Row

NEAR_ZERO = 1e-3
SMALL = 1e-15
BINS = 40


@dataclass(frozen=True)
class ParameterSlice:
    """The parameters of R networks, or of one layer of each, before and after their last update."""

    values_RP: Tensor
    gradient_RP: Tensor
    before_RP: Tensor | None  # the parameters before the last update; None before the first
    after_RP: Tensor  # the parameters after it; they differ from `values_RP` if an optimizer is evaluated at an average
    weights_RW: Tensor
    dead_RH: Tensor | None  # units that are 0 on all evaluated training examples; None if there are no hidden units


def length(values_RP: Tensor) -> Tensor:
    """Euclidean norm of each row (R,). It is computed in float64 where squares in float32 underflow (values below 1e-19) or overflow
    (1e19).
    """
    norm_R = values_RP.norm(dim=1)
    lost_R = (norm_R < SMALL) | norm_R.isinf()
    return values_RP.double().norm(dim=1).where(lost_R, norm_R.double()) if lost_R.any() else norm_R


def grad_norm(part: ParameterSlice) -> Tensor:
    """Norm of the last mini-batch's gradient (penalty included), before clipping."""
    return length(part.gradient_RP)


def update_ratio(part: ParameterSlice) -> Tensor:
    """Norm of the last update divided by the norm of the parameters before it; NaN before the first update."""
    if part.before_RP is None:
        return torch.full_like(part.values_RP[:, 0], torch.nan)
    return length(part.after_RP - part.before_RP) / length(part.before_RP)


def weight_norm(part: ParameterSlice) -> Tensor:
    """Euclidean norm of all parameters."""
    return length(part.values_RP)


def sparsity(part: ParameterSlice) -> Tensor:
    """Share of the weights that are exactly 0."""
    return torch.eq(part.weights_RW, 0, out=torch.empty_like(part.weights_RW)).mean(1)  # a comparison into booleans takes six times as long


def near_zero(part: ParameterSlice) -> Tensor:
    """Share of the weights smaller than NEAR_ZERO in absolute value, exact zeros included."""
    size_RW = part.weights_RW.abs()
    return torch.lt(size_RW, NEAR_ZERO, out=size_RW).mean(1)


def dead_fraction(part: ParameterSlice) -> Tensor:
    """Share of the hidden units that are 0 on every evaluated training example; NaN without hidden units or without examples."""
    if part.dead_RH is None:
        return torch.full_like(part.values_RP[:, 0], torch.nan)
    return part.dead_RH.double().mean(1)


FUNCTIONS: dict[str, Callable[[ParameterSlice], Tensor]] = {function.__name__: function for function in (
    grad_norm, update_ratio, weight_norm, sparsity, near_zero, dead_fraction
)}  # fmt: skip


def measured(part: ParameterSlice) -> dict[str, list[float]]:
    """All measures: column -> one value for each run."""
    return {name: FUNCTIONS[name](part).tolist() for name in MEASURES}


@dataclass(frozen=True)
class Moment:
    """The parameters at an evaluation, the gradient, and the parameters before and after the last update."""

    values_RP: Tensor
    gradient_RP: Tensor
    before_RP: Tensor | None
    after_RP: Tensor


def of_network(moment: Moment, layout: Layout, activity: Activity) -> ParameterSlice:
    """The whole network as one slice; its hidden units are those of all hidden layers."""
    dead = [activity.dead(layer) for layer in hidden_layers(activity)]
    weights_RW = torch.cat([moment.values_RP[:, columns] for slices in layout.weights.values() for columns in slices], dim=1)
    return ParameterSlice(**vars(moment), weights_RW=weights_RW, dead_RH=torch.cat(dead, dim=1) if dead else None)


def of_layer(network: ParameterSlice, layer: str, layout: Layout, activity: Activity) -> ParameterSlice:
    """The slice of one layer."""
    columns = layout.layers[layer]
    weights_RW = torch.cat([network.values_RP[:, place] for place in layout.weights[layer]], dim=1)
    before_RP = None if network.before_RP is None else network.before_RP[:, columns]
    dead_RH = activity.dead(layer) if layer in hidden_layers(activity) else None
    return ParameterSlice(
        network.values_RP[:, columns], network.gradient_RP[:, columns], before_RP, network.after_RP[:, columns], weights_RW, dead_RH
    )


def hidden_layers(activity: Activity) -> list[str]:
    """The layers with hidden units: all watched layers except the output."""
    return [layer for layer in activity.count if layer != "output"]


def layer_rows(network: ParameterSlice, layout: Layout, activity: Activity, path: Path, ranked: Sequence[int]) -> list[Row]:
    """One row for each run and layer, ordered by layer, then by run, without the columns `run` and `step`; `ranked` as in `structure`."""
    rows: list[Row] = []
    for layer in layout.layers:
        part = of_layer(network, layer, layout, activity)
        columns = measured(part) | moved(path.of(layout.layers[layer])) | structure(network.values_RP, layout, layer, ranked)
        columns |= histograms(part.weights_RW)
        columns["activation_mean"] = _of_activity(activity.mean, activity, layer, part)
        columns["activation_std"] = _of_activity(activity.std, activity, layer, part)
        rows += [{"layer": layer} | dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return rows


def _of_activity(measure: Callable[[str], Tensor], activity: Activity, layer: str, part: ParameterSlice) -> list[float]:
    """One value for each run; NaN if no example was evaluated."""
    return measure(layer).tolist() if layer in activity.count else [math.nan] * len(part.values_RP)


def histograms(weights_RW: Tensor, bins: int = BINS) -> dict[str, list[Any]]:
    """low, high and counts (float32 bytes) of `bins` equal bins over each run's own range; NaN for a run with a weight that is not
    finite.
    """
    low_R1, high_R1 = weights_RW.amin(1, keepdim=True), weights_RW.amax(1, keepdim=True)  # NaN if one of the weights is NaN
    finite_R1 = low_R1.isfinite() & high_R1.isfinite()
    if not finite_R1.all():
        weights_RW = weights_RW.where(finite_R1, 0.0)
        low_R1, high_R1 = low_R1.where(finite_R1, 0.0), high_R1.where(finite_R1, 0.0)
    flat_R1 = high_R1 == low_R1
    low_R1, high_R1 = low_R1 - 0.5e-3 * flat_R1, high_R1 + 0.5e-3 * flat_R1
    bin_RW = (weights_RW - low_R1).mul_(bins / (high_R1 - low_R1)).int().clamp_(0, bins - 1)
    bin_RW += bins * torch.arange(len(weights_RW), dtype=torch.int32, device=weights_RW.device)[:, None]
    counts_RK = torch.bincount(bin_RW.flatten(), minlength=bins * len(weights_RW)).view(-1, bins).float()
    low_R1, high_R1, counts_RK = (values.where(finite_R1, torch.nan) for values in (low_R1, high_R1, counts_RK))
    return {"low": low_R1[:, 0].tolist(), "high": high_R1[:, 0].tolist(), "counts": [row.tobytes() for row in counts_RK.cpu().numpy()]}
