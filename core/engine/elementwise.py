"""Functions of single numbers that torch's own kernels do slowly on the CPU."""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

MINUS_ONE = torch.tensor(-1.0)


def tanh(x: Tensor, out: Tensor) -> Tensor:
    """tanh of x, written into `out`, which may be x.

    On the CPU by 2 sigmoid(2x) - 1, the same to 1e-7 (float32), but on Intel's: torch's tanh is MKL's, which takes half of that time on
    Intel's processors (measured on a Xeon with AVX-512) and three times as long on others.
    """
    if x.is_cuda or mkl_on_intel():
        return torch.tanh(x, out=out)
    return stretched(torch.mul(x, 2, out=out).sigmoid_())


def stretched(x: Tensor) -> Tensor:
    """2 x - 1, written into x: what makes a tanh of a sigmoid. In one pass, where `mul_` and `sub_` would take two."""
    return torch.add(MINUS_ONE.to(x.device), x, alpha=2, out=x)


@cache
def mkl_on_intel() -> bool:
    """Whether torch computes with MKL on a processor of Intel's. A machine's own, so that a run has the same bits in all its processes."""
    described = Path("/proc/cpuinfo")
    names = described.read_text(encoding="utf-8", errors="replace") if described.exists() else platform.processor()
    return torch.backends.mkl.is_available() and "GenuineIntel" in names


class Tanh(torch.autograd.Function):
    """tanh of what no one else needs: the input is overwritten."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """tanh(x), in the memory of x."""
        ctx.mark_dirty(x)
        y = tanh(x, out=x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        """grad * (1 - tanh(x)^2)."""
        (y,) = ctx.saved_tensors
        return torch.ops.aten.tanh_backward(grad, y)
