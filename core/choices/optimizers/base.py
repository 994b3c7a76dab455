"""The interface between optimizers and the engine, and the settings that many optimizers share."""

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
    Field(
        description="Pulls every weight towards 0 at each update. The optimizer's description says whether it is coupled or decoupled.",
        json_schema_extra={"regularizes": True},
    ),
]
Epsilon = Annotated[
    Positive,
    Field(description="Added to the denominator to keep the division finite.", json_schema_extra={"advanced": True, "logarithmic": True}),
]


Betas = Annotated[tuple[Decay, Decay], Field(description="Decay rates of the running means of the gradient and of its square.")]
Momentum = Annotated[Decay, Field(description="Share of the previous update that is kept in the next one.")]
Decoupled = Annotated[
    bool, Field(description="Decays the weights separately from the gradient, as AdamW does.", json_schema_extra={"advanced": True})
]
FUSED: dict[str, Any] = {"fused": True}


class OptimizerChoice(Choice):
    """What the engine needs to know of an optimizer: its learning rate, its properties, and how to build torch's optimizers."""

    kind: str
    lr: LearningRate = 1e-3

    elementwise: ClassVar[bool] = True  # each weight's step depends only on that weight's own past, so that runs may share one tensor
    closure: ClassVar[bool] = False  # its step evaluates the loss itself, several times
    proportional: ClassVar[bool] = False  # a double rate doubles each step, weight decay aside, so that steps at rate 1 can be scaled
    amplifies: ClassVar[bool] = (
        False  # it amplifies rounding errors, so that a run needs its own stack to have the same result with any other runs
    )
    foreign: ClassVar[bool] = False  # a user's code, which may replace tensors and keep state in other ways than torch's optimizers
    averaging: ClassVar[bool] = False  # it is evaluated at an average of its weights and the state's "z"; it has train() and eval()
    options: ClassVar[dict[str, Any]] = {"foreach": False}  # how torch computes the step, without changing the result
    torch_name: ClassVar[str]

    @property
    def rate_apart(self) -> bool:
        """Whether runs that differ only in the rate share a torch optimizer, which then works at rate 1.

        This is used for optimizers that torch computes in a dozen small kernels, which take as long for one run as for many.
        """
        return self.proportional and not getattr(self, "weight_decay", 0)

    @property
    def evaluations(self) -> int:
        """The most gradients that an update computes."""
        return 1

    def build(self, params: Sequence[Tensor]) -> list[TorchOptimizer]:
        """The torch optimizers that together update `params`, whose `.grad` the caller sets; most kinds return one."""
        import torch

        return [getattr(torch.optim, self.torch_name)(list(params), **self.arguments(), **self.options)]
