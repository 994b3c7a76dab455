"""Distillation: the outputs and activations of teachers on the training data, and the loss of the students.

Shapes: R runs (students), N training examples, B examples of a batch, C classes, H units of a hidden layer.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from core.choices.distillation import NoDistillation, likeness, mean_log_probabilities, soft_target_loss
from core.engine.stack import TeacherOutputs
from core.settings import RunSettings


@torch.no_grad()
def outputs_of(teacher: nn.Module, x_ND: Tensor, *, hints: bool) -> TeacherOutputs:
    """The outputs of a trained network in eval mode, and with `hints` the activations of its last hidden layer."""
    seen: list[Tensor] = []
    activations = [module for name, module in teacher.named_modules() if name.endswith("activation")]
    hooks = [activations[-1].register_forward_hook(lambda _module, _inputs, output: seen.append(output))] if activations else []
    logits_NC = teacher(x_ND)
    for hook in hooks:
        hook.remove()
    hidden_NH = seen[0].flatten(1) if seen else x_ND
    return TeacherOutputs(logits_NC, hidden_NH if hints else None)


def has_hints(runs: Sequence[RunSettings]) -> bool:
    """Whether any of the runs is to imitate its teacher's last hidden layer."""
    return any(run.distillation.hint_weight for run in runs if not isinstance(run.distillation, NoDistillation))


class DistillationLoss:
    """The distillation losses of a stack in which every run has teachers."""

    def __init__(self, runs: Sequence[RunSettings], teacher_outputs: dict[str, TeacherOutputs], like: Tensor) -> None:
        choices = [run.distillation for run in runs if not isinstance(run.distillation, NoDistillation)]
        of_run = [[teacher_outputs[teacher.key] for teacher in run.teachers] for run in runs]
        self.weight_R1 = like.new_tensor([[choice.weight] for choice in choices])
        self.temperature_R1 = like.new_tensor([[choice.temperature] for choice in choices])
        self.hint_R1 = like.new_tensor([[choice.hint_weight] for choice in choices])
        self.soft_RNC = torch.stack(
            [
                mean_log_probabilities([outputs.logits_NC for outputs in of_teachers], choice.temperature)
                for of_teachers, choice in zip(of_run, choices, strict=True)
            ]
        ).to(like)
        self.hinted = has_hints(runs)
        self.hidden = [of_teachers[0].hidden_NH.to(like) for of_teachers in of_run if of_teachers[0].hidden_NH is not None]

    def with_soft_targets(self, loss_RB: Tensor, outputs_RBC: Tensor, index_RB: Tensor, rows: slice) -> Tensor:
        """(1 - weight) * loss + weight * T^2 KL(teacher || student) for every example of the runs in `rows`: (R, B)."""
        runs, examples = index_RB.shape
        teacher_RBC = self.soft_RNC[rows][torch.arange(runs, device=index_RB.device)[:, None], index_RB]
        temperature_N1 = self.temperature_R1[rows].expand(runs, examples).reshape(-1, 1)
        soft_N = soft_target_loss(outputs_RBC.flatten(0, 1), teacher_RBC.flatten(0, 1), temperature_N1)
        weight_R1 = self.weight_R1[rows]
        return (1 - weight_R1) * loss_RB + weight_R1 * soft_N.view(runs, examples)

    def of_hints(self, hidden_RBH: Tensor, index_RB: Tensor, rows: slice) -> Tensor:
        """The weighted distance from the teacher's last hidden layer for every example: (R, B)."""
        of_teachers = zip(self.hidden[rows], index_RB, strict=True)
        teacher_RBB = torch.cat([likeness(hidden_NH[index_B][None]) for hidden_NH, index_B in of_teachers])
        return self.hint_R1[rows] * (likeness(hidden_RBH) - teacher_RBB).square().sum(2)
