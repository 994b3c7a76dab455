"""Penalties on the weights, added to the loss. Biases and normalization parameters are not penalised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from core.choices.base import Choice, Strength

if TYPE_CHECKING:
    from torch import Tensor


class Penalty(Choice):
    """Penalties: what is added to the loss for the size of the weights. Both together are the elastic net."""

    l1: Annotated[
        Strength, Field(description="Strength times the sum of |w|: pulls every weight by the same amount (subgradient; no exact zeros).")
    ] = 0.0
    l2_squared: Annotated[
        Strength, Field(description="Strength times the sum of w^2: pulls each weight in proportion (gradient 2 strength w).")
    ] = 0.0


def value(weights_RP: Tensor, l1_R: Tensor, l2_squared_R: Tensor) -> Tensor:
    """The penalty of each run (R,): l1 * sum |w| + l2_squared * sum w^2 over its weights (R, P)."""
    return l1_R * weights_RP.abs().sum(1) + l2_squared_R * weights_RP.square().sum(1)


def gradient(weights_RP: Tensor, l1_R: Tensor, l2_squared_R: Tensor) -> Tensor:
    """The penalty's (sub)gradient (R, P): l1 * sign(w) + 2 l2_squared * w; sign(0) = 0."""
    return l1_R[:, None] * weights_RP.sign() + 2 * l2_squared_R[:, None] * weights_RP
