"""Clipping of a run's gradient before its update."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from core.choices.base import ByKind, Choice, Positive

if TYPE_CHECKING:
    from torch import Tensor


class NoClipping(Choice):
    """None: the gradient as it comes."""

    kind: Literal["none"] = "none"


class ClipNorm(Choice):
    """By norm: a gradient longer than max_norm is scaled down to that length; its direction stays.

    Source: Pascanu, Mikolov & Bengio 2013 (arXiv:1211.5063); as torch's clip_grad_norm_.
    """

    kind: Literal["norm"] = "norm"
    max_norm: Annotated[Positive, Field(description="Longest gradient let through.", json_schema_extra={"logarithmic": True})] = 1.0

    def apply(self, gradient_RP: Tensor) -> None:
        """Clips the rows of `gradient_RP` (R, P) in place, each by its own norm. A row that is not finite becomes NaN."""
        norm_R1 = gradient_RP.norm(dim=1, keepdim=True)
        gradient_RP.mul_((self.max_norm / (norm_R1 + 1e-6)).clamp(max=1.0))


class ClipValue(Choice):
    """By value: each component is cut to between -max_value and +max_value; the direction may change."""

    kind: Literal["value"] = "value"
    max_value: Annotated[Positive, Field(description="Largest component let through.", json_schema_extra={"logarithmic": True})] = 0.5

    def apply(self, gradient_RP: Tensor) -> None:
        """Clips `gradient_RP` (R, P) in place."""
        gradient_RP.clamp_(-self.max_value, self.max_value)


Clipping = Annotated[NoClipping | ClipNorm | ClipValue, Field(discriminator="kind"), ByKind]
