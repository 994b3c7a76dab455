"""Modules that torch has no name for. This file imports torch: import it where a network is built."""

from __future__ import annotations

from torch import Tensor, nn


class Residual(nn.Sequential):
    """A block whose input is added to its output: x + f(x). Source: He et al. 2015 (arXiv:1512.03385)."""

    def forward(self, input: Tensor) -> Tensor:
        """x + f(x); f keeps the shape."""
        return input + super().forward(input)
