"""Initialization of weight matrices; biases start at 0."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from core.choices.base import ByKind, Choice, Positive

if TYPE_CHECKING:
    from torch import Generator, Tensor

Distribution = Annotated[Literal["normal", "uniform"], Field(description="Shape of the distribution; the variance is the same.")]


class He(Choice):
    """He: variance gain^2 / inputs, so that the signal keeps its size from layer to layer.

    The gain is that of the activation which follows (sqrt 2 for ReLU, 1 after the last layer).
    Source: He et al. 2015 (arXiv:1502.01852).
    """

    kind: Literal["he"] = "he"
    distribution: Distribution = "normal"

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        """Fills `weight` (outputs, inputs) in place."""
        std = gain / math.sqrt(weight.shape[1])
        _fill(weight, std, self.distribution, generator)


class Xavier(Choice):
    """Xavier (Glorot): variance 2 gain^2 / (inputs + outputs), a compromise between forward and backward pass.

    Source: Glorot & Bengio 2010 (AISTATS).
    """

    kind: Literal["xavier"] = "xavier"
    distribution: Distribution = "normal"

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        """Fills `weight` (outputs, inputs) in place."""
        std = gain * math.sqrt(2 / (weight.shape[0] + weight.shape[1]))
        _fill(weight, std, self.distribution, generator)


class Normal(Choice):
    """Normal: mean 0 and the standard deviation given, whatever the layer's size."""

    kind: Literal["normal"] = "normal"
    std: Annotated[Positive, Field(description="Standard deviation.", json_schema_extra={"logarithmic": True})] = 0.05

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        """Fills `weight` in place; the gain is not used."""
        weight.normal_(0, self.std, generator=generator)


class Uniform(Choice):
    """Uniform: between -bound and +bound, whatever the layer's size."""

    kind: Literal["uniform"] = "uniform"
    bound: Annotated[Positive, Field(description="Largest absolute value.", json_schema_extra={"logarithmic": True})] = 0.05

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        """Fills `weight` in place; the gain is not used."""
        weight.uniform_(-self.bound, self.bound, generator=generator)


class Orthogonal(Choice):
    """Orthogonal: rows or columns orthonormal, times the activation's gain. Source: Saxe et al. 2014 (arXiv:1312.6120)."""

    kind: Literal["orthogonal"] = "orthogonal"

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        """Fills `weight` (outputs, inputs) in place."""
        from torch import nn

        nn.init.orthogonal_(weight, gain, generator=generator)


class ConstantInit(Choice):
    """Constant: every weight the same, so all units of a layer stay identical."""

    kind: Literal["constant"] = "constant"
    value: Annotated[float, Field(ge=-100, le=100, description="The value of every weight.")] = 0.1

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        """Fills `weight` in place; gain and generator are not used."""
        weight.fill_(self.value)


class Zero(Choice):
    """Zero: every weight 0; with a hidden layer no gradient reaches the first weights."""

    kind: Literal["zero"] = "zero"

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        """Fills `weight` in place; gain and generator are not used."""
        weight.zero_()


def _fill(weight: Tensor, std: float, distribution: str, generator: Generator) -> None:
    if distribution == "normal":
        weight.normal_(0, std, generator=generator)
    else:
        bound = math.sqrt(3) * std
        weight.uniform_(-bound, bound, generator=generator)


Init = Annotated[He | Xavier | Normal | Uniform | Orthogonal | ConstantInit | Zero, Field(discriminator="kind"), ByKind]
