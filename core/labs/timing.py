"""The computing time of networks: the median of repeated forward passes. Imports torch lazily."""

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor, nn

REPEATS = 50
WARM_UP = 5
"""Passes that are not measured, because the first ones fill caches and choose kernels."""


class Timed(NamedTuple):
    """The times of two networks on the same batch."""

    first: float  # median seconds of a forward pass
    second: float
    ratio: float  # first / second: the speedup of the second network


def compare(first: nn.Module, second: nn.Module, x_BD: Tensor, repeats: int = REPEATS) -> Timed:
    """Measures forward passes of both networks in eval mode on one batch, alternately, so that other load on the machine affects both
    equally.
    """
    import torch

    seconds: tuple[list[float], list[float]] = ([], [])
    with torch.inference_mode():
        for turn in range(WARM_UP + repeats):
            for model, taken in zip((first.eval(), second.eval()), seconds, strict=True):
                elapsed = _pass(model, x_BD)
                if turn >= WARM_UP:
                    taken.append(elapsed)
    one, other = median(seconds[0]), median(seconds[1])
    return Timed(one, other, one / other)


def _pass(model: nn.Module, x_BD: Tensor) -> float:
    began = time.perf_counter()
    model(x_BD)
    return time.perf_counter() - began
