"""Stacks that were stored before their state was one dictionary (format 1), as the plain values of today's format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from core.engine.optimizer_states import OptimizerState, split
from core.engine.planning import grouped_rows
from core.engine.stack import BEST, BUFFERS, State, named
from core.settings import RunSettings

OF_TODAY = {
    "flat_RP": "parameters",
    "keep_RP": "mask",
    "norms_RN": "norms",
    "rewind_RP": "rewind",
    "movement_RP": "movement",
    "best_RP": f"{BEST}parameters",
    "logged_R3": "logged",
    "order_RED": "order",
    "watches": "stopping",
    "plateaus": "plateau",
}
"""A field of then -> the entry of today."""


def newer(plain: dict[str, Any], settings: Callable[[str], RunSettings]) -> dict[str, Any]:
    """The plain values of format 2 for those of format 1; `settings` reads the text of a run."""
    state: State = {today: plain[then] for then, today in OF_TODAY.items() if plain[then] is not None}
    state |= {"stopping": tuple(state["stopping"]), "plateau": tuple(state["plateau"]), "seconds": tuple(plain["seconds_R"].tolist())}
    state |= named(BUFFERS, plain["buffers"]) | named(BEST + BUFFERS, plain["best_buffers"])
    if plain["optimizers"]:
        state["optimizer"] = tuple(_by_run(plain["optimizers"], [settings(text) for text in plain["runs"]]))
    return {
        **{name: plain[name] for name in ("runs", "step", "measured")},
        "state": state,
        "teachers": [newer(teacher, settings) for teacher in plain["teachers"]],
        "teacher_outputs": plain["lessons"],
    }


def _by_run(by_group: dict[str, list[list[OptimizerState]]], runs: Sequence[RunSettings]) -> list[list[OptimizerState]]:
    """The optimizers' states, then held by group, run by run."""
    found: list[list[OptimizerState]] = []
    for states, (_, rows) in zip(by_group.values(), grouped_rows(runs), strict=True):  # in order: their keys hold an older version's
        count = rows.stop - rows.start
        if runs[rows.start].optimizer.elementwise:
            found += [list(of_run) for of_run in zip(*(split(state, count) for state in states[0]), strict=True)]
        else:
            found += states
    return found
