"""Plain modules as links of chains: stretches of linear maps and simple activations, whose backward pass is in closed form.

Shapes: R runs, B examples, I inputs, O outputs of a linear map.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from core.choices.models.modules import WeightNorm
from core.engine.kernels.chains import Affine, Chain, Columns, Elementwise, Link, WholeChain, parameters_of
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
    """The link of a plain linear map."""
    return Affine(weight_of(module, name, tensors), tensors.parameters.get(f"{name}.bias"))


def link_of(module: nn.Module, name: str, tensors: StackedTensors) -> Link | None:
    """The link of a plain module; None if the module is not a link."""
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


def single_chain(module: nn.Module, tensors: StackedTensors, watched: Sequence[str]) -> WholeChain | None:
    """A network that is a single chain, straight from its parameters; None for any other.

    Modules whose own names are `watched` end the layer that they stand in, or are one.
    """
    paths, links = [], []
    for path, part in leaves(module, ""):
        link = link_of(part, path, tensors)
        if link is None:
            return None
        paths.append(path)
        links.append(Columns(link.weight, link.bias_RO) if isinstance(link, Affine) else link)
    given = [parameter for parameter in parameters_of(links) if parameter is not None]
    straight = len(given) == len(tensors.parameters) and all(map(operator.is_, given, tensors.parameters.values()))
    if not straight or not isinstance(links[0], Columns):
        return None
    ends = [path.rpartition(".") for path in paths]
    return WholeChain(links, [(layer or child) if child in watched else None for layer, _, child in ends])


ELEMENTWISE: dict[type[nn.Module], Link] = {
    nn.ReLU: Elementwise(torch.relu_, lambda grad, y: torch.ops.aten.threshold_backward.default(grad, y, 0)),
    nn.Tanh: Elementwise(torch.tanh_, torch.ops.aten.tanh_backward.default),
    nn.Sigmoid: Elementwise(torch.sigmoid_, torch.ops.aten.sigmoid_backward.default),
}
