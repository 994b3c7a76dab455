"""Plain modules as links of chains: stretches of linear maps and simple activations, whose backward pass is in closed form.

Shapes: R runs, B examples, I inputs, O outputs of a linear map.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from core.choices.models.modules import WeightNorm
from core.engine.kernels.chains import Affine, Chain, Elementwise, Link, parameters_of
from core.engine.network.layer_base import Layer, Pass, StackedTensors, weight_of


def chained(links: Sequence[Link]) -> Layer:
    """A chain as a layer; the first link must be a linear map. With steps or positions before the inputs, it is applied at each."""

    def forward(x_RBI: Tensor, mode: Pass) -> Tensor:
        if x_RBI.dim() > 3:
            return forward(x_RBI.flatten(1, -2), mode).unflatten(1, x_RBI.shape[1:-1])
        out_RBO: Tensor = Chain.apply(links, x_RBI, *parameters_of(links))
        return out_RBO

    return forward


def affine(module: nn.Module, name: str, tensors: StackedTensors) -> Affine:
    """The link that a plain linear map is."""
    return Affine(weight_of(module, name, tensors), tensors.parameters.get(f"{name}.bias"))


def link_of(module: nn.Module, name: str, tensors: StackedTensors) -> Link | None:
    """The link that a plain module is; None where it is none."""
    if isinstance(module, nn.Linear) or (isinstance(module, WeightNorm) and module.v.dim() == 2):
        return affine(module, name, tensors)
    return ELEMENTWISE.get(type(module))


def leaves(module: nn.Module, name: str) -> Iterator[tuple[str, nn.Module]]:
    """The modules that a plain Sequential does one after the other, with their names."""
    for child, part in module.named_children():
        path = within(name, child)
        if type(part) is nn.Sequential:
            yield from leaves(part, path)
        else:
            yield path, part


def within(name: str, child: str) -> str:
    """The name of a child of the module of that name."""
    return f"{name}.{child}" if name else child


def single_chain(module: nn.Module, tensors: StackedTensors) -> list[Link] | None:
    """The links of a network that is a single chain, straight from its parameters; None for any other."""
    links = [link_of(part, name, tensors) for name, part in leaves(module, "")]
    plain = [link for link in links if link is not None]
    if len(plain) < len(links) or not isinstance(plain[0], Affine):
        return None
    given = [parameter for parameter in parameters_of(plain) if parameter is not None]
    straight = len(given) == len(tensors.parameters) and all(map(operator.is_, given, tensors.parameters.values()))
    return plain if straight else None


ELEMENTWISE: dict[type[nn.Module], Link] = {
    nn.ReLU: Elementwise(torch.relu_, lambda grad, y: torch.ops.aten.threshold_backward(grad, y, 0)),
    nn.Tanh: Elementwise(torch.tanh_, torch.ops.aten.tanh_backward),
    nn.Sigmoid: Elementwise(torch.sigmoid_, torch.ops.aten.sigmoid_backward),
}
