"""Distillation: a network learns from the outputs of a larger network as well as from the labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from core.choices.base import ByKind, Choice
from core.choices.models import Mlp, Model, Width

if TYPE_CHECKING:
    from torch import Tensor


Hidden = Annotated[
    tuple[Width, ...],
    Field(min_length=1, max_length=16, description="Units of the teacher's hidden layers.", json_schema_extra={"unit": "units"}),
]


class NoDistillation(Choice):
    """None: the network learns from the labels only."""

    kind: Literal["none"] = "none"


class DistillationChoice(Choice):
    """What all kinds share: the teachers' training, and the weights of their outputs and of the labels in the loss."""

    kind: str
    teacher_epochs: Annotated[
        int, Field(ge=1, le=10_000, description="Epochs for which a teacher trains.", json_schema_extra={"unit": "epochs"})
    ] = 20
    temperature: Annotated[
        float, Field(gt=0, le=100, description="Values above 1 soften the probabilities, so that less likely classes count more.")
    ] = 4.0
    weight: Annotated[float, Field(ge=0, le=1, description="Weight of the soft targets in the loss; the labels get the rest.")] = 0.5

    @property
    def teacher_count(self) -> int:
        """How many teachers there are."""
        return getattr(self, "teachers", 1)

    def teacher_of(self, student: Model) -> Model:
        """The network of a teacher."""
        raise NotImplementedError(f"the distillation {self.kind} has no teacher_of")

    @property
    def hint_weight(self) -> float:
        """Weight of the loss for imitating the teacher's hidden layer."""
        return getattr(self, "hint", 0.0)


class SoftTargets(DistillationChoice):
    """Soft targets: the student learns from the softened class probabilities of a teacher that is trained first from the same seed.

    loss = (1 - weight) * cross-entropy(labels) + weight * T^2 * KL(teacher_T || student_T), the KL summed over classes and
    averaged over the batch; p_T = softmax(logits / T). The teacher is an MLP, trained by Adam (1e-3) on the same batches.

    Source: Hinton, Vinyals & Dean 2015 (arXiv:1503.02531).
    """

    kind: Literal["soft_targets"] = "soft_targets"
    teacher_hidden: Hidden = (256, 256)

    def teacher_of(self, student: Model) -> Model:
        """An MLP."""
        return Mlp(hidden=self.teacher_hidden)


class SelfDistillation(DistillationChoice):
    """Self-distillation: the teacher has the student's own architecture, and is trained first, on the labels only.

    Source: Furlanello et al. 2018 (arXiv:1805.04770), born-again networks.
    """

    kind: Literal["self"] = "self"

    def teacher_of(self, student: Model) -> Model:
        """The student's own network settings."""
        return student


class Ensemble(DistillationChoice):
    """Ensemble: the student learns from the mean of the softened probabilities of several teachers, each trained from its own seed.

    Source: Hinton, Vinyals & Dean 2015 (arXiv:1503.02531).
    """

    kind: Literal["ensemble"] = "ensemble"
    teacher_hidden: Hidden = (256, 256)
    teachers: Annotated[int, Field(ge=2, le=50, description="How many teachers.")] = 5

    def teacher_of(self, student: Model) -> Model:
        """An MLP."""
        return Mlp(hidden=self.teacher_hidden)


class Hint(DistillationChoice):
    """Hint: soft targets, and in addition the student's last hidden layer imitates which examples the teacher's finds similar.

    Adds hint * mean over the batch of ||g_student - g_teacher||^2 to the loss, where g is a row of the activations' Gram matrix A A^T,
    scaled to length 1. So layers of different widths can be compared without a learned map between them.

    Source: Tung & Mori 2019 (arXiv:1907.09682); the idea of a hint: Romero et al. 2015 (arXiv:1412.6550).
    """

    kind: Literal["hint"] = "hint"
    teacher_hidden: Hidden = (256, 256)
    hint: Annotated[float, Field(ge=0, le=1e4, description="Weight of the hidden layer's imitation in the loss.")] = 10.0

    def teacher_of(self, student: Model) -> Model:
        """An MLP."""
        return Mlp(hidden=self.teacher_hidden)


def soft_target_loss(student_NC: Tensor, teacher_NC: Tensor, temperature_N1: Tensor) -> Tensor:
    """T^2 * KL(teacher || student) for each example (N,), from the student's logits and the teacher's log-probabilities at T (N, C)."""
    from torch.nn.functional import kl_div, log_softmax

    student = log_softmax(student_NC / temperature_N1, dim=1)
    return kl_div(student, teacher_NC, reduction="none", log_target=True).sum(1) * temperature_N1[:, 0].square()


def mean_log_probabilities(logits: Sequence[Tensor], temperature: float) -> Tensor:
    """The log of the teachers' mean softened probabilities (N, C), from the logits (N, C) of each teacher."""
    import torch

    stacked = torch.stack([torch.log_softmax(teacher_NC / temperature, dim=1) for teacher_NC in logits])
    return stacked.logsumexp(0) - math.log(len(logits))


def likeness(a_RBH: Tensor) -> Tensor:
    """Rows of the Gram matrix of activations (R, B, H), each scaled to length 1: (R, B, B)."""
    from torch.nn.functional import normalize

    return normalize(a_RBH @ a_RBH.mT, dim=2)


Distillation = Annotated[NoDistillation | SoftTargets | SelfDistillation | Ensemble | Hint, Field(discriminator="kind"), ByKind]
