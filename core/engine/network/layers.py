"""Layers that hold R independent networks, built from the plain torch modules that they stand for.

Shapes: R runs, B examples of a batch, I inputs, O outputs, C channels (units); positions may follow the channels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.choices.activations import Activation
from core.choices.models.modules import Residual, Steps, TimeLast, WeightNorm
from core.engine.kernels.chains import Affine, Link
from core.engine.network import convolutions, normalizations, recurrent
from core.engine.network.chaining import affine, chained, leaves, link_of, within
from core.engine.network.layer_base import Build, Layer, Pass, StackedTensors

__all__ = ["Layer", "Pass", "StackedTensors", "segments", "stacked"]


def stacked(module: nn.Module, name: str, tensors: StackedTensors) -> Layer:
    """R copies of `module` as one layer; `name` is its prefix in `tensors`. Raises TypeError for a module that cannot be stacked."""
    if build := STACKED.get(type(module)):
        return build(module, name, tensors)
    if isinstance(module, ANY_LEADING):
        return lambda x, _: module(x)
    raise TypeError(f"no stacked form of {type(module).__name__}; add one to core.engine.network.layers.STACKED")


def linear(module: nn.Module, name: str, tensors: StackedTensors) -> Layer:
    """y[r] = x[r] @ weight[r].T + bias[r] as one batched product; if steps or positions precede the inputs, it is applied at each of
    them.
    """
    return chained([affine(module, name, tensors)])


def weight_norm(module: nn.Module, name: str, tensors: StackedTensors) -> Layer:
    """The linear map or convolution inside `WeightNorm`; its weight is computed anew in every forward pass."""
    assert isinstance(module, WeightNorm)
    return (linear if module.v.dim() == 2 else convolutions.convolution)(module, name, tensors)


def relu(module: nn.Module, name: str, tensors: StackedTensors) -> Layer:
    """ReLU, in place: it overwrites the output of a linear map or a norm, which no backward pass needs.

    If the input is a view, it is not in place: writing to a view costs autograd two copies of the gradient.
    """
    return lambda x, _: torch.relu(x) if x._is_view() else torch.relu_(x)


def tanh(module: nn.Module, name: str, tensors: StackedTensors) -> Layer:
    """Tanh, in place as in `relu`."""
    return lambda x, _: torch.tanh(x) if x._is_view() else torch.tanh_(x)


def prelu(module: nn.Module, name: str, tensors: StackedTensors) -> Layer:
    """PReLU with each run's own slope; the R runs take the place of torch's channels."""
    slope_R1 = tensors.parameters[f"{name}.weight"]
    return lambda x, _: F.prelu(x.transpose(0, 1), slope_R1.flatten()).transpose(0, 1)


def dropout(module: nn.Module, name: str, tensors: StackedTensors) -> Layer:
    """Inverted dropout with each run's own rate and its own random stream."""
    rate_R = tensors.dropouts[name]
    number = list(tensors.dropouts).index(name)
    if not rate_R.any():
        return lambda x, _: x

    def forward(x_RBC: Tensor, mode: Pass) -> Tensor:
        if mode.uniforms is None:
            return x_RBC
        rate = rate_R.view(-1, *[1] * (x_RBC.dim() - 1))
        kept_RBC = mode.uniforms(number, tuple(x_RBC.shape[1:])) >= rate
        return x_RBC * (kept_RBC / (1 - rate))

    return forward


def sequence(module: nn.Module, name: str, tensors: StackedTensors) -> Layer:
    """The children in order. The outputs of activations and of the last layer are passed to `Pass.watch`."""
    layers = [(child, stacked(part, within(name, child), tensors)) for child, part in module.named_children()]
    unwatched: list[Layer] = []

    def forward(x: Tensor, mode: Pass) -> Tensor:
        if mode.watch is None:
            if not unwatched:
                unwatched.extend(joined(module, name, tensors))
            for layer in unwatched:
                x = layer(x, mode)
            return x
        for child, layer in layers:
            x = layer(x, mode)
            if child in WATCHED:
                mode.watch(name or child, x)
        return x

    return forward


def joined(module: nn.Module, name: str, tensors: StackedTensors) -> Iterator[Layer]:
    """The layers of a sequence and of its nested sequences, with simple layers joined into chains, inside which nothing can be watched."""
    links: list[Link] = []
    for path, part in leaves(module, name):
        link = link_of(part, path, tensors)
        if link is not None and (links or isinstance(link, Affine)):
            links.append(link)
            continue
        if links:
            yield chained(links)
        links = []
        yield stacked(part, path, tensors)
    if links:
        yield chained(links)


def residual(module: nn.Module, name: str, tensors: StackedTensors) -> Layer:
    """x + f(x), a skip connection around the children."""
    block = sequence(module, name, tensors)
    return lambda x, mode: x + block(x, mode)


WATCHED = ("activation", "output")
OF_SINGLE_NUMBERS = tuple(type(cls().build()) for cls in get_args(get_args(Activation)[0]) if not cls.learned)
ANY_LEADING = (*OF_SINGLE_NUMBERS, nn.Identity, Steps, TimeLast)
"""Modules that work in the same way whatever dimensions come first."""

STACKED: dict[type[nn.Module], Build] = {
    nn.Linear: linear,
    WeightNorm: weight_norm,
    nn.ReLU: relu,
    nn.Tanh: tanh,
    nn.PReLU: prelu,
    nn.Dropout: dropout,
    Residual: residual,
    nn.Sequential: sequence,
    **normalizations.STACKED,
    **convolutions.STACKED,
    **recurrent.STACKED,
}


def segments(tensors: Sequence[tuple[str, torch.Size]]) -> Iterator[tuple[str, slice, torch.Size]]:
    """(name, columns, shape) of each tensor when all are flattened and concatenated into a row."""
    start = 0
    for name, shape in tensors:
        yield name, slice(start, start + shape.numel()), shape
        start += shape.numel()
