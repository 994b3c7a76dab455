"""Stretches of simple layers as one node of autograd, forward and backward in closed form.

For small networks autograd's own work, a node and several kernels a layer, takes twice as long as their arithmetic.
A chain maps (R, B, I) to (R, B, O). A network that is a single chain has its examples in columns, (R, I, B) to (R, O, B): products with
few outputs then take half the time, and what is summed over examples lies in a row of memory.

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


class Columns(Affine):
    """The same map of examples in columns: y[r] = weight[r] @ x[r] + bias[r]."""

    def forward(self, x: Tensor, *parameters: Tensor | None) -> Tensor:
        """(R, O, B)."""
        weight_ROI, bias_RO = parameters
        assert weight_ROI is not None
        return torch.bmm(weight_ROI, x) if bias_RO is None else torch.baddbmm(bias_RO[:, :, None], weight_ROI, x)

    def backward(self, grad: Tensor, x: Tensor, y: Tensor | None, *parameters: Tensor | None, first: bool) -> tuple[Tensor | None, ...]:
        """Of inputs, weights, bias."""
        weight_ROI, bias_RO = parameters
        assert weight_ROI is not None
        inputs_RIB = None if first else torch.bmm(weight_ROI.mT, grad)
        return inputs_RIB, torch.bmm(grad, x.mT), None if bias_RO is None else grad.sum(2)

    def of_shared(self, x_NI: Tensor) -> Tensor:
        """The outputs (R, O, N) for examples that all runs share, by one product."""
        weight_ROI = self.weight()
        y_RON = _product(weight_ROI.flatten(0, 1), x_NI).view(*weight_ROI.shape[:2], -1)
        return y_RON if self.bias_RO is None else y_RON.add_(self.bias_RO[:, :, None])


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


def _product(a_ON: Tensor, b_NI: Tensor) -> Tensor:
    """a @ b.T. In float32 on the CPU by oneDNN, as torch's compiler does it: on AMD's processors, MKL uses only half of their width."""
    if a_ON.dtype == torch.float32 and not a_ON.is_cuda and torch.backends.mkldnn.is_available():
        product: Tensor = torch.ops.mkldnn._linear_pointwise.default(a_ON, b_NI, None, "none", [], "")
        return product
    return a_ON @ b_NI.mT


@dataclass(frozen=True)
class WholeChain:
    """A network that is one chain: its links, and after which of them a layer's activations are shown."""

    links: Sequence[Link]
    layers: Sequence[str | None]  # the name of the layer that ends with each link

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
