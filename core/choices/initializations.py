"""Initialization of weight matrices, and the constant initial value of the biases."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import TYPE_CHECKING, Annotated, Literal, assert_never

from pydantic import Field

from core.choices.base import ByKind, Choice, Positive

if TYPE_CHECKING:
    from torch import Generator, Tensor

Distribution = Annotated[Literal["normal", "uniform"], Field(description="Shape of the distribution; both have the same variance.")]


Gain = Annotated[
    Annotated[float, Field(gt=0, le=100)] | None,
    Field(
        description="Factor on the standard deviation of the hidden layers' weights. Empty: the activation's gain. The output layer has 1.",
        json_schema_extra={"advanced": True},
    ),
]


BiasStart = Annotated[
    float,
    Field(
        ge=-100,
        le=100,
        description="Initial value of every bias of a linear map, convolution or recurrent cell.",
        json_schema_extra={"advanced": True},
    ),
]


class InitChoice(Choice):
    """An initialization: `fill` draws one weight matrix, or a kernel, whose inputs are all inputs that one output of the convolution sees.

    `bias` is the initial value of the biases, 0 by default. A small positive value lets all ReLU units be active at first.

    Source: Goodfellow, Bengio & Courville 2016, "Deep Learning", section 8.4.
    """

    kind: str

    if TYPE_CHECKING:  # each kind declares it, after the fields of its own
        bias: BiasStart

    @property
    def own_gain(self) -> float | None:
        """The gain of hidden layers if the settings give one; None: the activation's."""
        return getattr(self, "gain", None)

    @property
    def sample_size(self) -> int:
        """Number of training examples used to rescale the layers after they are filled; 0 if they are not rescaled."""
        return getattr(self, "examples", 0)

    @abstractmethod
    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        """Fills `weight` (outputs, inputs, *sides) in place."""


class He(InitChoice):
    """He: variance gain^2 / inputs, so that activations keep their size from layer to layer.

    The gain depends on the activation that follows (sqrt 2 for ReLU, 1 after the last layer).

    Source: He et al. 2015 (arXiv:1502.01852).
    """

    kind: Literal["he"] = "he"
    distribution: Distribution = "normal"
    gain: Gain = None
    bias: BiasStart = 0.0

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        """Fills `weight` (outputs, inputs, *sides) in place."""
        std = gain / math.sqrt(weight[0].numel())
        _fill(weight, std, self.distribution, generator)


class Xavier(InitChoice):
    """Xavier (Glorot): variance 2 gain^2 / (inputs + outputs), a compromise between forward and backward pass.

    Source: Glorot & Bengio 2010 (AISTATS).
    """

    kind: Literal["xavier"] = "xavier"
    distribution: Distribution = "normal"
    gain: Gain = None
    bias: BiasStart = 0.0

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        """Fills `weight` (outputs, inputs, *sides) in place."""
        seen_by = weight[:, 0].numel()  # outputs that one input contributes to: in a convolution, one for each position of the kernel
        std = gain * math.sqrt(2 / (weight[0].numel() + seen_by))
        _fill(weight, std, self.distribution, generator)


class Normal(InitChoice):
    """Normal: normal distribution with mean 0 and a given standard deviation, whatever the layer's size."""

    kind: Literal["normal"] = "normal"
    std: Annotated[Positive, Field(description="Standard deviation.", json_schema_extra={"logarithmic": True})] = 0.05
    bias: BiasStart = 0.0

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        """Fills `weight` in place; the gain is not used."""
        weight.normal_(0, self.std, generator=generator)


class Uniform(InitChoice):
    """Uniform: uniform distribution between -bound and +bound, whatever the layer's size."""

    kind: Literal["uniform"] = "uniform"
    bound: Annotated[Positive, Field(description="Largest absolute value.", json_schema_extra={"logarithmic": True})] = 0.05
    bias: BiasStart = 0.0

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        """Fills `weight` in place; the gain is not used."""
        weight.uniform_(-self.bound, self.bound, generator=generator)


class Orthogonal(InitChoice):
    """Orthogonal: orthonormal rows or columns, times the activation's gain. Source: Saxe et al. 2014 (arXiv:1312.6120)."""

    kind: Literal["orthogonal"] = "orthogonal"
    gain: Gain = None
    bias: BiasStart = 0.0

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        """Fills `weight` (outputs, inputs, *sides) in place; a kernel is flattened to a matrix with one row for each output."""
        from torch import nn

        nn.init.orthogonal_(weight, gain, generator=generator)


class Lsuv(InitChoice):
    """LSUV (layer-sequential unit variance): orthogonal weights, then each layer is scaled so that its outputs have variance 1 on examples.

    The examples are the first ones of the training part, whatever the seed. In a recurrent layer, the input weights are scaled.

    Source: Mishkin & Matas 2016 (arXiv:1511.06422).
    """

    kind: Literal["lsuv"] = "lsuv"
    examples: Annotated[
        int,
        Field(
            ge=2,
            le=10_000,
            description="Training examples used to measure the variance.",
            json_schema_extra={"unit": "examples", "advanced": True},
        ),
    ] = 256
    bias: BiasStart = 0.0

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        """Fills `weight` in place with an orthogonal matrix. The gain is not used, because the examples determine the scale."""
        from torch import nn

        nn.init.orthogonal_(weight, generator=generator)


class ConstantInit(InitChoice):
    """Constant: all weights are equal, so that all units of a layer stay identical."""

    kind: Literal["constant"] = "constant"
    value: Annotated[float, Field(ge=-100, le=100, description="The value of every weight.")] = 0.1
    bias: BiasStart = 0.0

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        """Fills `weight` in place; gain and generator are not used."""
        weight.fill_(self.value)


class Zero(InitChoice):
    """Zero: all weights are 0, so that with a hidden layer no gradient reaches the first weights."""

    kind: Literal["zero"] = "zero"
    bias: BiasStart = 0.0

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        """Fills `weight` in place; gain and generator are not used."""
        weight.zero_()


def _fill(weight: Tensor, std: float, distribution: Distribution, generator: Generator) -> None:
    match distribution:
        case "normal":
            weight.normal_(0, std, generator=generator)
        case "uniform":
            bound = math.sqrt(3) * std
            weight.uniform_(-bound, bound, generator=generator)
        case _:
            assert_never(distribution)


Init = Annotated[He | Xavier | Normal | Uniform | Orthogonal | Lsuv | ConstantInit | Zero, Field(discriminator="kind"), ByKind]
