"""What every network shares: the sizes it must fit, and how it is built, initialized and counted."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, NamedTuple

from pydantic import Field

from core.choices.activations import Activation, Identity
from core.choices.base import Choice, Fraction
from core.choices.initializations import Init
from core.choices.normalizations import Normalization

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn

Bias = Annotated[bool, Field(description="Adds a learned constant to every unit.", json_schema_extra={"advanced": True})]
InitField = Annotated[Init, Field(description="How the weights are drawn before training.")]
Width = Annotated[int, Field(ge=1, le=4096)]
ActivationField = Annotated[Activation, Field(description="The nonlinearity after each hidden layer.")]
NormalizationField = Annotated[Normalization, Field(description="Rescales the outputs of each hidden layer before the activation.")]
Skip = Annotated[bool, Field(description="Adds a hidden layer's input to its output if both have the same shape.")]
Dropout = Annotated[
    Fraction | Annotated[tuple[Fraction, ...], Field(max_length=64)],
    Field(
        description="Share p of hidden units set to 0 in training; the others are scaled up by 1 / (1 - p). "
        "One value for all hidden layers, or a list with one for each.",
        json_schema_extra={"regularizes": True},
    ),
]
InputDropout = Annotated[
    Fraction,
    Field(
        description="Share of the network's inputs set to 0 in training.",
        json_schema_extra={"advanced": True, "regularizes": True},
    ),
]


@dataclass(frozen=True)
class Sizes:
    """The sizes that a network must fit: the shape of one example, and the number of outputs for each of its targets.

    shape: (features,), (channels, length), (channels, height, width), or (steps, features) for a `sequence`. Networks take
    flattened examples, (batch, inputs), and return (batch, targets * outputs), with the outputs of the first target first.
    """

    shape: tuple[int, ...]
    outputs: int
    sequence: bool = False
    targets: int = 1

    @property
    def inputs(self) -> int:
        """Numbers in one example."""
        return math.prod(self.shape)


class LinearMap(NamedTuple):
    """A matrix of the network (or a flattened kernel), and how often one example is multiplied by it."""

    layer: str
    inputs: int
    outputs: int
    times: int = 1


class ModelChoice(Choice):
    """What the engine needs to know of a network's settings."""

    kind: str

    if TYPE_CHECKING:  # each network declares them, so that a form shows them after the network's own fields
        init: InitField
        bias: Bias

    of_the_start: ClassVar[frozenset[str]] = frozenset(
        {"init"}
    )  # fields that affect only the initial weights, in which runs of a stack may differ

    @abstractmethod
    def build(self, sizes: Sizes) -> nn.Sequential:
        """The plain network without drawn weights: hidden layers `hidden1`, `hidden2`, ..., then `output`."""

    @abstractmethod
    def maps(self, sizes: Sizes) -> list[LinearMap]:
        """The matrices of the network from input to output."""

    def complaint(self, sizes: Sizes) -> str | None:
        """Why this network cannot be built for such data; None if it can."""
        return None

    def initialize(self, network: nn.Module, generator: Generator, sample_ND: Tensor | None = None) -> None:
        """Draws the weights in place from `generator`, from input to output; some initializations need training examples `sample_ND`."""
        from core.choices.models.filling import fill

        fill(network, self.init, Identity(), generator, sample_ND)

    def widths(self) -> tuple[int, ...]:
        """Units (channels) of the hidden layers."""
        return ()

    def rows_on_cpu(self, sizes: Sizes | None, examples: int) -> int | None:
        """The most runs in a stack on the CPU, if more would be slower; batches have `examples`. `sizes` is None if only the data tell
        it.
        """
        return None

    def dropouts(self) -> dict[str, float]:
        """The rate of each dropout module by its name; its position in the dict is the number of its random stream. Empty without
        dropout.
        """
        return {}

    def multiply_adds(self, sizes: Sizes) -> dict[str, int]:
        """Multiply-adds of one example in the matrices of each layer, without pruning."""
        counts: dict[str, int] = {}
        for item in self.maps(sizes):
            counts[item.layer] = counts.get(item.layer, 0) + item.inputs * item.outputs * item.times
        return counts

    def parameter_count(self, sizes: Sizes) -> int:
        """Trainable parameters, computed without building the network."""
        return sum((item.inputs + self.bias) * item.outputs for item in self.maps(sizes))


