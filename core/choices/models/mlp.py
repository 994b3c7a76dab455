"""Fully connected networks: a single linear map, and an MLP."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from core.choices.activations import Relu
from core.choices.initializations import He
from core.choices.models.base import (
    ActivationField,
    Bias,
    Dropout,
    InitField,
    InputDropout,
    LayeredChoice,
    LinearMap,
    ModelChoice,
    NormalizationField,
    Sizes,
    Skip,
    Width,
    check_layers,
)
from core.choices.normalizations import NoNormalization

if TYPE_CHECKING:
    from torch import nn


class Linear(ModelChoice):
    """Linear: one linear map from the features to the outputs (softmax regression or least-squares regression)."""

    kind: Literal["linear"] = "linear"
    init: InitField = He()
    bias: Bias = True

    def build(self, sizes: Sizes) -> nn.Sequential:
        """A Sequential with the one layer `output`."""
        from collections import OrderedDict

        from torch import nn

        return nn.Sequential(OrderedDict(output=nn.Linear(sizes.inputs, sizes.targets * sizes.outputs, bias=self.bias)))

    def maps(self, sizes: Sizes) -> list[LinearMap]:
        """The one matrix."""
        return [LinearMap("output", sizes.inputs, sizes.targets * sizes.outputs)]


def _some_layers(hidden: Any) -> Any:
    if isinstance(hidden, list | tuple) and not hidden:
        raise ValueError("give at least one width here; a network without hidden layers is the model kind linear")
    return hidden


class Mlp(LayeredChoice):
    """MLP: fully connected hidden layers (linear, normalization, activation, dropout), then a linear output layer.

    `width` and `depth` are another way to set the hidden layers, so that each can be varied alone: `depth` layers of `width` units each.
    If only one of them is set, `hidden` gives the other: its number of layers, or the units of its first layer.
    """

    kind: Literal["mlp"] = "mlp"
    hidden: Annotated[
        tuple[Width, ...],
        BeforeValidator(_some_layers),
        Field(min_length=1, max_length=64, description="Units of each hidden layer, e.g. 64, 64.", json_schema_extra={"unit": "units"}),
    ] = (64, 64)
    width: Annotated[
        Width | None,
        Field(
            description="Units of every hidden layer, in place of those in `hidden`.", json_schema_extra={"unit": "units", "advanced": True}
        ),
    ] = None
    depth: Annotated[
        Annotated[int, Field(ge=1, le=64)] | None,
        Field(
            description="Number of hidden layers, in place of those in `hidden`.", json_schema_extra={"unit": "layers", "advanced": True}
        ),
    ] = None
    activation: ActivationField = Relu()
    normalization: NormalizationField = NoNormalization()
    dropout: Dropout = 0.0
    input_dropout: InputDropout = 0.0
    skip: Skip = False
    init: InitField = He()
    bias: Bias = True

    @model_validator(mode="after")
    def _hidden_layers(self) -> Self:
        """Writes the layers into `hidden`, however they were given: networks and keys are made from `hidden`."""
        if self.width is not None or self.depth is not None:
            layers = (self.width or self.hidden[0],) * (self.depth or len(self.hidden))
            object.__setattr__(self, "hidden", layers)  # the class is frozen for all other code
        check_layers(self)
        return self

    def identity(self) -> dict[str, Any]:
        """As for every choice; the hidden layers are identified by `hidden` only."""
        return {name: value for name, value in super().identity().items() if name not in ("width", "depth")}

    def build(self, sizes: Sizes) -> nn.Sequential:
        """A Sequential of `hidden1`, `hidden2`, ..., `output`."""
        from torch import nn

        layers = self.first_layers()
        for number, (inputs, outputs) in enumerate(pairwise((sizes.inputs, *self.hidden)), start=1):
            mapping = nn.Linear(inputs, outputs, bias=self.bias)
            layers[f"hidden{number}"] = self.block(number, "linear", mapping, residual=self.skip and inputs == outputs)
        layers["output"] = nn.Linear(self.hidden[-1], sizes.targets * sizes.outputs, bias=self.bias)
        return nn.Sequential(layers)

    def widths(self) -> tuple[int, ...]:
        """Units of the hidden layers."""
        return self.hidden

    def maps(self, sizes: Sizes) -> list[LinearMap]:
        """One matrix for each layer."""
        ends = pairwise((sizes.inputs, *self.hidden))
        hidden = [LinearMap(f"hidden{number}", inputs, outputs) for number, (inputs, outputs) in enumerate(ends, start=1)]
        return [*hidden, LinearMap("output", self.hidden[-1], sizes.targets * sizes.outputs)]
