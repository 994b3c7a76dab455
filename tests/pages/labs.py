"""Has the labs that pages ask for computed, as a runner would."""

from __future__ import annotations

import threading

from core.experiments.claims.claim import Lab
from core.runs import labs
from core.runs.computing.executors import InlineExecutor, Pool
from core.runs.runner import Runner
from core.runs.store import Store


def states(store: Store, wanted: dict[str, Lab]) -> list[str]:
    """How far each is."""
    keys = [lab.key for lab in wanted.values()]
    return [labs.standing(store, keys)[key].state for key in keys]


def compute(store: Store, wanted: dict[str, Lab]) -> None:
    """Computes all that was asked for, until none of `wanted` is on its way."""
    over = {"queued", "running"}
    Runner(store, Pool.around(InlineExecutor())).run(threading.Event(), until=lambda: not over & set(states(store, wanted)))
