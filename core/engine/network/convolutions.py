"""Convolutions of R networks at once. Shapes: R runs, B examples, I input channels, O output channels; positions follow."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from core.engine.network.layer_base import Build, Layer, Pass, StackedTensors, by_channel, by_run, weight_of


def convolution(module: nn.Module, name: str, tensors: StackedTensors) -> Layer:
    """The convolutions of R runs as one convolution with R groups."""
    weight = weight_of(module, name, tensors)
    bias_RO = tensors.parameters.get(f"{name}.bias")
    stride: Any = module.stride
    padding: Any = module.padding

    def forward(x_RBI: Tensor, mode: Pass) -> Tensor:
        kernel_ROI = weight()
        convolve = F.conv1d if kernel_ROI.dim() == 4 else F.conv2d
        bias = None if bias_RO is None else bias_RO.flatten()
        runs = len(kernel_ROI)
        out = convolve(by_channel(x_RBI), kernel_ROI.flatten(0, 1), bias, stride, padding, groups=runs)
        return by_run(out, runs)

    return forward


def pooling(module: nn.Module, name: str, tensors: StackedTensors) -> Layer:
    """Pooling, applied to R * C channels."""
    return lambda x_RBC, _: by_run(module(by_channel(x_RBC)), x_RBC.shape[0])


def unflatten(module: nn.Module, name: str, tensors: StackedTensors) -> Layer:
    """Examples (R, B, D) in their own shape (R, B, C, *sides)."""
    assert isinstance(module, nn.Unflatten)
    shape = tuple(module.unflattened_size)
    return lambda x_RBD, _: x_RBD.unflatten(2, shape)


def flatten(module: nn.Module, name: str, tensors: StackedTensors) -> Layer:
    """Examples of any shape as (R, B, D)."""
    return lambda x, _: x.flatten(2)


STACKED: dict[type[nn.Module], Build] = {
    nn.Conv1d: convolution,
    nn.Conv2d: convolution,
    nn.MaxPool1d: pooling,
    nn.MaxPool2d: pooling,
    nn.AvgPool1d: pooling,
    nn.AvgPool2d: pooling,
    nn.Unflatten: unflatten,
    nn.Flatten: flatten,
}
