"""Clipping of a run's gradient before its update. Shapes: R runs, P parameters, N remembered norms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from core.choices.base import ByKind, Choice, Positive

if TYPE_CHECKING:
    from torch import Tensor


class NoClipping(Choice):
    """None: the gradient is not clipped."""

    kind: Literal["none"] = "none"


class ClippingChoice(Choice):
    """A kind of clipping: `apply` clips the gradients of some runs."""

    kind: str

    @property
    def remembered(self) -> int:
        """How many of a run's latest gradient norms the clipping needs."""
        return 0

    def apply(self, gradient_RP: Tensor, norms_RN: Tensor) -> None:
        """Clips the rows of `gradient_RP` (R, P) in place; `norms_RN` has each run's latest norms, newest last, and
        NaN for missing ones.
        """
        raise NotImplementedError(f"the clipping {self.kind} has no apply")


class ClipNorm(ClippingChoice):
    """By norm: a gradient whose norm is above max_norm is scaled down to that norm; its direction stays.

    Source: Pascanu, Mikolov & Bengio 2013 (arXiv:1211.5063), as in torch's clip_grad_norm_.
    """

    kind: Literal["norm"] = "norm"
    max_norm: Annotated[Positive, Field(description="Largest norm of the gradient.", json_schema_extra={"logarithmic": True})] = 1.0

    def apply(self, gradient_RP: Tensor, norms_RN: Tensor) -> None:
        """Clips the rows of `gradient_RP` (R, P) in place, each by its own norm. A row that is not finite becomes NaN."""
        norm_R1 = gradient_RP.norm(dim=1, keepdim=True)
        gradient_RP.mul_((self.max_norm / (norm_R1 + 1e-6)).clamp(max=1.0))


class ClipValue(ClippingChoice):
    """By value: each component is limited to the range from -max_value to max_value; the direction may change."""

    kind: Literal["value"] = "value"
    max_value: Annotated[Positive, Field(description="Largest absolute value of a component.", json_schema_extra={"logarithmic": True})] = (
        0.5
    )

    def apply(self, gradient_RP: Tensor, norms_RN: Tensor) -> None:
        """Clips `gradient_RP` (R, P) in place."""
        gradient_RP.clamp_(-self.max_value, self.max_value)


class ClipPercentile(ClippingChoice):
    """By percentile: a gradient whose norm is above this percentile of the run's recent norms is scaled down to it.

    Source: Seetharaman et al. 2020 (arXiv:2007.14469), with a window instead of all earlier norms.
    """

    kind: Literal["percentile"] = "percentile"
    percentile: Annotated[float, Field(gt=0, le=100, description="Percentile of the recent norms, which include the newest.")] = 90.0
    window: Annotated[
        int, Field(ge=1, le=10_000, description="How many of the latest norms count as recent.", json_schema_extra={"unit": "updates"})
    ] = 100

    @property
    def remembered(self) -> int:
        """The window."""
        return self.window

    def apply(self, gradient_RP: Tensor, norms_RN: Tensor) -> None:
        """Clips the rows in place; `norms_RN` has each run's latest norms, newest last, and NaN for missing ones."""
        import torch

        norm_R1 = gradient_RP.norm(dim=1, keepdim=True)
        longest_R1 = torch.nanquantile(norms_RN[:, -self.window :], self.percentile / 100, dim=1, keepdim=True)
        gradient_RP.mul_((longest_R1 / (norm_R1 + 1e-12)).clamp(max=1.0))


Clipping = Annotated[NoClipping | ClipNorm | ClipValue | ClipPercentile, Field(discriminator="kind"), ByKind]
