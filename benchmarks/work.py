"""The measured work: a number of runs with the same settings and different seeds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import core


@dataclass(frozen=True)
class Work:
    """`runs` networks on the digits' training part: an MLP with two hidden layers, Adam at 1e-3, examples reshuffled in each epoch."""

    hidden: tuple[int, int]
    batch_size: int
    runs: int
    epochs: int

    @property
    def title(self) -> str:
        """Returns the work in one line."""
        hidden = "-".join(map(str, self.hidden))
        return f"digits, MLP {hidden}, Adam, batch {self.batch_size}, {self.epochs} epochs, {self.runs} runs"

    def comparison(self, evaluate_every: int | None = None) -> core.Comparison:
        """Returns the same work as a comparison, measured after each epoch or every `evaluate_every` updates."""
        training = {"batch_size": self.batch_size, "epochs": self.epochs, "evaluate_every": evaluate_every}
        base = {"model": {"kind": "mlp", "hidden": list(self.hidden)}, "optimizer": {"kind": "adam"}, "training": training}
        return core.Comparison(base=core.RunSettings.model_validate(base), seeds=self.runs)

    @cached_property
    def data(self) -> core.Split:
        """Returns the arrays that our own runs train on, so that every contestant trains on the same data."""
        return core.load_data(self.comparison().base.data)
