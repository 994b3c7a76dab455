"""Early stopping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from core.choices.base import ByKind, Choice, NonNegative


@dataclass(frozen=True)
class Watch:
    """What a stopping rule remembers: the best validation loss so far, and how many evaluations it is old."""

    best: float = float("inf")
    waited: int = 0


class NoStopping(Choice):
    """None: train to the last epoch."""

    kind: Literal["none"] = "none"


class Patience(Choice):
    """Patience: stop when the validation loss has not fallen by more than min_delta for so many evaluations.

    Source: Prechelt 1998, "Early stopping - but when?".
    """

    kind: Literal["patience"] = "patience"
    patience: Annotated[
        int,
        Field(ge=1, le=100_000, description="Evaluations without a new best before it stops.", json_schema_extra={"unit": "evaluations"}),
    ] = 5
    min_delta: Annotated[NonNegative, Field(description="A smaller gain than this does not count.")] = 0.0

    def update(self, watch: Watch, val_loss: float) -> Watch:
        """The watch after one more evaluation."""
        if val_loss < watch.best - self.min_delta:
            return Watch(val_loss, 0)
        return Watch(watch.best, watch.waited + 1)

    def stops(self, watch: Watch) -> bool:
        """Whether the run ends here."""
        return watch.waited >= self.patience


Stopping = Annotated[NoStopping | Patience, Field(discriminator="kind"), ByKind]
