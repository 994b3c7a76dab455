"""How far the weights have moved, and whether successive updates agree.

To add a measure, add a function here and the name of its column in `records`.

Shapes: R runs, P parameters (of the network or of one layer).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from core.engine.records import MOVEMENTS
from core.engine.stack import State


@dataclass(frozen=True)
class Path:
    """Earlier parameters of R networks, or of one layer of each. NaN stands for a point that a run does not have."""

    now_RP: Tensor
    start_RP: Tensor
    evaluated_RP: Tensor  # at the previous evaluation
    after_RP: Tensor  # after the last update; differs from `now_RP` if an optimizer is evaluated at an average
    before_RP: Tensor
    earlier_RP: Tensor  # before the second-last update

    def of(self, columns: slice) -> Path:
        """The path of one layer."""
        return Path(**{name: value[:, columns] for name, value in vars(self).items()})


class Track:
    """Remembers earlier parameters of the runs in a stack's state.

    Entries: `start`, the parameters before the first update; `evaluated`, at the latest evaluation; `before`, before the last update, kept
    only if the next update is measured.
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self.earlier_RP: Tensor | None = None

    def step(self, *, keep: bool) -> None:
        """Called before each update. Pass `keep` if the update after this one will be measured."""
        self.earlier_RP = self.state.pop("before", None)
        if keep:
            self.state["before"] = self.state["parameters"].clone()

    def path(self, before_RP: Tensor | None, after_RP: Tensor) -> Path:
        """The path up to now; the last update went from `before_RP` to `after_RP`."""
        now_RP: Tensor = self.state["parameters"]
        nothing_RP = torch.full_like(now_RP, torch.nan)
        start_RP, evaluated_RP = (self.state.get(name, nothing_RP) for name in ("start", "evaluated"))
        before_RP, earlier_RP = (nothing_RP if given is None else given for given in (before_RP, self.earlier_RP))
        return Path(now_RP, start_RP, evaluated_RP, after_RP, before_RP, earlier_RP)

    def evaluated(self, rows: Sequence[int]) -> None:
        """Called after an evaluation of these runs: stores their current parameters."""
        now_RP: Tensor = self.state["parameters"]
        if "evaluated" not in self.state:
            self.state["evaluated"] = torch.full_like(now_RP, torch.nan)
        self.state["evaluated"][list(rows)] = now_RP[list(rows)]


def distance(path: Path) -> Tensor:
    """Euclidean norm of the parameters minus those before the first update."""
    return _norm(path.now_RP - path.start_RP)


def weight_change(path: Path) -> Tensor:
    """Euclidean norm of the change of the parameters since the previous evaluation; NaN at the first one."""
    return _norm(path.now_RP - path.evaluated_RP)


def update_cosine(path: Path) -> Tensor:
    """Cosine between the last update and the one before: 1 for a straight line, below 0 for a zigzag; NaN if one of them is missing."""
    last_RP, former_RP = (path.after_RP - path.before_RP).double(), (path.before_RP - path.earlier_RP).double()
    return (last_RP * former_RP).sum(1) / (_norm(last_RP) * _norm(former_RP))


def _norm(values_RP: Tensor) -> Tensor:
    return values_RP.double().norm(dim=1)


FUNCTIONS: dict[str, Callable[[Path], Tensor]] = {function.__name__: function for function in (distance, weight_change, update_cosine)}


@torch.no_grad()
def moved(path: Path) -> dict[str, list[float]]:
    """All measures of a path: column -> one value for each run."""
    return {name: FUNCTIONS[name](path).tolist() for name in MOVEMENTS}
