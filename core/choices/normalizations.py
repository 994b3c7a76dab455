"""Normalization of a layer's outputs, between the linear map and the activation.

In a convnet a unit is a channel at all of its positions: it has one learned scale and shift.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from core.choices.base import ByKind, Choice, Positive

if TYPE_CHECKING:
    from torch import nn

Epsilon = Annotated[Positive, Field(description="Added to the variance.", json_schema_extra={"advanced": True, "logarithmic": True})]


class NormalizationChoice(Choice):
    """A normalization: a module for the outputs of a layer, or a change of the layer itself."""

    per_unit: ClassVar[int] = 2  # learned parameters for each unit

    def build(self, units: int, positions: int = 0) -> nn.Module | None:
        """The torch module for outputs (batch, units) or, with 1 or 2 `positions`, (batch, units, *sides); None if there is no module."""
        raise NotImplementedError(f"the normalization {type(self).__name__} has no build")

    def wrap(self, mapping: nn.Module) -> nn.Module:
        """The module that replaces a layer's linear map or convolution."""
        return mapping

    def complaint(self, units: int, *, positions: bool) -> str | None:
        """Why the normalization does not fit this number of units, with or without positions; None if it does."""
        return None


class NoNormalization(NormalizationChoice):
    """None: the outputs are not normalized."""

    kind: Literal["none"] = "none"

    per_unit: ClassVar[int] = 0

    def build(self, units: int, positions: int = 0) -> nn.Module | None:
        """None."""
        return None


class BatchNorm(NormalizationChoice):
    """Batch norm: each unit has mean 0 and variance 1 over the examples of the batch; eval mode uses running averages.

    Source: Ioffe & Szegedy 2015 (arXiv:1502.03167).
    """

    kind: Literal["batch"] = "batch"
    momentum: Annotated[float, Field(gt=0, le=1, description="Weight of the newest batch in the running averages.")] = 0.1
    eps: Epsilon = 1e-5

    def build(self, units: int, positions: int = 0) -> nn.Module | None:
        """torch's BatchNorm1d or BatchNorm2d."""
        from torch import nn

        return (nn.BatchNorm2d if positions == 2 else nn.BatchNorm1d)(units, **self.arguments())


class LayerNorm(NormalizationChoice):
    """Layer norm: each example has mean 0 and variance 1 over all units of the layer (and positions), in both modes.

    Source: Ba, Kiros & Hinton 2016 (arXiv:1607.06450).
    """

    kind: Literal["layer"] = "layer"
    eps: Epsilon = 1e-5

    def build(self, units: int, positions: int = 0) -> nn.Module | None:
        """torch's LayerNorm; for a convnet GroupNorm with one group."""
        from torch import nn

        return nn.GroupNorm(1, units, eps=self.eps) if positions else nn.LayerNorm(units, eps=self.eps)


class GroupNorm(NormalizationChoice):
    """Group norm: each example has mean 0 and variance 1 over each group of neighbouring units, in both modes.

    One group is layer norm. Source: Wu & He 2018 (arXiv:1803.08494).
    """

    kind: Literal["group"] = "group"
    groups: Annotated[int, Field(ge=1, le=512, description="Number of groups; must divide the units of every hidden layer.")] = 4
    eps: Epsilon = 1e-5

    def build(self, units: int, positions: int = 0) -> nn.Module | None:
        """torch's GroupNorm."""
        from torch import nn

        return nn.GroupNorm(self.groups, units, eps=self.eps)

    def complaint(self, units: int, *, positions: bool) -> str | None:
        """Refuses groups that do not divide the units, and groups of a single number, which would always become 0."""
        if units % self.groups:
            return f"{self.groups} groups do not divide the {units} units"
        return f"{self.groups} groups leave only 1 unit each among the {units} units" if units == self.groups and not positions else None


class InstanceNorm(NormalizationChoice):
    """Instance norm: each channel of an example has mean 0 and variance 1 over its positions, in both modes; no learned scale.

    In a fully connected layer, which has no positions, the instance is the example: layer norm without learned scale and shift.

    Source: Ulyanov, Vedaldi & Lempitsky 2016 (arXiv:1607.08022), as in torch's InstanceNorm by default.
    """

    kind: Literal["instance"] = "instance"
    eps: Epsilon = 1e-5

    per_unit: ClassVar[int] = 0

    def build(self, units: int, positions: int = 0) -> nn.Module | None:
        """torch's InstanceNorm1d or InstanceNorm2d; without positions, a LayerNorm without learned parameters."""
        from torch import nn

        if not positions:
            return nn.LayerNorm(units, eps=self.eps, elementwise_affine=False)
        return (nn.InstanceNorm2d if positions == 2 else nn.InstanceNorm1d)(units, eps=self.eps)


class RmsNorm(NormalizationChoice):
    """RMS norm: each example is divided by the root mean square of its units (and positions), then scaled; its mean is kept.

    Source: Zhang & Sennrich 2019 (arXiv:1910.07467).
    """

    kind: Literal["rms"] = "rms"
    eps: Annotated[Positive, Field(description="Added to the mean square.", json_schema_extra={"advanced": True, "logarithmic": True})] = (
        1e-5
    )

    per_unit: ClassVar[int] = 1

    def build(self, units: int, positions: int = 0) -> nn.Module | None:
        """torch's RMSNorm; for a convnet, RMS norm over channels and positions."""
        from torch import nn

        from core.choices.models.modules import PictureRmsNorm

        return (PictureRmsNorm if positions else nn.RMSNorm)(units, eps=self.eps)


class WeightNorm(NormalizationChoice):
    """Weight norm: normalizes the weights instead of the outputs: each unit has weights g v / ||v|| with learned length g and direction v.

    It applies to hidden layers only. The initialization gives the first effective weights. Penalties, pruning and sparsity refer to v.

    Source: Salimans & Kingma 2016 (arXiv:1602.07868).
    """

    kind: Literal["weight"] = "weight"

    per_unit: ClassVar[int] = 1

    def build(self, units: int, positions: int = 0) -> nn.Module | None:
        """None: the outputs are not normalized."""
        return None

    def wrap(self, mapping: nn.Module) -> nn.Module:
        """The same map with g and v in place of its weight."""
        from core.choices.models.modules import WeightNorm as WeightNormModule

        return WeightNormModule(mapping)  # type: ignore[arg-type]


Normalization = Annotated[
    NoNormalization | BatchNorm | LayerNorm | GroupNorm | InstanceNorm | RmsNorm | WeightNorm, Field(discriminator="kind"), ByKind
]
