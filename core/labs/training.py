"""Training runs by the engine for labs that need only the trained networks; their measurements are not kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.labs.threads import one_thread
from core.settings import RunSettings

if TYPE_CHECKING:
    from torch import nn


def trained(runs: Sequence[RunSettings]) -> dict[str, nn.Module]:
    """Returns the trained networks, by the runs' keys."""
    from core.engine.advance import advance
    from core.engine.network.networks import trained_model
    from core.engine.planning import plan
    from core.engine.stack import begin

    by_key = {run.key: run for run in runs}
    found: dict[str, nn.Module] = {}
    with one_thread():
        for part in plan(runs):
            stack = begin(part)
            while not stack.finished:
                stack, records = advance(stack, part[0].training.epochs)
                found |= {row["run"]: trained_model(by_key[row["run"]], row["weights"]) for row in records.ended}
    return found
