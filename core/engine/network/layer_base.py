"""What stacked layers are built from.

A stacked layer maps tensors (R, B, ...) of R runs and B examples to tensors (R, B, ...), with each run's own parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from torch import Tensor, nn

from core.choices.models.modules import WeightNorm, normalized


@dataclass
class Pass:
    """What a forward pass needs besides its input."""

    training: bool
    uniforms: Callable[[int, tuple[int, ...]], Tensor] | None = None  # (number of the dropout layer, (B, ...)) -> (R, B, ...)
    batch_statistics: bool = False  # whether batch norm uses batch statistics in evaluation too, and leaves its running averages unchanged
    watch: Callable[[str, Tensor], None] | None = None  # called with a layer's name and its activations (R, B, units, *positions)


Layer = Callable[[Tensor, Pass], Tensor]


@dataclass(frozen=True)
class StackedTensors:
    """The stacked tensors from which layers are built, by the names of the plain module's parameters and buffers.

    A layer takes its views of a parameter in every forward pass anew: the optimizers write to the parameters' storage, and autograd does
    not know about views that were taken before.
    """

    parameters: Mapping[str, Tensor]  # (R, *shape)
    buffers: Mapping[str, Tensor]  # (R, *shape)
    dropouts: Mapping[str, Tensor] = field(default_factory=dict)  # name of a dropout module -> rates (R,); its position numbers its stream


Build = Callable[[nn.Module, str, StackedTensors], Layer]


def weight_of(module: nn.Module, name: str, tensors: StackedTensors) -> Callable[[], Tensor]:
    """The weights (R, outputs, inputs, *sides) of a linear map or convolution; with weight norm, they are computed at every call."""
    if isinstance(module, WeightNorm):
        g_RO, v_ROI = tensors.parameters[f"{name}.g"], tensors.parameters[f"{name}.v"]
        return lambda: normalized(v_ROI, g_RO)
    weight_ROI = tensors.parameters[f"{name}.weight"]
    return lambda: weight_ROI


def by_channel(x_RBC: Tensor) -> Tensor:
    """(R, B, C, *sides) as one batch with R * C channels (B, R*C, *sides); a view if there is one run or if the memory layout allows it."""
    return x_RBC.transpose(0, 1).flatten(1, 2)


def by_run(x_BC: Tensor, runs: int) -> Tensor:
    """The inverse of `by_channel`, as a view."""
    return x_BC.unflatten(1, (runs, -1)).transpose(0, 1)


def along(values_RC: Tensor, like_RBC: Tensor) -> Tensor:
    """Values for each channel (R, C) as (R, 1, C, 1, ...), to broadcast with a tensor (R, B, C, *sides)."""
    return values_RC.view(values_RC.shape[0], 1, -1, *[1] * (like_RBC.dim() - 3))
