"""Filling a network with its initial weights. This file imports torch, so it is imported only where a network is filled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from core.choices.activations import ActivationChoice
from core.choices.initializations import InitChoice
from core.choices.models.modules import WeightNorm

Weighted = nn.Linear | nn.Conv1d | nn.Conv2d | WeightNorm | nn.RNNBase


def weighted_layers(network: nn.Module) -> Iterator[Weighted]:
    """The modules with weight matrices, from input to output."""
    return (module for module in network.modules() if isinstance(module, Weighted))


@torch.no_grad()
def fill(network: nn.Module, init: InitChoice, activation: ActivationChoice, generator: Generator, sample_ND: Tensor | None) -> None:
    """Draws all weights in place, from input to output, and sets the biases to `init.bias`.

    The gain of hidden layers is `init`'s own if it has one, else the activation's; the gain of the last layer and of recurrent layers is 1.

    Raises ValueError if `init` needs examples and gets none.
    """
    layers = list(weighted_layers(network))
    hidden_gain = activation.gain if init.own_gain is None else init.own_gain
    for layer in layers:
        _fill_layer(layer, init, 1.0 if layer is layers[-1] else hidden_gain, generator)
    if init.sample_size:
        if sample_ND is None:
            raise ValueError(f"{init.kind} initialization needs training examples")
        scale_to_variance_one(network, layers, sample_ND)


def _fill_layer(layer: Weighted, init: InitChoice, gain: float, generator: Generator) -> None:
    if isinstance(layer, nn.RNNBase):
        for name, parameter in layer.named_parameters():
            parameter.zero_()
            if name.startswith("weight"):
                _fill_gates(parameter, layer.hidden_size, init, generator)
            elif name.startswith("bias_ih"):  # a gate has two biases, which torch adds; only one starts at `init.bias`
                parameter.fill_(init.bias)
        return
    if isinstance(layer, WeightNorm):
        init.fill(layer.v, gain, generator)
        layer.set_weight(layer.v)
    else:
        init.fill(layer.weight, gain, generator)
    if layer.bias is not None:
        layer.bias.fill_(init.bias)


def _fill_gates(weight_GI: Tensor, hidden: int, init: InitChoice, generator: Generator) -> None:
    for block in weight_GI.split(hidden):
        init.fill(block, 1.0 if init.own_gain is None else init.own_gain, generator)


def scale_to_radius(weight: Tensor, radius: float) -> None:
    """Scales a square matrix in place so that its largest absolute eigenvalue is `radius`; a matrix with only zero eigenvalues stays as it
    is.
    """
    largest = torch.linalg.eigvals(weight.detach().double()).abs().max().item()
    if largest > 0:
        weight.mul_(radius / largest)


def scale_to_variance_one(network: nn.Module, layers: list[Weighted], sample_ND: Tensor) -> None:
    """Scales each layer in turn so that its outputs for the examples have variance 1, in eval mode; a recurrent layer by its input weights.

    Apart from a constant bias, which does not change the variance, the layers are linear, so that one pass is exact: the output without its
    bias is scaled together with the weight.

    Source: Mishkin & Matas 2016 (arXiv:1511.06422).
    """
    was_training = network.training
    network.eval()
    with ExitStack() as hooks:
        for layer in layers:
            if isinstance(layer, nn.RNNBase):
                hooks.callback(layer.register_forward_pre_hook(_scale_inputs_part).remove)
            else:
                hooks.callback(layer.register_forward_hook(_scale_output).remove)
        network(sample_ND)
    network.train(was_training)


def _scale_output(layer: Any, args: tuple[Tensor, ...], output: Tensor) -> Tensor:
    factor = _factor(output)
    (layer.g if isinstance(layer, WeightNorm) else layer.weight).mul_(factor)
    start = 0.0 if layer.bias is None else layer.bias[0]
    return (output - start) * factor + start


def _scale_inputs_part(layer: Any, args: tuple[Tensor, ...]) -> None:
    for name, weight in layer.named_parameters():
        if name.startswith("weight_ih"):
            weight.mul_(_factor(F.linear(args[0], weight)))


def _factor(output: Tensor) -> float:
    std = output.std(correction=0).item()
    return 1 / std if std > 0 else 1.0
