"""Networks, written as plain PyTorch modules; the engine stacks the very same modules."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from core.choices.activations import Activation, ActivationChoice, Identity, Relu
from core.choices.base import ByKind, Choice, Fraction
from core.choices.initializations import He, Init
from core.choices.normalizations import BatchNorm, NoNormalization, Normalization

if TYPE_CHECKING:
    from torch import Generator, nn

Bias = Annotated[bool, Field(description="A constant added by every unit.", json_schema_extra={"advanced": True})]
InitField = Annotated[Init, Field(description="How the weights are drawn before training.")]
Width = Annotated[int, Field(ge=1, le=4096)]


class Linear(Choice):
    """Linear: one linear map from the features to the classes (softmax or least-squares regression)."""

    kind: Literal["linear"] = "linear"
    init: InitField = He()
    bias: Bias = True

    dropout: ClassVar[float] = 0.0

    def build(self, inputs: int, outputs: int) -> nn.Sequential:
        """A Sequential with the one layer `output`."""
        from torch import nn

        return nn.Sequential(OrderedDict(output=nn.Linear(inputs, outputs, bias=self.bias)))

    def initialize(self, network: nn.Module, generator: Generator) -> None:
        """Draws the weights in place from `generator`, input to output."""
        _initialize(network, self.init, Identity(), generator)

    def widths(self) -> tuple[int, ...]:
        """Units of the hidden layers: none."""
        return ()

    def parameter_count(self, inputs: int, outputs: int) -> int:
        """Trainable parameters."""
        return (inputs + self.bias) * outputs


class Mlp(Choice):
    """MLP: fully connected hidden layers (linear, normalization, activation, dropout), then a linear output layer."""

    kind: Literal["mlp"] = "mlp"
    hidden: Annotated[
        tuple[Width, ...],
        Field(min_length=1, max_length=64, description="Units of each hidden layer, e.g. 64, 64.", json_schema_extra={"unit": "units"}),
    ] = (64, 64)
    activation: Annotated[Activation, Field(description="The nonlinearity after each hidden layer.")] = Relu()
    normalization: Annotated[Normalization, Field(description="Rescales each hidden layer's outputs before the activation.")] = (
        NoNormalization()
    )
    dropout: Annotated[
        Fraction, Field(description="Share of hidden units set to 0 in training; the rest are scaled up by 1 / (1 - p).")
    ] = 0.0
    skip: Annotated[bool, Field(description="Adds a hidden layer's input to its output where both have the same width.")] = False
    init: InitField = He()
    bias: Bias = True

    def build(self, inputs: int, outputs: int) -> nn.Sequential:
        """A Sequential of `hidden1`, `hidden2`, ..., `output`, its weights not yet drawn."""
        from torch import nn

        layers: OrderedDict[str, nn.Module] = OrderedDict()
        for number, (width_in, width_out) in enumerate(pairwise((inputs, *self.hidden)), start=1):
            layers[f"hidden{number}"] = self._block(width_in, width_out)
        layers["output"] = nn.Linear(self.hidden[-1], outputs, bias=self.bias)
        return nn.Sequential(layers)

    def _block(self, inputs: int, outputs: int) -> nn.Module:
        from torch import nn

        parts: OrderedDict[str, nn.Module] = OrderedDict(linear=nn.Linear(inputs, outputs, bias=self.bias))
        if (norm := self.normalization.build(outputs)) is not None:
            parts["normalization"] = norm
        parts["activation"] = self.activation.build()
        if self.dropout > 0:
            parts["dropout"] = nn.Dropout(self.dropout)
        if self.skip and inputs == outputs:
            from core.choices.modules import Residual

            return Residual(parts)
        return nn.Sequential(parts)

    def initialize(self, network: nn.Module, generator: Generator) -> None:
        """Draws the weights in place from `generator`, input to output."""
        _initialize(network, self.init, self.activation, generator)

    def widths(self) -> tuple[int, ...]:
        """Units of the hidden layers."""
        return self.hidden

    def parameter_count(self, inputs: int, outputs: int) -> int:
        """Trainable parameters, by arithmetic (no network is built)."""
        linear = sum((i + self.bias) * o for i, o in pairwise((inputs, *self.hidden, outputs)))
        norm = 0 if isinstance(self.normalization, NoNormalization) else 2 * sum(self.hidden)
        return linear + norm


def linear_layers(network: nn.Module) -> Iterator[nn.Linear]:
    """The linear layers from input to output."""
    from torch import nn

    return (module for module in network.modules() if isinstance(module, nn.Linear))


def _initialize(network: nn.Module, init: Init, activation: ActivationChoice, generator: Generator) -> None:
    import torch

    layers = list(linear_layers(network))
    with torch.no_grad():
        for layer in layers:
            init.fill(layer.weight, 1.0 if layer is layers[-1] else activation.gain, generator)
            if layer.bias is not None:
                layer.bias.zero_()


def uses_batch_statistics(model: Linear | Mlp) -> bool:
    """Whether a training batch needs at least two examples."""
    return isinstance(model, Mlp) and isinstance(model.normalization, BatchNorm)


Model = Annotated[Linear | Mlp, Field(discriminator="kind"), ByKind]
