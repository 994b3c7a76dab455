"""Stretches of simple layers as one node of autograd, forward and backward in closed form.

For small networks autograd's own work, a node and several kernels a layer, takes twice as long as their arithmetic.
Shapes: R runs, B examples, I inputs, O outputs of a linear map; a chain maps (R, B, I) to (R, B, O).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


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


def parameters_of(links: Sequence[Link]) -> list[Tensor | None]:
    """Those of all links, in order."""
    return [parameter for link in links for parameter in link.parameters()]
