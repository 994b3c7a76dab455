"""Stretches of simple layers as one node of autograd, forward and backward in closed form.

For small networks autograd's own work, a node and several kernels a layer, takes twice as long as their arithmetic.
Shapes: R runs, B examples, I inputs, O outputs of a linear map; a chain maps (R, B, I) to (R, B, O).
"""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from core.choices.models.modules import WeightNorm
from core.engine.network.layer_base import Layer, Parts, Pass, weight_of


class Link(ABC):
    """One layer of a chain."""

    size = 0  # parameters
    by_outputs = False  # whether its backward pass needs its outputs, which nobody may then overwrite

    def parameters(self) -> tuple[Tensor | None, ...]:
        """The tensors that it has a gradient for, as they are now."""
        return ()

    @abstractmethod
    def forward(self, x: Tensor, *parameters: Tensor | None) -> Tensor:
        """Its outputs; may overwrite `x` where it is no linear map."""

    @abstractmethod
    def backward(self, grad: Tensor, x: Tensor, y: Tensor | None, *parameters: Tensor | None, first: bool) -> tuple[Tensor | None, ...]:
        """The gradients of its inputs (None if it is the first and nobody asks) and parameters, from that of its outputs."""


class Affine(Link):
    """y[r] = x[r] @ weight[r].T + bias[r].

    The gradient of the weights lies in memory as they do. Autograd's is transposed, and would be copied once more into its row.
    """

    size = 2

    def __init__(self, weight: Callable[[], Tensor], bias_RO: Tensor | None) -> None:
        self.weight, self.bias_RO = weight, bias_RO

    def parameters(self) -> tuple[Tensor | None, ...]:
        """Weights (R, O, I) and bias (R, O)."""
        return self.weight(), self.bias_RO

    def forward(self, x: Tensor, *parameters: Tensor | None) -> Tensor:
        """(R, B, O)."""
        weight_ROI, bias_RO = parameters
        assert weight_ROI is not None
        return torch.bmm(x, weight_ROI.mT) if bias_RO is None else torch.baddbmm(bias_RO[:, None], x, weight_ROI.mT)

    def backward(self, grad: Tensor, x: Tensor, y: Tensor | None, *parameters: Tensor | None, first: bool) -> tuple[Tensor | None, ...]:
        """Of inputs, weights, bias."""
        weight_ROI, bias_RO = parameters
        assert weight_ROI is not None
        inputs_RBI = None if first else torch.bmm(grad, weight_ROI)
        return inputs_RBI, torch.bmm(grad.mT, x), None if bias_RO is None else grad.sum(1)


class Elementwise(Link):
    """A function of single numbers, in place, whose derivative its value tells."""

    by_outputs = True

    def __init__(self, apply: Callable[[Tensor], Tensor], derive: Callable[[Tensor, Tensor], Tensor]) -> None:
        self.apply, self.derive = apply, derive

    def forward(self, x: Tensor, *parameters: Tensor | None) -> Tensor:
        """Written over x."""
        return self.apply(x)

    def backward(self, grad: Tensor, x: Tensor, y: Tensor | None, *parameters: Tensor | None, first: bool) -> tuple[Tensor | None, ...]:
        """grad * f'(x)."""
        assert y is not None
        return (self.derive(grad, y),)


def run(links: Sequence[Link], x: Tensor, parameters: Sequence[Tensor | None]) -> list[Tensor]:
    """What stands before, between and behind the links; `parameters` are those of all links, in order."""
    states, place = [x], 0
    for link in links:
        states.append(link.forward(states[-1], *parameters[place : place + link.size]))
        place += link.size
    return states


def back(
    links: Sequence[Link], states: Sequence[Any], parameters: Sequence[Tensor | None], grad: Tensor, *, to_inputs: bool
) -> tuple[Tensor | None, list[Tensor | None]]:
    """The gradients of the inputs (None unless asked for) and of all parameters, from that of the outputs."""
    found: list[Tensor | None] = []
    last: Tensor | None = grad
    end = len(parameters)
    for place in reversed(range(len(links))):
        assert last is not None
        own = parameters[end - links[place].size : end]
        first = place == 0 and not to_inputs
        last, *gradients = links[place].backward(last, states[place], states[place + 1], *own, first=first)
        found, end = gradients + found, end - len(own)
    return last, found


class Chain(torch.autograd.Function):
    """Links one after the other, as a node of autograd."""

    @staticmethod
    def forward(ctx: Any, links: Sequence[Link], x: Tensor, *parameters: Tensor | None) -> Tensor:
        """The outputs of the last link."""
        states = run(links, x, parameters)
        ctx.links = links
        last = states[-1] if links[-1].by_outputs else None
        ctx.save_for_backward(*states[:-1], last, *parameters)
        return states[-1]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """Of the inputs, if anybody asks, and all parameters."""
        count = len(ctx.links) + 1
        states, parameters = ctx.saved_tensors[:count], ctx.saved_tensors[count:]
        of_inputs, of_parameters = back(ctx.links, states, parameters, grad, to_inputs=ctx.needs_input_grad[1])
        return None, of_inputs, *of_parameters


def chained(links: Sequence[Link]) -> Layer:
    """A chain as a layer; the first link must be a linear map. With steps or positions before the inputs, it is applied at each."""

    def forward(x_RBI: Tensor, mode: Pass) -> Tensor:
        if x_RBI.dim() > 3:
            return forward(x_RBI.flatten(1, -2), mode).unflatten(1, x_RBI.shape[1:-1])
        out_RBO: Tensor = Chain.apply(links, x_RBI, *parameters_of(links))
        return out_RBO

    return forward


def parameters_of(links: Sequence[Link]) -> list[Tensor | None]:
    """Those of all links, in order."""
    return [parameter for link in links for parameter in link.parameters()]


def affine(module: nn.Module, name: str, parts: Parts) -> Affine:
    """The link that a plain linear map is."""
    return Affine(weight_of(module, name, parts), parts.parameters.get(f"{name}.bias"))


def link_of(module: nn.Module, name: str, parts: Parts) -> Link | None:
    """The link that a plain module is; None where it is none."""
    if isinstance(module, nn.Linear) or (isinstance(module, WeightNorm) and module.v.dim() == 2):
        return affine(module, name, parts)
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


def whole(module: nn.Module, parts: Parts) -> list[Link] | None:
    """The links of a network that is a single chain, straight from its parameters; None for any other."""
    links = [link_of(part, name, parts) for name, part in leaves(module, "")]
    plain = [link for link in links if link is not None]
    if len(plain) < len(links) or not isinstance(plain[0], Affine):
        return None
    given = [parameter for parameter in parameters_of(plain) if parameter is not None]
    straight = len(given) == len(parts.parameters) and all(map(operator.is_, given, parts.parameters.values()))
    return plain if straight else None


ELEMENTWISE: dict[type[nn.Module], Link] = {
    nn.ReLU: Elementwise(torch.relu_, lambda grad, y: torch.ops.aten.threshold_backward(grad, y, 0)),
    nn.Tanh: Elementwise(torch.tanh_, torch.ops.aten.tanh_backward),
    nn.Sigmoid: Elementwise(torch.sigmoid_, torch.ops.aten.sigmoid_backward),
}
