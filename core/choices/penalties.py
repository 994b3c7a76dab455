"""Penalties and constraints on the weights. Biases and normalization parameters are left unchanged.

Shapes: R runs, G groups of a layer (its units, or the whole layer), W weights of a group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from core.choices.base import Choice, NonNegative, Positive, Strength

if TYPE_CHECKING:
    from torch import Tensor


Groups = Literal["unit", "layer"]


class Penalty(Choice):
    """Penalties: terms of the loss that grow with the weights, and other ways to keep weights small. They can be combined."""

    l1: Annotated[
        Strength,
        Field(
            description="Strength times the sum of |w|: pulls every weight by the same amount (by subgradient, so weights do not become "
            "exactly 0)."
        ),
    ] = 0.0
    l1_proximal: Annotated[
        Strength,
        Field(
            description="The same penalty by a proximal step of lr x strength after each update, which sets small weights to exactly 0. "
            "With Adam or momentum, whose updates are larger than lr x gradient, its effect is weaker than the strength suggests."
        ),
    ] = 0.0
    l2_squared: Annotated[
        Strength, Field(description="Strength times the sum of w^2: pulls each weight in proportion to its size (gradient 2 strength w).")
    ] = 0.0
    l2_norm: Annotated[
        Strength, Field(description="Strength times the sum of the groups' norms, not squared (gradient strength w / ||w||).")
    ] = 0.0
    l2_norm_proximal: Annotated[
        Strength,
        Field(
            description="The same penalty by a proximal step of lr x strength, which sets whole groups to exactly 0. "
            "It is weaker with Adam and momentum, as l1_proximal."
        ),
    ] = 0.0
    groups: Annotated[Groups, Field(description="The groups of l2_norm: the incoming weights of each unit, or the whole layer.")] = "unit"
    decoupled_decay: Annotated[NonNegative, Field(description="Weight decay as in AdamW, for any optimizer: w <- w (1 - lr decay).")] = 0.0
    max_norm: Annotated[
        Positive | None, Field(description="Largest norm of a unit's incoming weights; larger ones are scaled down. Empty: no limit.")
    ] = None

    def identity(self) -> dict[str, Any]:
        """As for every choice, without `groups` if no group norm is used: it then does not distinguish runs."""
        used = self.l2_norm or self.l2_norm_proximal
        return {name: value for name, value in super().identity().items() if used or name != "groups"}


def l1_gradient(w: Tensor) -> Tensor:
    """The subgradient of sum |w|; 0 at 0."""
    return w.sign()


def soft_threshold(w: Tensor, by: Tensor) -> Tensor:
    """The proximal step of `by` * sum |w|: every weight moves towards 0 by `by`, and stops there."""
    return w.sign() * (w.abs() - by).clamp(min=0)


def group_norm(w_RGW: Tensor) -> Tensor:
    """The norm of each group (R, G, 1)."""
    return w_RGW.norm(dim=2, keepdim=True)


def group_gradient(w_RGW: Tensor) -> Tensor:
    """The subgradient of the sum of the groups' norms: w / ||w||, or 0 for a group that is 0."""
    norm_RG1 = group_norm(w_RGW)
    return w_RGW / norm_RG1.where(norm_RG1 > 0, 1.0)


def shrink_groups(w_RGW: Tensor, by_R11: Tensor) -> Tensor:
    """The proximal step of `by` * the sum of the groups' norms: the norm of each group is reduced by `by`, at most to 0.

    Source: Yuan & Lin 2006 (JRSS B 68), the group lasso.
    """
    norm_RG1 = group_norm(w_RGW)
    return w_RGW * (1 - by_R11 / norm_RG1.where(norm_RG1 > 0, 1.0)).clamp(min=0)


def limit_groups(w_RGW: Tensor, longest_R11: Tensor) -> Tensor:
    """Scales groups with a norm above `longest` down to it. Source: Srivastava et al. 2014 (JMLR 15), max-norm."""
    norm_RG1 = group_norm(w_RGW)
    return w_RGW * (longest_R11 / norm_RG1).where(norm_RG1 > longest_R11, 1.0)
