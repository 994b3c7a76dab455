"""Distillation: a network learns from a larger one's outputs as well as from the labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from core.choices.base import ByKind, Choice
from core.choices.models import Width

if TYPE_CHECKING:
    from torch import Tensor


class NoDistillation(Choice):
    """None: labels alone."""

    kind: Literal["none"] = "none"


class SoftTargets(Choice):
    """Soft targets: a teacher, trained first from the same seed, lends its softened class probabilities.

    loss = (1 - weight) * cross-entropy(labels) + weight * T^2 * KL(teacher_T || student_T), the KL summed over classes and
    averaged over the batch; p_T = softmax(logits / T). The teacher is an MLP, trained by Adam (1e-3) on the same batches.

    Source: Hinton, Vinyals & Dean 2015 (arXiv:1503.02531).
    """

    kind: Literal["soft_targets"] = "soft_targets"
    teacher_hidden: Annotated[
        tuple[Width, ...],
        Field(min_length=1, max_length=16, description="Units of the teacher's hidden layers.", json_schema_extra={"unit": "units"}),
    ] = (256, 256)
    teacher_epochs: Annotated[
        int, Field(ge=1, le=10_000, description="Epochs the teacher trains.", json_schema_extra={"unit": "epochs"})
    ] = 20
    temperature: Annotated[float, Field(gt=0, le=100, description="Above 1 the teacher's second choices show.")] = 4.0
    weight: Annotated[float, Field(ge=0, le=1, description="Weight of the soft targets; the labels have the rest.")] = 0.5


def soft_target_loss(student_NC: Tensor, teacher_NC: Tensor, temperature_N1: Tensor) -> Tensor:
    """T^2 * KL(teacher || student) for each example (N,), from logits (N, C) softened by `temperature_N1` (N, 1)."""
    from torch.nn.functional import kl_div, log_softmax

    student = log_softmax(student_NC / temperature_N1, dim=1)
    teacher = log_softmax(teacher_NC / temperature_N1, dim=1)
    return kl_div(student, teacher, reduction="none", log_target=True).sum(1) * temperature_N1[:, 0].square()


Distillation = Annotated[NoDistillation | SoftTargets, Field(discriminator="kind"), ByKind]
