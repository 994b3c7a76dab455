"""The loss that training minimises, example by example; penalties come on top.

A loss for classes is a function of each example's cross entropy in nats, one for numbers of the prediction minus the target. What is
measured (`val_loss`, `train_loss_eval`, `test_loss`) is cross entropy, or squared error, whatever a run minimises, so that variants of
different losses are measured by one; the training loss as logged (`train_loss`) is the loss of this choice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from core.choices.base import ByKind, Choice, Positive

if TYPE_CHECKING:
    from torch import Tensor

Weights = Annotated[
    Literal["none", "balanced"],
    Field(
        description="balanced: an example of class k counts n / (K n_k), as scikit-learn's class_weight: all K classes alike, and 1 on "
        "average. A batch's loss is their plain mean; torch's mean divides by the batch's weights, so that those of small batches cancel."
    ),
]


class LossChoice(Choice):
    """A loss: `of(error)` for every example, where `error` is its cross entropy, or its prediction minus its target."""

    kind: str

    task: ClassVar[str | None] = None  # classification or regression; None: either
    closed: ClassVar[bool] = False  # the engine has its gradient in closed form
    hard: ClassVar[bool] = False  # defined for a single class an example alone

    @property
    def weighted(self) -> bool:
        """Whether classes count differently."""
        return getattr(self, "class_weights", "none") != "none"

    def of(self, error: Tensor) -> Tensor:
        """The loss of every example."""
        raise NotImplementedError(f"the loss {self.kind} has no of(error)")


class AutoLoss(LossChoice):
    """Auto: cross entropy for classes, squared error for numbers.

    Whatever is minimised, validation and test losses are these two.
    """

    kind: Literal["auto"] = "auto"


class CrossEntropyLoss(LossChoice):
    """Cross entropy: -log p of the right class, in nats. As torch's CrossEntropyLoss."""

    kind: Literal["cross_entropy"] = "cross_entropy"
    class_weights: Weights = "none"

    task: ClassVar[str | None] = "classification"
    closed: ClassVar[bool] = True

    def of(self, error: Tensor) -> Tensor:
        """The cross entropy itself."""
        return error


class FocalLoss(LossChoice):
    """Focal: -(1 - p)^gamma log p of the right class: examples that are right already count less. gamma 0: cross entropy.

    Validation and test losses stay cross entropies. Source: Lin et al. 2017 (arXiv:1708.02002), for any number of classes.
    """

    kind: Literal["focal"] = "focal"
    gamma: Annotated[float, Field(ge=0, le=100, description="How little examples count that are right already.")] = 2.0
    class_weights: Weights = "none"

    task: ClassVar[str | None] = "classification"
    hard: ClassVar[bool] = True

    def of(self, error: Tensor) -> Tensor:
        """(1 - exp(-error))^gamma * error, whose gradient is finite at 0 too."""
        import torch

        wrong = (-torch.expm1(-error)).clamp(min=torch.finfo(error.dtype).tiny)
        return wrong**self.gamma * error


class SquaredLoss(LossChoice):
    """Squared: the squared error. As torch's MSELoss."""

    kind: Literal["squared"] = "squared"

    task: ClassVar[str | None] = "regression"
    closed: ClassVar[bool] = True

    def of(self, error: Tensor) -> Tensor:
        """error^2."""
        return error.square()


class AbsoluteLoss(LossChoice):
    """Absolute: the absolute error, which outliers pull less; its minimum is the median. As torch's L1Loss.

    Validation and test losses stay squared errors.
    """

    kind: Literal["absolute"] = "absolute"

    task: ClassVar[str | None] = "regression"

    def of(self, error: Tensor) -> Tensor:
        """|error|, with gradient 0 at 0."""
        return error.abs()


class HuberLoss(LossChoice):
    """Huber: half the squared error up to delta, beyond it a straight line. As torch's HuberLoss.

    delta is in the units of the target as the network sees it: standard deviations, unless `data.scale` is none. Validation and test
    losses stay squared errors. Source: Huber 1964 (Ann. Math. Statist. 35).
    """

    kind: Literal["huber"] = "huber"
    delta: Annotated[Positive, Field(description="Where the line begins.", json_schema_extra={"logarithmic": True})] = 1.0

    task: ClassVar[str | None] = "regression"

    def of(self, error: Tensor) -> Tensor:
        """error^2 / 2 where |error| <= delta, else delta (|error| - delta / 2)."""
        from torch.nn.functional import huber_loss

        return huber_loss(error, error.new_zeros(()).expand_as(error), reduction="none", delta=self.delta)


Loss = Annotated[
    AutoLoss | CrossEntropyLoss | FocalLoss | SquaredLoss | AbsoluteLoss | HuberLoss,
    Field(discriminator="kind"),
    ByKind,
]


def loss_for(choice: LossChoice, task: str) -> LossChoice:
    """The loss that a choice comes to for a task."""
    if not isinstance(choice, AutoLoss):
        return choice
    return SquaredLoss() if task == "regression" else CrossEntropyLoss()
