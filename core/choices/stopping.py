"""Early stopping: rules that end a run depending on its validation results."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from core.choices.base import ByKind, Choice, NonNegative

Watched = Literal["val_loss", "val_accuracy", "val_f1"]
DIRECTIONS: dict[Watched, int] = {"val_loss": 1, "val_accuracy": -1, "val_f1": -1}
"""-1 for metrics where higher is better, so that lower values are always better for a rule."""
Evaluations = Annotated[int, Field(ge=1, le=1000, json_schema_extra={"unit": "evaluations"})]
REMEMBERED = 1001
"""Number of evaluations that a `Watch` stores: one more than any rule needs."""


@dataclass(frozen=True)
class Watch:
    """The state of a stopping rule for one run: the best value of its metric, the number of evaluations since, and the latest values.

    Values are losses, or accuracy or F1 with a minus sign: lower is better.
    """

    best: float = float("inf")
    waited: int = 0
    recent: tuple[float, ...] = ()

    def after(self, value: float, min_delta: float = 0.0) -> Watch:
        """The watch after one more evaluation. A gain of min_delta or less does not count, and NaN is never a gain."""
        recent = (*self.recent, value)[-REMEMBERED:]
        return Watch(value, 0, recent) if value < self.best - min_delta else Watch(self.best, self.waited + 1, recent)


class StoppingChoice(Choice):
    """A stopping rule: `stops(watch)` is asked after each evaluation."""

    kind: str
    metric: Annotated[Watched, Field(description="The metric that the rule watches.")] = "val_loss"
    restore_best: Annotated[
        bool,
        Field(
            description="Ends with the weights of the best evaluation instead of the last one; evaluations before a pruning do not count."
        ),
    ] = False

    watching: ClassVar[bool] = True

    def value(self, metrics: dict[str, float]) -> float:
        """The metric, with a minus sign if higher is better."""
        return DIRECTIONS[self.metric] * metrics[self.metric]

    def update(self, watch: Watch, value: float) -> Watch:
        """The watch after one more evaluation."""
        return watch.after(value)

    def stops(self, watch: Watch) -> bool:
        """Whether the run ends now."""
        raise NotImplementedError(f"the stopping rule {self.kind} has no stops")


class NoStopping(Choice):
    """None: train until the last epoch."""

    kind: Literal["none"] = "none"

    watching: ClassVar[bool] = False
    restore_best: ClassVar[bool] = False


class Patience(StoppingChoice):
    """Patience: stop when the metric has not improved by more than min_delta for `patience` evaluations.

    Source: Prechelt 1998, "Early stopping - but when?".
    """

    kind: Literal["patience"] = "patience"
    patience: Annotated[Evaluations, Field(description="Evaluations without a new best value before the run stops.")] = 5
    min_delta: Annotated[NonNegative, Field(description="Gains up to this size do not count.")] = 0.0

    def update(self, watch: Watch, value: float) -> Watch:
        """The watch after one more evaluation."""
        return watch.after(value, self.min_delta)

    def stops(self, watch: Watch) -> bool:
        """Whether the best value is `patience` evaluations old."""
        return watch.waited >= self.patience


class NoChange(StoppingChoice):
    """No change: stop when the metric has stayed within a narrow range over the last evaluations."""

    kind: Literal["no_change"] = "no_change"
    evaluations: Annotated[Evaluations, Field(description="Number of evaluations to look back.")] = 5
    tolerance: Annotated[NonNegative, Field(description="Widest range that counts as no change.")] = 1e-3

    def stops(self, watch: Watch) -> bool:
        """Whether the last `evaluations` + 1 values lie within `tolerance`."""
        last = watch.recent[-self.evaluations - 1 :]
        return len(last) > self.evaluations and max(last) - min(last) <= self.tolerance


class Threshold(StoppingChoice):
    """Threshold: stop when the metric has reached a given value."""

    kind: Literal["threshold"] = "threshold"
    target: Annotated[NonNegative, Field(description="Stops when the loss is this low, or accuracy or F1 this high.")] = 0.1

    def stops(self, watch: Watch) -> bool:
        """Whether the last value reaches the target."""
        return bool(watch.recent) and watch.recent[-1] <= DIRECTIONS[self.metric] * self.target


class Rise(StoppingChoice):
    """Rise: stop when the metric has got worse in several evaluations in a row.

    Source: the UP criterion of Prechelt 1998.
    """

    kind: Literal["rise"] = "rise"
    evaluations: Annotated[Evaluations, Field(description="Number of evaluations in a row that are worse than the one before.")] = 3

    def stops(self, watch: Watch) -> bool:
        """Whether each of the last `evaluations` values is worse than the one before it."""
        last = watch.recent[-self.evaluations - 1 :]
        return len(last) > self.evaluations and all(after > before for before, after in pairwise(last))


class MeanChange(StoppingChoice):
    """Mean change: stop when the mean gain per evaluation, over the last evaluations, is below the tolerance."""

    kind: Literal["mean_change"] = "mean_change"
    evaluations: Annotated[Evaluations, Field(description="Number of evaluations to look back.")] = 5
    tolerance: Annotated[NonNegative, Field(description="Smallest mean gain per evaluation with which the run goes on.")] = 1e-3

    def stops(self, watch: Watch) -> bool:
        """Whether (first value - last value) / evaluations is below `tolerance`."""
        last = watch.recent[-self.evaluations - 1 :]
        return len(last) > self.evaluations and (last[0] - last[-1]) / self.evaluations < self.tolerance


Stopping = Annotated[NoStopping | Patience | NoChange | Threshold | Rise | MeanChange, Field(discriminator="kind"), ByKind]
