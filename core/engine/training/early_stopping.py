"""The stopping rules of a stack, and the weights of each run's best evaluation. Shapes: R runs, P parameters of one network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple, replace
from typing import get_args

from torch import Tensor

from core.choices.stopping import NoStopping, Watch, Watched
from core.engine.measuring.scores import Scores
from core.engine.stack import BEST, BUFFERS, State
from core.settings import RunSettings


class EarlyStopping:
    """Shows each evaluation to the runs' stopping rules, and keeps the weights of the best evaluation if a run is to end with them.

    State entries: `stopping`, and under `best.` the parameters and buffers of the best evaluations.
    """

    def __init__(self, runs: Sequence[RunSettings], state: State) -> None:
        self.runs, self.state = runs, state
        self.watches = [Watch(*values) for values in state["stopping"]]

    def watch(self, val: Scores, rows: Sequence[int]) -> None:
        """Shows an evaluation of these runs to their stopping rules."""
        columns = {metric: getattr(val, metric.removeprefix("val_")).tolist() for metric in get_args(Watched)}
        for row in rows:
            rule = self.runs[row].stopping
            if not isinstance(rule, NoStopping):
                value = rule.value({name: values[row] for name, values in columns.items()})
                self.watches[row] = rule.update(self.watches[row], value)
        self._keep([row for row in rows if self.runs[row].stopping.restore_best and self.watches[row].waited == 0])

    def stops(self, row: int) -> bool:
        """Whether the rule of this run ends it now."""
        rule = self.runs[row].stopping
        return not isinstance(rule, NoStopping) and rule.stops(self.watches[row])

    def _keep(self, rows: list[int]) -> None:
        if not rows:
            return
        for name, now in self._weights().items():
            best = self.state.setdefault(BEST + name, now.clone())
            best[rows] = now[rows]

    def _weights(self) -> dict[str, Tensor]:
        """The current parameters and buffers."""
        return {name: value for name, value in self.state.items() if name == "parameters" or name.startswith(BUFFERS)}

    def forget(self, rows: Sequence[int]) -> None:
        """Forgets the best evaluation of runs that were just pruned: restoring weights from before would undo the pruning."""
        for row in rows:
            if self.runs[row].stopping.restore_best:
                self.watches[row] = replace(self.watches[row], best=math.inf, waited=0)

    def restore(self, rows: Sequence[int]) -> list[int]:
        """Gives these runs the weights of their best evaluation, if their rule asks for it and there is one. Returns the changed rows."""
        chosen = [row for row in rows if self.runs[row].stopping.restore_best and math.isfinite(self.watches[row].best)]
        if not chosen or f"{BEST}parameters" not in self.state:
            return []
        for name, now in self._weights().items():
            now[chosen] = self.state[BEST + name][chosen]
        return chosen

    def entries(self) -> State:
        """The state entries that this object keeps outside the state."""
        return {"stopping": tuple(map(astuple, self.watches))}
