"""Learning-rate schedules: functions of the update that return a factor on the optimizer's lr, each with linear warmup."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from core.choices.base import ByKind, Choice, NonNegative

Epochs = Annotated[int, Field(ge=1, le=100_000)]
Final = Annotated[float, Field(ge=0, le=1, description="Factor on lr at the end.")]
Warmup = Annotated[
    float,
    Field(
        ge=0, le=1e4, description="First, lr rises linearly to its full value over this many epochs.", json_schema_extra={"unit": "epochs"}
    ),
]


@dataclass(frozen=True)
class PlateauState:
    """The state, for one run, of a schedule that watches the validation loss."""

    best: float = float("inf")
    bad: int = 0
    cooldown: int = 0
    factor: float = 1.0


class ScheduleChoice(Choice):
    """A schedule: `factor(step, steps_per_epoch, total_steps)` multiplies lr at update `step` (the first is 0)."""

    kind: str
    warmup: Warmup = 0.0

    watches: ClassVar[bool] = False  # whether it depends on the run's own validation loss, so that each run has its own rate

    def factor(self, step: int, steps_per_epoch: int, total_steps: int) -> float:
        """Warmup as torch's LinearLR from 1/(W+1) over W updates; then the schedule itself, counted from the end of the warmup."""
        warmup = round(self.warmup * steps_per_epoch)
        if step < warmup:
            return (step + 1) / (warmup + 1)
        return self.decay(step - warmup, steps_per_epoch, max(1, total_steps - warmup))

    def decay(self, step: int, steps_per_epoch: int, total_steps: int) -> float:
        """The factor without warmup, for update `step` of `total_steps`."""
        raise NotImplementedError(f"the schedule {self.kind} has no decay")

    def update(self, state: PlateauState, val_loss: float) -> PlateauState:
        """The state after one more evaluation, for a schedule that `watches`; its `factor` multiplies lr from then on."""
        raise NotImplementedError(f"the schedule {self.kind} watches the validation loss, and has no update")


class Constant(ScheduleChoice):
    """Constant: the same lr from the first update to the last."""

    kind: Literal["constant"] = "constant"

    def decay(self, step: int, steps_per_epoch: int, total_steps: int) -> float:
        """Always 1."""
        return 1.0


