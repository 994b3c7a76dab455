"""Modules that torch does not have. This file imports torch, so it is imported only where a network is built.

Shapes: B examples, T steps, F features of a step, H units, K targets, C channels, D numbers of an example.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

ConvNd = nn.Conv1d | nn.Conv2d


class Residual(nn.Sequential):
    """A block whose input is added to its output: x + f(x). Source: He et al. 2015 (arXiv:1512.03385)."""

    def forward(self, input: Tensor) -> Tensor:
        """x + f(x); f keeps the shape."""
        return input + super().forward(input)


class WeightNorm(nn.Module):
    """A linear map or convolution with the weight g v / ||v||: for each output, a learned length g and a learned direction v.

    It replaces `plain`. Parameters in order: g (outputs,), v (the weight's shape), bias. It equals torch's
    `parametrizations.weight_norm`, which calls them original0 and original1. An output whose v is 0 (fully pruned) has weight 0.

    Source: Salimans & Kingma 2016 (arXiv:1602.07868).
    """

    def __init__(self, plain: nn.Linear | ConvNd) -> None:
        super().__init__()
        self.g = nn.Parameter(plain.weight.new_empty(plain.weight.shape[0]))
        self.v = nn.Parameter(torch.empty_like(plain.weight))
        self.bias: Tensor | None
        self.register_parameter("bias", plain.bias)  # type: ignore[arg-type]
        self.stride: Any = getattr(plain, "stride", None)
        self.padding: Any = getattr(plain, "padding", None)

    @property
    def weight(self) -> Tensor:
        """g v / ||v||, in the shape of v."""
        return normalized(self.v[None], self.g[None])[0]

    @torch.no_grad()
    def set_weight(self, weight: Tensor) -> None:
        """Makes `weight` the effective weight: sets v to it, and g to its length."""
        self.v.copy_(weight)
        self.g.copy_(weight.flatten(1).norm(dim=1))

    def forward(self, input: Tensor) -> Tensor:
        """As the plain module, with the normalized weight."""
        if self.v.dim() == 2:
            return F.linear(input, self.weight, self.bias)
        convolve = F.conv1d if self.v.dim() == 3 else F.conv2d
        return convolve(input, self.weight, self.bias, stride=self.stride, padding=self.padding)


def normalized(v_RO: Tensor, g_RO: Tensor) -> Tensor:
    """g v / ||v||, with the norm over all dimensions of v (R, O, ...) after the first two; 0 where v is 0."""
    length_RO = v_RO.flatten(2).norm(dim=2)
    scale_RO = g_RO / length_RO.where(length_RO > 0, torch.ones_like(length_RO))
    return v_RO * scale_RO.view(*scale_RO.shape, *[1] * (v_RO.dim() - 2))


class PictureRmsNorm(nn.RMSNorm):
    """RMS norm of an example over its channels and positions (B, C, ...), with a learned scale for each channel."""

    def forward(self, x: Tensor) -> Tensor:
        """x / rms(x) * weight, of the same shape."""
        assert self.weight is not None
        return F.rms_norm(x, x.shape[1:], eps=self.eps) * self.weight.view(-1, *[1] * (x.dim() - 2))


class TimeLast(nn.Module):
    """Flattened sequences (..., T * F) as signals (..., F, T)."""

    def __init__(self, steps: int, features: int) -> None:
        super().__init__()
        self.shape = (steps, features)

    def forward(self, x: Tensor) -> Tensor:
        """A view of x."""
        return x.unflatten(-1, self.shape).transpose(-1, -2)


class Steps(nn.Module):
    """Flattened examples (..., D) as steps (..., T, F): the steps of a sequence, the points of a signal, or the rows of a picture."""

    def __init__(self, shape: tuple[int, ...], *, sequence: bool) -> None:
        super().__init__()
        self.shape = (
            (1, *shape) if sequence else (*shape, 1) if len(shape) == 2 else shape
        )  # (channels, steps, width); a step of a picture has the row of every channel

    def forward(self, x: Tensor) -> Tensor:
        """The steps; a view of x if there is one channel."""
        return x.unflatten(-1, self.shape).transpose(-2, -3).flatten(-2)


class LastStates(nn.Module):
    """The last K states of a recurrent layer over (B, T, F): (B, H), or (B, K, H) for K > 1.

    With `truncation` the gradient is cut after that many steps, counted from the last one, so that it flows back at most that far.

    A bidirectional layer returns both states side by side, 2 H: the last state of each direction for K = 1 (the backward direction ends at
    the first step), or torch's outputs for K = T. Other values of K, and truncation, are refused.

    Source: Williams & Peng 1990, "An Efficient Gradient-Based Algorithm for On-Line Training of Recurrent Network Trajectories".
    """

    def __init__(self, rnn: nn.RNNBase, keep: int, truncation: int | None) -> None:
        super().__init__()
        self.rnn = rnn
        self.keep = keep
        self.truncation = truncation

    def forward(self, x: Tensor) -> Tensor:
        """The kept states, which are the outputs of the cells."""
        if self.rnn.bidirectional:
            return self._of_both_directions(x)
        state, outputs = None, []
        for part in x.split(self.lengths(x.shape[1]), dim=1):
            output, state = self.rnn(part, state)
            state = tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()
            outputs.append(output)
        states = outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=1)
        return states[:, -1] if self.keep == 1 else states[:, -self.keep :]

    def _of_both_directions(self, x: Tensor) -> Tensor:
        if self.truncation is not None or self.keep not in (1, x.shape[1]):
            raise ValueError(f"a bidirectional layer returns its last states or all {x.shape[1]}, not {self.keep}, and is not truncated")
        states, _ = self.rnn(x)
        if self.keep > 1:
            return states
        forward, backward = states.chunk(2, dim=2)
        return torch.cat([forward[:, -1], backward[:, 0]], dim=1)

    def lengths(self, steps: int) -> list[int]:
        """The lengths, in steps, of the stretches between which the gradient is cut."""
        length = self.truncation or steps
        return ([steps % length] if steps % length else []) + [length] * (steps // length)
