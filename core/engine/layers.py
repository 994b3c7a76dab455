"""Layers that hold R independent networks, made from the plain torch modules that they stand for.

Shapes: R runs, B examples of a batch, I inputs, O outputs, C channels (units).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.choices.modules import Residual


@dataclass
class Pass:
    """What a forward pass needs besides its input."""

    training: bool
    uniforms: Callable[[int, tuple[int, ...]], Tensor] | None = None  # (number of the dropout layer, (B, C)) -> (R, B, C)
    watch: Callable[[str, Tensor], None] | None = None  # called with a layer's name and its activations (R, B, C)


Layer = Callable[[Tensor, Pass], Tensor]


@dataclass
class Parts:
    """The stacked tensors from which layers are built, by the names of the plain module's parameters and buffers.

    A layer takes its views of a parameter anew in every forward pass: the optimizers write to the parameters' storage, and autograd
    would lose track of a view that was taken before.
    """

    parameters: dict[str, Tensor]  # (R, *shape)
    buffers: dict[str, Tensor]  # (R, *shape)
    dropout_R: Tensor
    dropouts: int = field(default=0)  # how many dropout layers were built so far


def stacked(module: nn.Module, name: str, parts: Parts) -> Layer:
    """R copies of `module` as one layer, with the tensors of `parts` under `name`. Raises TypeError for a module it cannot stack."""
    if isinstance(module, ELEMENTWISE):
        return lambda x, _: module(x)
    for kind, build in STACKED.items():
        if isinstance(module, kind):
            return build(module, name, parts)
    raise TypeError(f"no stacked form of {type(module).__name__}; add one to core.engine.layers.STACKED")


def linear(module: nn.Module, name: str, parts: Parts) -> Layer:
    """y[r] = x[r] @ weight[r].T + bias[r] as one batched product."""
    weight_ROI = parts.parameters[f"{name}.weight"]
    bias_RO = parts.parameters.get(f"{name}.bias")
    if bias_RO is None:
        return lambda x_RBI, _: torch.bmm(x_RBI, weight_ROI.mT)
    return lambda x_RBI, _: torch.baddbmm(bias_RO[:, None], x_RBI, weight_ROI.mT)


def relu(module: nn.Module, name: str, parts: Parts) -> Layer:
    """ReLU in place: what it overwrites is the output of a linear map or a norm, which no backward pass needs."""
    return lambda x, _: torch.relu_(x)


def batch_norm(module: nn.Module, name: str, parts: Parts) -> Layer:
    """Batch norm of R networks as one of R*C channels; running statistics are updated in place in training."""
    assert isinstance(module, nn.BatchNorm1d)
    weight_RC, bias_RC = parts.parameters[f"{name}.weight"], parts.parameters[f"{name}.bias"]
    mean_RC, var_RC = parts.buffers[f"{name}.running_mean"], parts.buffers[f"{name}.running_var"]
    seen_R = parts.buffers[f"{name}.num_batches_tracked"]

    def forward(x_RBC: Tensor, mode: Pass) -> Tensor:
        runs, examples, channels = x_RBC.shape
        if mode.training:
            seen_R.add_(1)
        flat = x_RBC.transpose(0, 1).reshape(examples, runs * channels)
        args = (mean_RC.view(-1), var_RC.view(-1), weight_RC.reshape(-1), bias_RC.reshape(-1))
        out = F.batch_norm(flat, *args, training=mode.training, momentum=module.momentum or 0.0, eps=module.eps)
        return out.view(examples, runs, channels).transpose(0, 1)

    return forward


def layer_norm(module: nn.Module, name: str, parts: Parts) -> Layer:
    """Layer norm over the last dimension, with each run's own weight and bias."""
    assert isinstance(module, nn.LayerNorm)
    weight_RC, bias_RC = parts.parameters[f"{name}.weight"], parts.parameters[f"{name}.bias"]
    shape, eps = list(module.normalized_shape), module.eps
    return lambda x_RBC, _: torch.addcmul(bias_RC[:, None], F.layer_norm(x_RBC, shape, eps=eps), weight_RC[:, None])


def dropout(module: nn.Module, name: str, parts: Parts) -> Layer:
    """Inverted dropout with each run's own rate and its own stream."""
    number = parts.dropouts
    parts.dropouts += 1
    rate_R11 = parts.dropout_R[:, None, None]

    def forward(x_RBC: Tensor, mode: Pass) -> Tensor:
        if not mode.training or mode.uniforms is None:
            return x_RBC
        kept_RBC = mode.uniforms(number, (x_RBC.shape[1], x_RBC.shape[2])) >= rate_R11
        return x_RBC * (kept_RBC / (1 - rate_R11))

    return forward


def sequence(module: nn.Module, name: str, parts: Parts) -> Layer:
    """The children one after the other; what follows an activation or ends the network is shown to `Pass.watch`."""
    layers = [(child, stacked(part, f"{name}.{child}" if name else child, parts)) for child, part in module.named_children()]

    def forward(x: Tensor, mode: Pass) -> Tensor:
        for child, layer in layers:
            x = layer(x, mode)
            if mode.watch is not None and child in WATCHED:
                mode.watch(name or child, x)
        return x

    return forward


def residual(module: nn.Module, name: str, parts: Parts) -> Layer:
    """x + f(x)."""
    block = sequence(module, name, parts)
    return lambda x, mode: x + block(x, mode)


WATCHED = ("activation", "output")
ELEMENTWISE = (nn.Tanh, nn.Sigmoid, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Identity)
STACKED: dict[type[nn.Module], Callable[[nn.Module, str, Parts], Layer]] = {
    nn.Linear: linear,
    nn.ReLU: relu,
    nn.BatchNorm1d: batch_norm,
    nn.LayerNorm: layer_norm,
    nn.Dropout: dropout,
    Residual: residual,
    nn.Sequential: sequence,
}


def segments(tensors: Sequence[tuple[str, torch.Size]]) -> Iterator[tuple[str, slice, torch.Size]]:
    """(name, columns, shape) of each tensor when all are written one after the other into a row."""
    start = 0
    for name, shape in tensors:
        yield name, slice(start, start + shape.numel()), shape
        start += shape.numel()
