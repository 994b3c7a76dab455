"""Learning-rate schedules: pure functions of the update, as a factor on the optimizer's lr, each with linear warmup."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from core.choices.base import ByKind, Choice

Warmup = Annotated[
    float,
    Field(ge=0, le=1e4, description="Rises linearly to the full lr over this many epochs first.", json_schema_extra={"unit": "epochs"}),
]


class ScheduleChoice(Choice):
    """A schedule: `factor(step, steps_per_epoch, total_steps)` is what multiplies lr at that update (the first is 0)."""

    kind: str
    warmup: Warmup = 0.0

    def factor(self, step: int, steps_per_epoch: int, total_steps: int) -> float:
        """Warmup as torch's LinearLR from 1/(W+1) over W updates, then the schedule proper, counted from the end of the warmup."""
        warmup = round(self.warmup * steps_per_epoch)
        if step < warmup:
            return (step + 1) / (warmup + 1)
        return self.decay(step - warmup, steps_per_epoch, max(1, total_steps - warmup))

    def decay(self, step: int, steps_per_epoch: int, total_steps: int) -> float:
        """The factor without warmup, for update `step` of `total_steps`."""
        raise NotImplementedError


class Constant(ScheduleChoice):
    """Constant: the same lr from the first update to the last."""

    kind: Literal["constant"] = "constant"

    def decay(self, step: int, steps_per_epoch: int, total_steps: int) -> float:
        """Always 1."""
        return 1.0


class Step(ScheduleChoice):
    """Step: lr times gamma after every so many epochs: gamma^floor(epoch / every)."""

    kind: Literal["step"] = "step"
    every: Annotated[int, Field(ge=1, le=100_000, description="Epochs between two drops.", json_schema_extra={"unit": "epochs"})] = 10
    gamma: Annotated[float, Field(gt=0, le=1, description="lr is multiplied by this at each drop.")] = 0.1

    def decay(self, step: int, steps_per_epoch: int, total_steps: int) -> float:
        """As torch's StepLR with step_size = every * steps_per_epoch."""
        return float(self.gamma ** (step // (self.every * steps_per_epoch)))


class Cosine(ScheduleChoice):
    """Cosine: half a cosine from lr down to `final` times lr at the last update.

    Source: Loshchilov & Hutter 2017 (arXiv:1608.03983), without restarts.
    """

    kind: Literal["cosine"] = "cosine"
    final: Annotated[float, Field(ge=0, le=1, description="What is left of lr at the end, as a factor.")] = 0.0

    def decay(self, step: int, steps_per_epoch: int, total_steps: int) -> float:
        """As torch's CosineAnnealingLR with T_max = total_steps and eta_min = final * lr."""
        return self.final + (1 - self.final) * (1 + math.cos(math.pi * step / total_steps)) / 2


Schedule = Annotated[Constant | Step | Cosine, Field(discriminator="kind"), ByKind]
