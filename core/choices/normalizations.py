"""Normalization of a layer's outputs, between the linear map and the activation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from core.choices.base import ByKind, Choice, Positive

if TYPE_CHECKING:
    from torch import nn

Epsilon = Annotated[Positive, Field(description="Added to the variance.", json_schema_extra={"advanced": True, "logarithmic": True})]


class NoNormalization(Choice):
    """None: outputs as they come."""

    kind: Literal["none"] = "none"

    def build(self, features: int) -> nn.Module | None:
        """None: there is no module."""
        return None


class BatchNorm(Choice):
    """Batch norm: each unit to mean 0 and variance 1 over the examples of the batch; running averages in eval mode.

    Source: Ioffe & Szegedy 2015 (arXiv:1502.03167).
    """

    kind: Literal["batch"] = "batch"
    momentum: Annotated[float, Field(gt=0, le=1, description="Weight of the newest batch in the running averages.")] = 0.1
    eps: Epsilon = 1e-5

    def build(self, features: int) -> nn.Module | None:
        """torch's BatchNorm1d over `features` units."""
        from torch import nn

        return nn.BatchNorm1d(features, **self.arguments())


class LayerNorm(Choice):
    """Layer norm: each example to mean 0 and variance 1 over the units of the layer; the same in both modes.

    Source: Ba, Kiros & Hinton 2016 (arXiv:1607.06450).
    """

    kind: Literal["layer"] = "layer"
    eps: Epsilon = 1e-5

    def build(self, features: int) -> nn.Module | None:
        """torch's LayerNorm over `features` units."""
        from torch import nn

        return nn.LayerNorm(features, **self.arguments())


Normalization = Annotated[NoNormalization | BatchNorm | LayerNorm, Field(discriminator="kind"), ByKind]
