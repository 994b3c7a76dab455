"""The work that is timed: a number of runs of one setting, differing in the seed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import core


@dataclass(frozen=True)
class Work:
    """`runs` networks on the digits' training part: an MLP of two hidden layers, Adam at 1e-3, examples reshuffled each epoch."""

    hidden: tuple[int, int]
    batch_size: int
    runs: int
    epochs: int

    @property
    def title(self) -> str:
        """What is trained, in a line."""
        hidden = "-".join(map(str, self.hidden))
        return f"digits, MLP {hidden}, Adam, batch {self.batch_size}, {self.epochs} epochs, {self.runs} runs"

    def comparison(self, evaluate_every: int | None = None) -> core.Comparison:
        """The same work as a comparison; measured after each epoch, or every so many updates."""
        training = {"batch_size": self.batch_size, "epochs": self.epochs, "evaluate_every": evaluate_every}
        base = {"model": {"kind": "mlp", "hidden": list(self.hidden)}, "optimizer": {"kind": "adam"}, "training": training}
        return core.Comparison(base=core.RunSettings.model_validate(base), seeds=self.runs)

    @cached_property
    def data(self) -> core.Split:
        """The arrays that our own runs train on, so that every contestant trains on the same."""
        return core.load_data(self.comparison().base.data)
