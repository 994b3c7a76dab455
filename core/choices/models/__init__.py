"""Networks, written as plain PyTorch modules that the engine stacks. To add one, add its class and its name in the union."""

from __future__ import annotations

from math import prod
from typing import Annotated

from pydantic import Field

from core.choices.base import ByKind
from core.choices.models.base import LayeredChoice, ModelChoice, Sizes, Width
from core.choices.models.convnets import Convnet
from core.choices.models.mlp import Linear, Mlp
from core.choices.models.recurrent import Recurrent
from core.choices.normalizations import BatchNorm

__all__ = ["Convnet", "Linear", "Mlp", "Model", "ModelChoice", "Recurrent", "Sizes", "Width", "has_batch_norm", "needs_two_examples"]

Model = Annotated[Linear | Mlp | Convnet | Recurrent, Field(discriminator="kind"), ByKind]


def has_batch_norm(model: ModelChoice) -> bool:
    """Whether the network has batch norm, so that the examples of a training batch affect each other's outputs."""
    return isinstance(model, LayeredChoice) and isinstance(model.normalization, BatchNorm)


def needs_two_examples(model: ModelChoice, sizes: Sizes | None) -> bool:
    """Whether batch norm in this network needs more than one example. In a convnet it also averages over positions, if there are several.

    `sizes` are None if only the data tell them; then the answer for a convnet is False, and the engine asks again with the data.
    """
    if isinstance(model, Convnet) and has_batch_norm(model):
        return sizes is not None and any(prod(stage.after) == 1 for stage in model.stages(sizes))
    return has_batch_norm(model)
