"""The loss that training minimises, for each example; penalties are added to it.

A loss for classification is a function of each example's cross-entropy in nats; one for regression is a function of the prediction minus
the target. The measured losses (`val_loss`, `train_loss_eval`, `test_loss`) are always cross-entropy or squared error, so that variants
with different losses can be compared. The training loss as logged (`train_loss`) is the chosen loss.
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
        description="balanced: an example of class k counts n / (K n_k), as scikit-learn's class_weight: all K classes count alike, and "
        "the "
        "mean weight is 1. A batch's loss is the plain mean; torch instead divides by the batch's summed weights, which cancels them in "
        "small "
        "batches.",
    ),
]


class LossChoice(Choice):
    """A loss: `of(error)` for every example, where `error` is its cross-entropy, or its prediction minus its target."""

    kind: str

    task: ClassVar[str | None] = None  # classification or regression; None: both
    closed: ClassVar[bool] = False  # whether the engine has its gradient in closed form
    hard: ClassVar[bool] = False  # whether it is defined only for one class per example

    @property
    def weighted(self) -> bool:
        """Whether classes have different weights."""
        return getattr(self, "class_weights", "none") != "none"

    def of(self, error: Tensor) -> Tensor:
        """The loss of every example."""
        raise NotImplementedError(f"the loss {self.kind} has no of(error)")


class AutoLoss(LossChoice):
    """Auto: cross-entropy for classification, squared error for regression.

    Validation and test losses are these two whatever a run minimises.
    """

    kind: Literal["auto"] = "auto"


class CrossEntropyLoss(LossChoice):
    """Cross-entropy: -log p of the right class, in nats, as in torch's CrossEntropyLoss."""

    kind: Literal["cross_entropy"] = "cross_entropy"
    class_weights: Weights = "none"

    task: ClassVar[str | None] = "classification"
    closed: ClassVar[bool] = True

    def of(self, error: Tensor) -> Tensor:
        """The cross-entropy itself."""
        return error


class FocalLoss(LossChoice):
    """Focal: -(1 - p)^gamma log p of the right class, so that well classified examples count less. With gamma 0 it is cross-entropy.

    Validation and test losses stay cross-entropies. Source: Lin et al. 2017 (arXiv:1708.02002), here for any number of classes.
    """

    kind: Literal["focal"] = "focal"
    gamma: Annotated[float, Field(ge=0, le=100, description="Larger values reduce the weight of well classified examples more.")] = 2.0
    class_weights: Weights = "none"

    task: ClassVar[str | None] = "classification"
    hard: ClassVar[bool] = True

    def of(self, error: Tensor) -> Tensor:
        """(1 - exp(-error))^gamma * error; its gradient is finite at 0 too."""
        import torch

        wrong = (-torch.expm1(-error)).clamp(min=torch.finfo(error.dtype).tiny)
        return wrong**self.gamma * error


class SquaredLoss(LossChoice):
    """Squared: the squared error, as in torch's MSELoss."""

    kind: Literal["squared"] = "squared"

    task: ClassVar[str | None] = "regression"
    closed: ClassVar[bool] = True

    def of(self, error: Tensor) -> Tensor:
        """error^2."""
        return error.square()


class AbsoluteLoss(LossChoice):
    """Absolute: the absolute error, which outliers affect less; its minimum is the median. As in torch's L1Loss.

    Validation and test losses stay squared errors.
    """

    kind: Literal["absolute"] = "absolute"

    task: ClassVar[str | None] = "regression"

    def of(self, error: Tensor) -> Tensor:
        """|error|, with gradient 0 at 0."""
        return error.abs()


class HuberLoss(LossChoice):
    """Huber: half the squared error up to delta, and a straight line beyond. As in torch's HuberLoss.

    delta is in the units of the target that the network sees: standard deviations, unless `data.scale` is none. Validation and test
    losses stay squared errors. Source: Huber 1964 (Ann. Math. Statist. 35).
    """

    kind: Literal["huber"] = "huber"
    delta: Annotated[Positive, Field(description="Error at which the straight line begins.", json_schema_extra={"logarithmic": True})] = 1.0

    task: ClassVar[str | None] = "regression"

    def of(self, error: Tensor) -> Tensor:
        """error^2 / 2 if |error| <= delta, else delta (|error| - delta / 2)."""
        from torch.nn.functional import huber_loss

        return huber_loss(error, error.new_zeros(()).expand_as(error), reduction="none", delta=self.delta)


Loss = Annotated[
    AutoLoss | CrossEntropyLoss | FocalLoss | SquaredLoss | AbsoluteLoss | HuberLoss,
    Field(discriminator="kind"),
    ByKind,
]


def loss_for(choice: LossChoice, task: str) -> LossChoice:
    """The loss that a choice stands for in a task."""
    if not isinstance(choice, AutoLoss):
        return choice
    return SquaredLoss() if task == "regression" else CrossEntropyLoss()
