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
    """A normalization: the module for a layer's outputs, or what it makes of the layer itself."""

    per_unit: ClassVar[int] = 2  # learned numbers for each unit

    def build(self, units: int, positions: int = 0) -> nn.Module | None:
        """The torch module for outputs (batch, units) or, with 1 or 2 `positions`, (batch, units, *sides); None: there is none."""
        raise NotImplementedError(f"the normalization {type(self).__name__} has no build")

    def wrap(self, mapping: nn.Module) -> nn.Module:
        """What stands in the place of a layer's linear map or convolution."""
        return mapping

    def complaint(self, units: int, *, positions: bool) -> str | None:
        """Why it does not go with so many units, at several positions or at none; None where it does."""
        return None


class NoNormalization(NormalizationChoice):
    """None: outputs as they come."""

    kind: Literal["none"] = "none"

    per_unit: ClassVar[int] = 0

    def build(self, units: int, positions: int = 0) -> nn.Module | None:
        """None."""
        return None


class BatchNorm(NormalizationChoice):
    """Batch norm: each unit to mean 0 and variance 1 over the examples of the batch; running averages in eval mode.

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
    """Layer norm: each example to mean 0 and variance 1 over all units of the layer (and positions); the same in both modes.

    Source: Ba, Kiros & Hinton 2016 (arXiv:1607.06450).
    """

    kind: Literal["layer"] = "layer"
    eps: Epsilon = 1e-5

    def build(self, units: int, positions: int = 0) -> nn.Module | None:
        """torch's LayerNorm; for a convnet GroupNorm with one group."""
        from torch import nn

        return nn.GroupNorm(1, units, eps=self.eps) if positions else nn.LayerNorm(units, eps=self.eps)


class GroupNorm(NormalizationChoice):
    """Group norm: each example to mean 0 and variance 1 over each of a few groups of neighbouring units; the same in both modes.

    One group is layer norm. Source: Wu & He 2018 (arXiv:1803.08494).
    """

    kind: Literal["group"] = "group"
    groups: Annotated[int, Field(ge=1, le=512, description="How many groups; must divide the units of every hidden layer.")] = 4
    eps: Epsilon = 1e-5

    def build(self, units: int, positions: int = 0) -> nn.Module | None:
        """torch's GroupNorm."""
        from torch import nn

        return nn.GroupNorm(self.groups, units, eps=self.eps)

    def complaint(self, units: int, *, positions: bool) -> str | None:
        """For units that the groups do not divide, or into single numbers, which would all become 0."""
        if units % self.groups:
            return f"{self.groups} groups do not divide the {units} units"
        return f"{self.groups} groups leave 1 each of the {units} units" if units == self.groups and not positions else None


class InstanceNorm(NormalizationChoice):
    """Instance norm: each channel of an example to mean 0 and variance 1 over its positions, no learned scale; the same in both modes.

    Where there are no positions, in a fully connected layer, the instance is the example: layer norm without learned scale and shift.
    Source: Ulyanov, Vedaldi & Lempitsky 2016 (arXiv:1607.08022); as torch's InstanceNorm by default.
    """

    kind: Literal["instance"] = "instance"
    eps: Epsilon = 1e-5

    per_unit: ClassVar[int] = 0

    def build(self, units: int, positions: int = 0) -> nn.Module | None:
        """torch's InstanceNorm1d or InstanceNorm2d; without positions LayerNorm, not affine."""
        from torch import nn

        if not positions:
            return nn.LayerNorm(units, eps=self.eps, elementwise_affine=False)
        return (nn.InstanceNorm2d if positions == 2 else nn.InstanceNorm1d)(units, eps=self.eps)


class RmsNorm(NormalizationChoice):
    """RMS norm: each example divided by the root mean square of its units (and positions), then a learned scale; its mean stays.

    Source: Zhang & Sennrich 2019 (arXiv:1910.07467).
    """

    kind: Literal["rms"] = "rms"
    eps: Annotated[Positive, Field(description="Added to the mean square.", json_schema_extra={"advanced": True, "logarithmic": True})] = (
        1e-5
    )

    per_unit: ClassVar[int] = 1

    def build(self, units: int, positions: int = 0) -> nn.Module | None:
        """torch's RMSNorm; for a convnet its form over channels and positions."""
        from torch import nn

        from core.choices.models.modules import PictureRmsNorm

        return (PictureRmsNorm if positions else nn.RMSNorm)(units, eps=self.eps)


class WeightNorm(NormalizationChoice):
    """Weight norm: not the outputs but the weights are normalized: each unit's are g v / ||v||, length g and direction v learned apart.

    Hidden layers only. The first weights are those of the initialization. Penalties, pruning and sparsity look at v.
    Source: Salimans & Kingma 2016 (arXiv:1602.07868).
    """

    kind: Literal["weight"] = "weight"

    per_unit: ClassVar[int] = 1

    def build(self, units: int, positions: int = 0) -> nn.Module | None:
        """None: outputs as they come."""
        return None

    def wrap(self, mapping: nn.Module) -> nn.Module:
        """The same map with g and v in place of its weight."""
        from core.choices.models.modules import WeightNorm as WeightNormModule

        return WeightNormModule(mapping)  # type: ignore[arg-type]


Normalization = Annotated[
    NoNormalization | BatchNorm | LayerNorm | GroupNorm | InstanceNorm | RmsNorm | WeightNorm, Field(discriminator="kind"), ByKind
]