class Step(ScheduleChoice):
    """Step: lr is multiplied by gamma after every `every` epochs: gamma^floor(epoch / every)."""

    kind: Literal["step"] = "step"
    every: Annotated[int, Field(ge=1, le=100_000, description="Epochs between two drops.", json_schema_extra={"unit": "epochs"})] = 10
    gamma: Annotated[float, Field(gt=0, le=1, description="lr is multiplied by this at each drop.")] = 0.1

    def decay(self, step: int, steps_per_epoch: int, total_steps: int) -> float:
        """As torch's StepLR with step_size = every * steps_per_epoch."""
        return float(self.gamma ** (step // (self.every * steps_per_epoch)))


class Cosine(ScheduleChoice):
    """Cosine: half a cosine wave from lr down to `final` times lr at the last update.

    Source: Loshchilov & Hutter 2017 (arXiv:1608.03983), without restarts.
    """

    kind: Literal["cosine"] = "cosine"
    final: Final = 0.0

    def decay(self, step: int, steps_per_epoch: int, total_steps: int) -> float:
        """As torch's CosineAnnealingLR with T_max = total_steps and eta_min = final * lr."""
        return self.final + (1 - self.final) * (1 + math.cos(math.pi * step / total_steps)) / 2


class MultiStep(ScheduleChoice):
    """Multi-step: lr is multiplied by gamma after each of the given epochs."""

    kind: Literal["multi_step"] = "multi_step"
    milestones: Annotated[tuple[Epochs, ...], Field(min_length=1, max_length=100, description="Epochs after which lr drops.")] = (10, 15)
    gamma: Annotated[float, Field(gt=0, le=1, description="lr is multiplied by this at each drop.")] = 0.1

    def decay(self, step: int, steps_per_epoch: int, total_steps: int) -> float:
        """As torch's MultiStepLR with its milestones in updates."""
        return float(self.gamma ** bisect_right(sorted(self.milestones), step // steps_per_epoch))


class Exponential(ScheduleChoice):
    """Exponential: lr is multiplied by gamma after every epoch."""

    kind: Literal["exponential"] = "exponential"
    gamma: Annotated[float, Field(gt=0, le=1, description="lr is multiplied by this after each epoch.")] = 0.9

    def decay(self, step: int, steps_per_epoch: int, total_steps: int) -> float:
        """As torch's ExponentialLR stepped once an epoch."""
        return float(self.gamma ** (step // steps_per_epoch))


class Polynomial(ScheduleChoice):
    """Polynomial: (1 - t/T)^power, from lr to 0 at the last update; linear for power 1."""

    kind: Literal["polynomial"] = "polynomial"
    power: Annotated[float, Field(gt=0, le=10, description="1: a straight line.")] = 1.0

    def decay(self, step: int, steps_per_epoch: int, total_steps: int) -> float:
        """As torch's PolynomialLR with total_iters = total_steps."""
        return float((1 - min(step, total_steps) / total_steps) ** self.power)


class CosineRestarts(ScheduleChoice):
    """Cosine with restarts: repeated half cosine waves down to `final`; each cycle is `lengthen` times as long as the one before.

    Source: Loshchilov & Hutter 2017 (arXiv:1608.03983).
    """

    kind: Literal["cosine_restarts"] = "cosine_restarts"
    first: Annotated[Epochs, Field(description="Epochs of the first cycle.", json_schema_extra={"unit": "epochs"})] = 5
    lengthen: Annotated[int, Field(ge=1, le=10, description="Each cycle is this many times as long as the one before.")] = 1
    final: Final = 0.0

    def decay(self, step: int, steps_per_epoch: int, total_steps: int) -> float:
        """As torch's CosineAnnealingWarmRestarts with T_0 = first * steps_per_epoch, T_mult = lengthen, eta_min = final * lr."""
        length = self.first * steps_per_epoch
        while step >= length:
            step, length = step - length, length * self.lengthen
        return self.final + (1 - self.final) * (1 + math.cos(math.pi * step / length)) / 2


class OneCycle(ScheduleChoice):
    """One cycle: rises from lr / start_divisor to lr, then falls to almost 0, both along a cosine; momentum is not changed.

    Source: Smith & Topin 2018 (arXiv:1708.07120).
    """

    kind: Literal["one_cycle"] = "one_cycle"
    rise: Annotated[float, Field(gt=0, lt=1, description="Share of the updates in which lr rises.")] = 0.3
    start_divisor: Annotated[float, Field(ge=1, le=1e6, description="The first rate is lr divided by this.")] = 25.0
    end_divisor: Annotated[float, Field(ge=1, le=1e9, description="The last rate is the first one divided by this.")] = 1e4

    def decay(self, step: int, steps_per_epoch: int, total_steps: int) -> float:
        """As torch's OneCycleLR with max_lr = lr and cycle_momentum = False."""
        start, peak = 1 / self.start_divisor, max(self.rise * total_steps - 1, 1e-9)
        if step <= peak:
            return _along_a_cosine(start, 1.0, step / peak)
        return _along_a_cosine(1.0, start / self.end_divisor, (step - peak) / max(1e-9, total_steps - 1 - peak))


def _along_a_cosine(first: float, last: float, share: float) -> float:
    return last + (first - last) * (1 + math.cos(math.pi * min(1.0, share))) / 2


class InverseSqrt(ScheduleChoice):
    """Inverse square root: lr * sqrt(h / (h + t)), where h is `horizon` in updates.

    Source: Vaswani et al. 2017 (arXiv:1706.03762), as a continuation of their warmup of h updates.
    """

    kind: Literal["inverse_sqrt"] = "inverse_sqrt"
    horizon: Annotated[
        float, Field(gt=0, le=1e5, description="After three times this many epochs lr has halved.", json_schema_extra={"unit": "epochs"})
    ] = 1.0

    def decay(self, step: int, steps_per_epoch: int, total_steps: int) -> float:
        """sqrt(h / (h + step)), h = horizon * steps_per_epoch."""
        updates = self.horizon * steps_per_epoch
        return math.sqrt(updates / (updates + step))


class WarmupStableDecay(ScheduleChoice):
    """Warmup, stable, decay: the full lr until the last part of the updates, in which lr falls linearly to `final`.

    Source: Hu et al. 2024 (arXiv:2404.06395).
    """

    kind: Literal["warmup_stable_decay"] = "warmup_stable_decay"
    warmup: Warmup = 1.0
    decay_share: Annotated[float, Field(gt=0, le=1, description="Share of the updates, at the end, in which lr falls.")] = 0.2
    final: Final = 0.0

    def decay(self, step: int, steps_per_epoch: int, total_steps: int) -> float:
        """1, then linear to `final` over the last decay_share * total_steps updates."""
        left = (total_steps - step) / max(1.0, self.decay_share * total_steps)
        return self.final + (1 - self.final) * min(1.0, left)


class Plateau(ScheduleChoice):
    """On plateau: lr is multiplied by gamma when the validation loss has stopped falling. As torch's ReduceLROnPlateau."""

    kind: Literal["plateau"] = "plateau"
    gamma: Annotated[float, Field(gt=0, lt=1, description="lr is multiplied by this on a plateau.")] = 0.1
    patience: Annotated[
        int,
        Field(
            ge=0,
            le=100_000,
            description="Evaluations without a gain before lr drops; the next one drops it.",
            json_schema_extra={"unit": "evaluations"},
        ),
    ] = 5
    threshold: Annotated[NonNegative, Field(description="The loss must fall by this share of its best value to count as a gain.")] = 1e-4
    cooldown: Annotated[
        int, Field(ge=0, le=100_000, description="Evaluations to wait after a drop.", json_schema_extra={"advanced": True})
    ] = 0

    watches: ClassVar[bool] = True

    def decay(self, step: int, steps_per_epoch: int, total_steps: int) -> float:
        """Always 1; the factor in the run's PlateauState falls instead."""
        return 1.0

    def update(self, state: PlateauState, val_loss: float) -> PlateauState:
        """The state after one more evaluation."""
        better = val_loss < state.best * (1 - self.threshold)
        state = replace(state, best=val_loss, bad=0) if better else replace(state, bad=state.bad + 1)
        if state.cooldown > 0:
            state = replace(state, cooldown=state.cooldown - 1, bad=0)
        if state.bad > self.patience:
            return replace(state, factor=state.factor * self.gamma, cooldown=self.cooldown, bad=0)
        return state


class RangeTest(ScheduleChoice):
    """Range test: lr rises by the same factor every update, to show at which rate the loss falls fastest and where it diverges.

    Source: Smith 2017 (arXiv:1506.01186), with the exponential rise of the fastai library.
    """

    kind: Literal["range_test"] = "range_test"
    first: Annotated[float, Field(gt=0, le=1, description="Factor on lr at the first update.")] = 1e-4
    last: Annotated[float, Field(ge=1, le=1e6, description="Factor on lr at the last update.")] = 1e3

    def decay(self, step: int, steps_per_epoch: int, total_steps: int) -> float:
        """first * (last / first)^(t / (T - 1)), written without the quotient, which could overflow."""
        share = step / max(1, total_steps - 1)
        return float(self.first ** (1 - share) * self.last**share)


Schedule = Annotated[
    Constant | Step | MultiStep | Exponential | Polynomial | Cosine | CosineRestarts | OneCycle | InverseSqrt | Plateau
    | WarmupStableDecay | RangeTest,
    Field(discriminator="kind"),
    ByKind,
]  # fmt: skip
