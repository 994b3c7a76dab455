"""Initialization of weight matrices, and the constant at which biases start."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import TYPE_CHECKING, Annotated, Literal, assert_never

from pydantic import Field

from core.choices.base import ByKind, Choice, Positive

if TYPE_CHECKING:
    from torch import Generator, Tensor

Distribution = Annotated[Literal["normal", "uniform"], Field(description="Shape of the distribution; the variance is the same.")]


Gain = Annotated[
    Annotated[float, Field(gt=0, le=100)] | None,
    Field(
        description="Size of the hidden layers' weights in units of the rule's. Empty: the activation's own gain. The output layer's is 1.",
        json_schema_extra={"advanced": True},
    ),
]


BiasStart = Annotated[
    float,
    Field(
        ge=-100,
        le=100,
        description="The value at which every bias of a linear map, convolution or recurrent cell starts.",
        json_schema_extra={"advanced": True},
    ),
]


class InitChoice(Choice):
    """An initialization: fills one weight matrix, or the kernel of a convolution, whose inputs are all that one output sees.

    `bias` is the constant at which biases start: 0 by default. A small positive one keeps all ReLU units alive at first.
    Source: Goodfellow, Bengio & Courville 2016, "Deep Learning", section 8.4.
    """

    kind: str

    if TYPE_CHECKING:  # declared by each kind, after what makes it that kind
        bias: BiasStart

    @property
    def own_gain(self) -> float | None:
        """The gain of hidden layers, where it is not the activation's."""
        return getattr(self, "gain", None)

    @property
    def sample_size(self) -> int:
        """Training examples by which the layers are scaled after they were filled; 0 where they are not."""
        return getattr(self, "examples", 0)

    @abstractmethod
    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        """Fills `weight` (outputs, inputs, *sides) in place."""


class He(InitChoice):
    """He: variance gain^2 / inputs, so that the signal keeps its size from layer to layer.

    The gain is that of the activation which follows (sqrt 2 for ReLU, 1 after the last layer).
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
        seen_by = weight[:, 0].numel()  # outputs that one input is seen by: in a convolution at all of the kernel's places
        std = gain * math.sqrt(2 / (weight[0].numel() + seen_by))
        _fill(weight, std, self.distribution, generator)


class Normal(InitChoice):
    """Normal: mean 0 and the standard deviation given, whatever the layer's size."""

    kind: Literal["normal"] = "normal"
    std: Annotated[Positive, Field(description="Standard deviation.", json_schema_extra={"logarithmic": True})] = 0.05
    bias: BiasStart = 0.0

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        """Fills `weight` in place; the gain is not used."""
        weight.normal_(0, self.std, generator=generator)


class Uniform(InitChoice):
    """Uniform: between -bound and +bound, whatever the layer's size."""

    kind: Literal["uniform"] = "uniform"
    bound: Annotated[Positive, Field(description="Largest absolute value.", json_schema_extra={"logarithmic": True})] = 0.05
    bias: BiasStart = 0.0

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        """Fills `weight` in place; the gain is not used."""
        weight.uniform_(-self.bound, self.bound, generator=generator)


class Orthogonal(InitChoice):
    """Orthogonal: rows or columns orthonormal, times the activation's gain. Source: Saxe et al. 2014 (arXiv:1312.6120)."""

    kind: Literal["orthogonal"] = "orthogonal"
    gain: Gain = None
    bias: BiasStart = 0.0

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        """Fills `weight` (outputs, inputs, *sides) in place; a kernel is orthogonal as the matrix of all that an output sees."""
        from torch import nn

        nn.init.orthogonal_(weight, gain, generator=generator)


class Lsuv(InitChoice):
    """LSUV (layer-sequential unit variance): orthogonal, then each layer scaled so that its outputs on training examples have variance 1.

    The examples are the first of the training part, whatever the seed. Of a recurrent layer it is the inputs' part that is scaled.
    Source: Mishkin & Matas 2016 (arXiv:1511.06422).
    """

    kind: Literal["lsuv"] = "lsuv"
    examples: Annotated[
        int,
        Field(ge=2, le=10_000, description="Training examples to measure on.", json_schema_extra={"unit": "examples", "advanced": True}),
    ] = 256
    bias: BiasStart = 0.0

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        """Fills `weight` in place with an orthogonal matrix; the gain is not used, since the scale comes from the examples."""
        from torch import nn

        nn.init.orthogonal_(weight, generator=generator)


class ConstantInit(InitChoice):
    """Constant: every weight the same, so all units of a layer stay identical."""

    kind: Literal["constant"] = "constant"
    value: Annotated[float, Field(ge=-100, le=100, description="The value of every weight.")] = 0.1
    bias: BiasStart = 0.0

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        """Fills `weight` in place; gain and generator are not used."""
        weight.fill_(self.value)


class Zero(InitChoice):
    """Zero: every weight 0; with a hidden layer no gradient reaches the first weights."""

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
