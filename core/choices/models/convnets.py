"""Convolutional networks over the two dimensions of a picture, or the one dimension of a signal or sequence."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, NamedTuple, Self

from pydantic import Field, model_validator

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
    NormalizationField,
    Sizes,
    Skip,
    check_layers,
    in_words,
)
from core.choices.normalizations import InstanceNorm, NoNormalization

if TYPE_CHECKING:
    from torch import nn

POOL = 2


class Stage(NamedTuple):
    """The sizes of one convolution: input and output channels, kernel, and the sides before it, after it and after pooling."""

    inputs: int
    outputs: int
    kernel: int
    before: tuple[int, ...]
    after: tuple[int, ...]
    pooled: tuple[int, ...]

    @property
    def same(self) -> bool:
        """Whether input and output have the same shape, so that they can be added."""
        return (self.inputs, self.before) == (self.outputs, self.after)


class Convnet(LayeredChoice):
    """Convnet: convolutions (each with normalization, activation, dropout, pooling), then a linear output layer over all positions.

    Borders are padded with kernel // 2 zeros, so that an odd kernel keeps the size; pooling halves it. Pictures are convolved over
    height and width, signals over their length, sequences over time. Other data have no neighbouring values to convolve and are refused.

    Source: LeCun et al. 1998, "Gradient-Based Learning Applied to Document Recognition".
    """

    kind: Literal["convnet"] = "convnet"
    channels: Annotated[
        tuple[Annotated[int, Field(ge=1, le=512)], ...],
        Field(min_length=1, max_length=16, description="Filters of each convolution, e.g. 16, 32.", json_schema_extra={"unit": "filters"}),
    ] = (16, 32)
    kernel: Annotated[
        tuple[Annotated[int, Field(ge=1, le=31)], ...],
        Field(
            min_length=1,
            max_length=16,
            description="Side length of the kernels: one for all layers, or one for each.",
            json_schema_extra={"unit": "positions"},
        ),
    ] = (3,)
    stride: Annotated[
        int,
        Field(
            ge=1, le=8, description="Step width of the kernels in every layer.", json_schema_extra={"unit": "positions", "advanced": True}
        ),
    ] = 1
    pooling: Annotated[
        Literal["max", "average", "none"],
        Field(description="How each pair (or 2 x 2 square) of positions is reduced to one after a layer."),
    ] = "max"
    activation: ActivationField = Relu()
    normalization: NormalizationField = NoNormalization()
    dropout: Dropout = 0.0
    input_dropout: InputDropout = 0.0
    skip: Skip = False
    init: InitField = He()
    bias: Bias = True

    positional: ClassVar[bool] = True

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if len(self.kernel) not in (1, len(self.channels)):
            raise ValueError(f"kernel: {len(self.kernel)} sizes for {len(self.channels)} layers; give one for each, or one for all")
        check_layers(self)
        return self

    def complaint(self, sizes: Sizes) -> str | None:
        """Refuses data without neighbouring values, and so many layers that no position is left."""
        if len(sizes.shape) < 2:
            return "model.kind: convnet needs pictures, signals or sequences, but an example of these data is a row of features; try mlp"
        sides = in_words(_picture(sizes)[1:])
        for number, stage in enumerate(self.stages(sizes), start=1):
            if min(stage.pooled) < 1:
                return (
                    f"model.channels: layer {number} would leave none of {sides} positions; use fewer layers, a smaller stride, or "
                    "pooling none"
                )
            if isinstance(self.normalization, InstanceNorm) and prod(stage.after) == 1:
                return f"model.normalization: layer {number} leaves 1 of {sides} positions, but instance norm needs more; use fewer layers"
        return None

    def stages(self, sizes: Sizes) -> list[Stage]:
        """The sizes of each convolution."""
        channels, *rest = _picture(sizes)
        sides, stages = tuple(rest), []
        kernels = self.kernel * (len(self.channels) if len(self.kernel) == 1 else 1)
        for outputs, kernel in zip(self.channels, kernels, strict=True):
            after = tuple((side + 2 * (kernel // 2) - kernel) // self.stride + 1 for side in sides)
            pooled = after if self.pooling == "none" else tuple(side // POOL for side in after)
            stages.append(Stage(channels, outputs, kernel, sides, after, pooled))
            channels, sides = outputs, pooled
        return stages

    def build(self, sizes: Sizes) -> nn.Sequential:
        """A Sequential of `picture`, then `hidden1`, `pooling1`, `hidden2`, ..., `flat`, `output`."""
        from torch import nn

        from core.choices.models.modules import TimeLast

        layers, stages = self.first_layers(), self.stages(sizes)
        layers["picture"] = TimeLast(*sizes.shape) if sizes.sequence else nn.Unflatten(1, sizes.shape)
        dimensions = len(sizes.shape) - 1
        for number, stage in enumerate(stages, start=1):
            mapping = self._convolution(stage, dimensions)
            residual = self.skip and stage.same
            layers[f"hidden{number}"] = self.block(number, "convolution", mapping, positions=dimensions, residual=residual)
            if self.pooling != "none":
                layers[f"pooling{number}"] = self._pooling(dimensions)
        layers["flat"] = nn.Flatten()
        layers["output"] = nn.Linear(self.channels[-1] * prod(stages[-1].pooled), sizes.targets * sizes.outputs, bias=self.bias)
        return nn.Sequential(layers)

    def _convolution(self, stage: Stage, dimensions: int) -> nn.Module:
        from torch import nn

        kind = nn.Conv1d if dimensions == 1 else nn.Conv2d
        return kind(stage.inputs, stage.outputs, stage.kernel, stride=self.stride, padding=stage.kernel // 2, bias=self.bias)

    def _pooling(self, dimensions: int) -> nn.Module:
        from torch import nn

        kinds = {("max", 1): nn.MaxPool1d, ("max", 2): nn.MaxPool2d, ("average", 1): nn.AvgPool1d, ("average", 2): nn.AvgPool2d}
        return kinds[self.pooling, dimensions](POOL)

    def widths(self) -> tuple[int, ...]:
        """Filters of the convolutions."""
        return self.channels

    def rows_on_cpu(self, sizes: Sizes | None, examples: int) -> int | None:
        """16: with more runs, the values that an update writes no longer fit into the cache."""
        return 16

    def maps(self, sizes: Sizes) -> list[LinearMap]:
        """One kernel for each layer, multiplied once at each position, and the output matrix."""
        stages, dimensions = self.stages(sizes), len(sizes.shape) - 1
        convolutions = [
            LinearMap(f"hidden{number}", stage.inputs * stage.kernel**dimensions, stage.outputs, prod(stage.after))
            for number, stage in enumerate(stages, start=1)
        ]
        return [*convolutions, LinearMap("output", self.channels[-1] * prod(stages[-1].pooled), sizes.targets * sizes.outputs)]


def _picture(sizes: Sizes) -> tuple[int, ...]:
    """Channels and sides; the features of a sequence are its channels."""
    return sizes.shape[::-1] if sizes.sequence else sizes.shape
