"""Chains of simple layers as one node of autograd, with forward and backward passes in closed form.

For small networks autograd's own overhead, one node and several kernels for each layer, takes twice as long as the arithmetic.

A chain maps (R, B, I) to (R, B, O). If the whole network is one chain, the examples are the columns: it maps (R, I, B) to (R, O, B).
Products with few outputs then take half the time, and sums over examples read contiguous memory.

Shapes: R runs, B or N examples, I inputs, O outputs of a linear map, H units.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


class Link(ABC):
    """One layer of a chain."""

    size = 0  # number of parameters
    by_outputs = False  # whether the backward pass needs the layer's outputs, which the next layer must then not overwrite

    def parameters(self) -> tuple[Tensor | None, ...]:
        """The current tensors of the layer that need a gradient."""
        return ()

    @abstractmethod
    def forward(self, x: Tensor, *parameters: Tensor | None) -> Tensor:
        """The outputs of the layer; may overwrite `x`, unless the layer is a linear map."""

    @abstractmethod
    def backward(self, grad: Tensor, x: Tensor, y: Tensor | None, *parameters: Tensor | None, first: bool) -> tuple[Tensor | None, ...]:
        """The gradients of the inputs and parameters, from the gradient of the outputs. With `first`, the inputs' gradient is not needed:
        None.
        """


class Affine(Link):
    """y[r] = x[r] @ weight[r].T + bias[r].

    The gradient of the weights has the memory layout of the weights. Autograd's would be transposed, and would have to be copied once more.
    """

    size = 2

    def __init__(self, weight: Callable[[], Tensor], bias_RO: Tensor | None) -> None:
        self.weight, self.bias_RO = weight, bias_RO

    def parameters(self) -> tuple[Tensor | None, ...]:
        """Weights (R, O, I) and bias (R, O)."""
        return self.weight(), self.bias_RO

    def forward(self, x: Tensor, *parameters: Tensor | None) -> Tensor:
        """The outputs (R, B, O)."""
        weight_ROI, bias_RO = parameters
        assert weight_ROI is not None
        return torch.bmm(x, weight_ROI.mT) if bias_RO is None else torch.baddbmm(bias_RO[:, None], x, weight_ROI.mT)

    def backward(self, grad: Tensor, x: Tensor, y: Tensor | None, *parameters: Tensor | None, first: bool) -> tuple[Tensor | None, ...]:
        """The gradients of inputs, weights and bias."""
        weight_ROI, bias_RO = parameters
        assert weight_ROI is not None
        inputs_RBI = None if first else torch.bmm(grad, weight_ROI)
        return inputs_RBI, torch.bmm(grad.mT, x), None if bias_RO is None else grad.sum(1)


class Columns(Affine):
    """The same linear map with the examples as columns: y[r] = weight[r] @ x[r] + bias[r]."""

    def forward(self, x: Tensor, *parameters: Tensor | None) -> Tensor:
        """The outputs (R, O, B)."""
        weight_ROI, bias_RO = parameters
        assert weight_ROI is not None
        return torch.bmm(weight_ROI, x) if bias_RO is None else torch.baddbmm(bias_RO[:, :, None], weight_ROI, x)

    def backward(self, grad: Tensor, x: Tensor, y: Tensor | None, *parameters: Tensor | None, first: bool) -> tuple[Tensor | None, ...]:
        """The gradients of inputs, weights and bias."""
        weight_ROI, bias_RO = parameters
        assert weight_ROI is not None
        inputs_RIB = None if first else torch.bmm(weight_ROI.mT, grad)
        return inputs_RIB, torch.bmm(grad, x.mT), None if bias_RO is None else grad.sum(2)

    def of_shared(self, x_NI: Tensor) -> Tensor:
        """The outputs (R, O, N) for examples that all runs share, by one matrix product."""
        weight_ROI = self.weight()
        y_RON = _product(weight_ROI.flatten(0, 1), x_NI).view(*weight_ROI.shape[:2], -1)
        return y_RON if self.bias_RO is None else y_RON.add_(self.bias_RO[:, :, None])


class Elementwise(Link):
    """An elementwise function, computed in place; its derivative is a function of its output."""

    by_outputs = True

    def __init__(self, apply: Callable[[Tensor], Tensor], derive: Callable[[Tensor, Tensor], Tensor]) -> None:
        self.apply, self.derive = apply, derive

    def forward(self, x: Tensor, *parameters: Tensor | None) -> Tensor:
        """The function values, written over x."""
        return self.apply(x)

    def backward(self, grad: Tensor, x: Tensor, y: Tensor | None, *parameters: Tensor | None, first: bool) -> tuple[Tensor | None, ...]:
        """grad * f'(x)."""
        assert y is not None
        return (self.derive(grad, y),)


def run(links: Sequence[Link], x: Tensor, parameters: Sequence[Tensor | None]) -> list[Tensor]:
    """The input and the output of every link, in order; `parameters` are those of all links, in order."""
    states, place = [x], 0
    for link in links:
        states.append(link.forward(states[-1], *parameters[place : place + link.size]))
        place += link.size
    return states


def back(
    links: Sequence[Link], states: Sequence[Any], parameters: Sequence[Tensor | None], grad: Tensor, *, to_inputs: bool
) -> tuple[Tensor | None, list[Tensor | None]]:
    """The gradients of the inputs (None without `to_inputs`) and of all parameters, from the gradient of the outputs."""
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
    """Several links in a row, as one node of autograd."""

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
        """The gradients of the inputs, if they are needed, and of all parameters."""
        count = len(ctx.links) + 1
        states, parameters = ctx.saved_tensors[:count], ctx.saved_tensors[count:]
        of_inputs, of_parameters = back(ctx.links, states, parameters, grad, to_inputs=ctx.needs_input_grad[1])
        return None, of_inputs, *of_parameters


def parameters_of(links: Sequence[Link]) -> list[Tensor | None]:
    """The parameters of all links, in order."""
    return [parameter for link in links for parameter in link.parameters()]


def _product(a_ON: Tensor, b_NI: Tensor) -> Tensor:
    """a @ b.T. On the CPU in float32 it uses oneDNN, as torch.compile does: MKL uses only half of the vector width on AMD processors."""
    if a_ON.dtype == torch.float32 and not a_ON.is_cuda and torch.backends.mkldnn.is_available():
        product: Tensor = torch.ops.mkldnn._linear_pointwise.default(a_ON, b_NI, None, "none", [], "")
        return product
    return a_ON @ b_NI.mT


@dataclass(frozen=True)
class WholeChain:
    """A network that is one chain: its links, and the links after which a layer's activations can be watched."""

    links: Sequence[Link]
    layers: Sequence[str | None]  # for each link: the name of the layer that ends with it, or None

    @torch.no_grad()
    def look(self, x_NI: Tensor, watch: Callable[[str, Tensor], None] | None = None) -> Tensor:
        """The outputs (R, N, O) for examples that all runs share. `watch` is called with each layer's name and activations (R, N, H)."""
        first, *rest = self.links
        assert isinstance(first, Columns)
        state = first.of_shared(x_NI)
        for place, layer in enumerate(self.layers):
            if place:
                state = rest[place - 1].forward(state, *rest[place - 1].parameters())
            if watch is not None and layer is not None:
                watch(layer, state.mT)
        return state.mT