class LayeredChoice(ModelChoice):
    """Networks of hidden layers, each a linear map, a normalization, an activation and dropout."""

    positional: ClassVar[bool] = False  # whether a unit has values at several positions

    if TYPE_CHECKING:
        activation: ActivationField
        normalization: NormalizationField
        dropout: Dropout
        input_dropout: InputDropout

    def initialize(self, network: nn.Module, generator: Generator, sample_ND: Tensor | None = None) -> None:
        """Draws the weights as for every network, with the gain of the activation."""
        from core.choices.models.filling import fill

        fill(network, self.init, self.activation, generator, sample_ND)

    def dropouts(self) -> dict[str, float]:
        """The rates of all layers if any rate is above 0, so that runs with other rates fit into the same stack."""
        layers = [f"hidden{number}.dropout" for number in range(1, len(self.widths()) + 1)]
        rates = dict(zip(layers, per_layer(self.dropout, len(layers)), strict=True)) | {"input_dropout": self.input_dropout}
        return rates if any(rates.values()) else {}

    def parameter_count(self, sizes: Sizes) -> int:
        """Trainable parameters, computed without building the network."""
        beside = sum(self.normalization.per_unit * width + self.activation.learned for width in self.widths())
        return super().parameter_count(sizes) + beside

    def first_layers(self) -> OrderedDict[str, nn.Module]:
        """The layers before the hidden layers."""
        from torch import nn

        rate = self.dropouts().get("input_dropout")
        return OrderedDict() if rate is None else OrderedDict(input_dropout=nn.Dropout(rate))

    def block(self, number: int, name: str, mapping: nn.Module, *, positions: int = 0, residual: bool = False) -> nn.Module:
        """Hidden layer `number` with its linear map `mapping`, called `name`; `positions` is the number of dimensions
        after the channels.
        """
        from torch import nn

        from core.choices.models.modules import Residual

        width = self.widths()[number - 1]
        parts: OrderedDict[str, nn.Module] = OrderedDict({name: self.normalization.wrap(mapping)})
        if (norm := self.normalization.build(width, positions)) is not None:
            parts["normalization"] = norm
        parts["activation"] = self.activation.build()
        if (rate := self.dropouts().get(f"hidden{number}.dropout")) is not None:
            parts["dropout"] = nn.Dropout(rate)
        return (Residual if residual else nn.Sequential)(parts)


def per_layer(dropout: float | tuple[float, ...], layers: int) -> tuple[float, ...]:
    """The dropout rate of each layer. Raises ValueError for a list of another length."""
    rates = dropout if isinstance(dropout, tuple) else (dropout,) * layers
    if len(rates) != layers:
        raise ValueError(f"dropout: {len(rates)} rates for {layers} hidden layers; give one for each, or a single number for all")
    return rates


def check_layers(model: LayeredChoice) -> None:
    """Raises ValueError if dropout or normalization do not fit the hidden layers. A list of one rate becomes that rate."""
    rates = per_layer(model.dropout, len(model.widths()))
    if len(rates) == 1:
        object.__setattr__(model, "dropout", rates[0])  # the class is frozen for all other code
    for number, width in enumerate(model.widths(), start=1):
        if complaint := model.normalization.complaint(width, positions=model.positional):
            raise ValueError(f"normalization: {complaint} of hidden layer {number}")


def in_words(numbers: Sequence[int]) -> str:
    """A shape in words: 8 x 8."""
    return " x ".join(map(str, numbers))
