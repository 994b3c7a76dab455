"""What every optimizer is to the engine, and the settings that many share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from core.choices.base import Choice, Decay, LearningRate, NonNegative, Positive

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer as TorchOptimizer

WeightDecay = Annotated[
    NonNegative,
    Field(description="Pulls every weight towards 0 at each update. The optimizer's own text says if it is coupled or decoupled."),
]
Epsilon = Annotated[Positive, Field(description="Keeps the division finite.", json_schema_extra={"advanced": True, "logarithmic": True})]


Betas = Annotated[tuple[Decay, Decay], Field(description="Decay of the running mean of the gradient and of its square.")]
Momentum = Annotated[Decay, Field(description="Share of the previous update that is kept.")]
Decoupled = Annotated[
    bool, Field(description="Decay the weights apart from the gradient, as AdamW does.", json_schema_extra={"advanced": True})
]
FUSED: dict[str, Any] = {"fused": True}


class OptimizerChoice(Choice):
    """What the engine needs of an optimizer: its learning rate, and torch optimizers over given tensors."""

    kind: str
    lr: LearningRate = 1e-3

    elementwise: ClassVar[bool] = True  # each weight's step depends on that weight's own past alone: runs may share one tensor
    closure: ClassVar[bool] = False  # its step evaluates the loss itself, several times
    proportional: ClassVar[bool] = False  # twice the rate doubles each step, weight decay aside: steps at rate 1 can be scaled
    amplifies: ClassVar[bool] = False  # rounding errors, so much that a run trains in a stack of its own, to be the same in any company
    foreign: ClassVar[bool] = False  # a user's code: it may move tensors and keep state as torch's own do not
    averaging: ClassVar[bool] = False  # trains at one point, is evaluated at an average of it and the state's "z": has train() and eval()
    options: ClassVar[dict[str, Any]] = {"foreach": False}  # how torch is to compute it, not what
    torch_name: ClassVar[str]

    @property
    def rate_apart(self) -> bool:
        """Whether runs that differ in the rate alone share a torch optimizer, which then works at rate 1.

        For those that torch does in a dozen small steps, which take as long for one run as for many.
        """
        return self.proportional and not getattr(self, "weight_decay", 0)

    @property
    def evaluations(self) -> int:
        """Gradients that an update asks for, at most."""
        return 1

    def build(self, params: Sequence[Tensor]) -> list[TorchOptimizer]:
        """The torch optimizers that together step `params`, whose `.grad` the caller fills: one, for most kinds."""
        import torch

        return [getattr(torch.optim, self.torch_name)(list(params), **self.arguments(), **self.options)]
