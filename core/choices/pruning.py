"""Pruning: weights set to zero and held there, while the rest trains on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from core.choices.base import ByKind, Choice, Fraction

if TYPE_CHECKING:
    from torch import Tensor


class NoPruning(Choice):
    """None: every weight stays."""

    kind: Literal["none"] = "none"


class MagnitudePruning(Choice):
    """Magnitude: after the given epochs the smallest weights of the whole network are set to zero for good.

    With several epochs each one removes the same share of what is left, so that the last one reaches `sparsity`:
    after event k of n it is 1 - (1 - sparsity)^(k/n). The epochs after an event are the fine-tuning.

    Source: Han et al. 2015 (arXiv:1506.02626); as torch.nn.utils.prune's global L1Unstructured.
    """

    kind: Literal["magnitude"] = "magnitude"
    sparsity: Annotated[Fraction, Field(description="Share of the weights that is zero in the end.")] = 0.8
    epochs: Annotated[
        tuple[Annotated[int, Field(ge=0, le=100_000)], ...],
        Field(
            min_length=1,
            max_length=100,
            description="Prune at the end of these epochs (0: before training).",
            json_schema_extra={"unit": "epochs"},
        ),
    ] = (10,)

    @model_validator(mode="after")
    def _epochs_ascend(self) -> Self:
        if list(self.epochs) != sorted(set(self.epochs)):
            raise ValueError("the pruning epochs must ascend, each named once")
        return self

    def target(self, epoch: int) -> float:
        """The sparsity that the event at the end of `epoch` reaches; `epoch` must be one of `epochs`."""
        return 1 - (1 - self.sparsity) ** ((self.epochs.index(epoch) + 1) / len(self.epochs))


def magnitude_mask(weights_P: Tensor, sparsity: float) -> Tensor:
    """True for the weights that stay (P,): all but the round(sparsity * P) smallest in absolute value.

    Weights that are zero already count among the smallest, so pruning again keeps what was pruned.
    """
    import torch

    count = round(sparsity * weights_P.numel())
    keep_P = torch.ones_like(weights_P, dtype=torch.bool)
    if count:
        keep_P[torch.topk(weights_P.abs(), count, largest=False).indices] = False
    return keep_P


Pruning = Annotated[NoPruning | MagnitudePruning, Field(discriminator="kind"), ByKind]
