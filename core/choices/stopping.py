"""Early stopping: rules that end a run by what is measured on its validation data."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from core.choices.base import ByKind, Choice, NonNegative

Watched = Literal["val_loss", "val_accuracy", "val_f1"]
DIRECTIONS: dict[Watched, int] = {"val_loss": 1, "val_accuracy": -1, "val_f1": -1}
"""-1 for metrics of which more is better: what a rule sees is the lower, the better."""
Evaluations = Annotated[int, Field(ge=1, le=1000, json_schema_extra={"unit": "evaluations"})]
REMEMBERED = 1001
"""Evaluations that a watch remembers: one more than the longest rule looks back."""


@dataclass(frozen=True)
class Watch:
    """What a stopping rule remembers of a run: the best value of its metric, how many evaluations it is old, and the latest values.

    Values are losses, or minus an accuracy or F1: lower is better.
    """

    best: float = float("inf")
    waited: int = 0
    recent: tuple[float, ...] = ()

    def after(self, value: float, min_delta: float = 0.0) -> Watch:
        """The watch after one more evaluation; a gain of min_delta or less is none. NaN is no gain."""
        recent = (*self.recent, value)[-REMEMBERED:]
        return Watch(value, 0, recent) if value < self.best - min_delta else Watch(self.best, self.waited + 1, recent)


class StoppingChoice(Choice):
    """A stopping rule: `stops(watch)` after each evaluation."""

    kind: str
    metric: Annotated[Watched, Field(description="What it watches.")] = "val_loss"
    restore_best: Annotated[
        bool, Field(description="Ends with the weights of the best evaluation instead of the last; pruning starts the search for it anew.")
    ] = False

    watching: ClassVar[bool] = True

    def value(self, metrics: dict[str, float]) -> float:
        """The metric, with its sign turned where more is better."""
        return DIRECTIONS[self.metric] * metrics[self.metric]

    def update(self, watch: Watch, value: float) -> Watch:
        """The watch after one more evaluation."""
        return watch.after(value)

    def stops(self, watch: Watch) -> bool:
        """Whether the run ends here."""
        raise NotImplementedError(f"the stopping rule {self.kind} has no stops")


class NoStopping(Choice):
    """None: train to the last epoch."""

    kind: Literal["none"] = "none"

    watching: ClassVar[bool] = False
    restore_best: ClassVar[bool] = False


class Patience(StoppingChoice):
    """Patience: stop when the metric has not improved by more than min_delta for so many evaluations.

    Source: Prechelt 1998, "Early stopping - but when?".
    """

    kind: Literal["patience"] = "patience"
    patience: Annotated[Evaluations, Field(description="Evaluations without a new best before it stops.")] = 5
    min_delta: Annotated[NonNegative, Field(description="A smaller gain than this does not count.")] = 0.0

    def update(self, watch: Watch, value: float) -> Watch:
        """The watch after one more evaluation."""
        return watch.after(value, self.min_delta)

    def stops(self, watch: Watch) -> bool:
        """Whether the last best is `patience` evaluations old."""
        return watch.waited >= self.patience


class NoChange(StoppingChoice):
    """No change: stop when the metric stayed within a narrow range over the last evaluations."""

    kind: Literal["no_change"] = "no_change"
    evaluations: Annotated[Evaluations, Field(description="How far it looks back.")] = 5
    tolerance: Annotated[NonNegative, Field(description="Widest range that counts as no change.")] = 1e-3

    def stops(self, watch: Watch) -> bool:
        """Whether the last `evaluations` + 1 values lie within `tolerance`."""
        last = watch.recent[-self.evaluations - 1 :]
        return len(last) > self.evaluations and max(last) - min(last) <= self.tolerance


class Threshold(StoppingChoice):
    """Threshold: stop when the metric has reached a value given beforehand."""

    kind: Literal["threshold"] = "threshold"
    target: Annotated[NonNegative, Field(description="Stops at a loss this low, or an accuracy or F1 this high.")] = 0.1

    def stops(self, watch: Watch) -> bool:
        """Whether the last value is as good as the target."""
        return bool(watch.recent) and watch.recent[-1] <= DIRECTIONS[self.metric] * self.target


class Rise(StoppingChoice):
    """Rise: stop when the metric got worse so many evaluations in a row.

    Source: the UP criterion of Prechelt 1998.
    """

    kind: Literal["rise"] = "rise"
    evaluations: Annotated[Evaluations, Field(description="Evaluations in a row that are worse than the one before.")] = 3

    def stops(self, watch: Watch) -> bool:
        """Whether each of the last `evaluations` values is worse than the one before it."""
        last = watch.recent[-self.evaluations - 1 :]
        return len(last) > self.evaluations and all(after > before for before, after in pairwise(last))


class MeanChange(StoppingChoice):
    """Mean change: stop when the metric improved by less than so much an evaluation, on average over the last ones."""

    kind: Literal["mean_change"] = "mean_change"
    evaluations: Annotated[Evaluations, Field(description="How far it looks back.")] = 5
    tolerance: Annotated[NonNegative, Field(description="Smallest mean gain an evaluation that goes on.")] = 1e-3

    def stops(self, watch: Watch) -> bool:
        """Whether (value then - value now) / evaluations is below `tolerance`."""
        last = watch.recent[-self.evaluations - 1 :]
        return len(last) > self.evaluations and (last[0] - last[-1]) / self.evaluations < self.tolerance


Stopping = Annotated[NoStopping | Patience | NoChange | Threshold | Rise | MeanChange, Field(discriminator="kind"), ByKind]
