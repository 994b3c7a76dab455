"""The results of the simulation in words: when each server reaches the target, which one is first, and by what factor."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from pandas import DataFrame

from core.analysis import intervals
from core.analysis.labs import distributed as analysis
from core.analysis.labs.distributed import OTHERS, STRAGGLER, Reached
from core.experiments.claims.reading import UNBROKEN, times
from core.experiments.labs.distributed import ASYNCHRONOUS, AWARE, BACKUP, BARRIER
from core.labs.distributed.watched import LOSS

SAID = {
    BARRIER: "synchronous SGD",
    BACKUP: "SGD with backup workers",
    ASYNCHRONOUS: "asynchronous SGD",
    AWARE: "asynchronous SGD with its rate divided by the staleness",
}
STALE = (ASYNCHRONOUS, AWARE)


def losses(frame: DataFrame) -> DataFrame:
    """The loss curves of a simulated cluster."""
    return analysis.part(frame, LOSS)


def reached(frames: Mapping[str, DataFrame], target: float) -> dict[str, Reached]:
    """When each server reaches the target."""
    return {name: analysis.reached(losses(frame), target) for name, frame in frames.items()}


def headline(found: Mapping[str, Reached], target: float, seconds: float, why: Mapping[str, str] | None = None) -> str:
    """Which server reaches the target first, and how many times as long the others take. `why`: the reason why a server does not reach
    it.
    """
    there = _in_order(found)
    absent = [name for name in found if name not in there]
    parts = []
    if there:
        first = there[0]
        others = "".join(f", {SAID[name]} after {_clock(found[name])}{_factor(found, first, name)}" for name in there[1:])
        parts.append(f"{capital(SAID[first])} reaches a training loss of {target:g} after {_clock(found[first])}{others}.")
    for name in absent:
        reason = f": {why[name]}" if why and name in why else f" in {seconds:g} simulated seconds"
        some = " in every seed" if np.isfinite(found[name].by_seed).any() else ""
        parts.append(f"{capital(SAID[name])} does not reach {f'a loss of {target:g}' if not there else 'it'}{some}{reason}.")
    return " ".join(parts)


def _in_order(found: Mapping[str, Reached]) -> list[str]:
    """The servers that reach the target in every seed, in order of their times."""
    return sorted((name for name in found if math.isfinite(found[name].mean)), key=lambda name: found[name].mean)


def _clock(reach: Reached) -> str:
    return f"{reach.mean:.0f}{UNBROKEN}s"


def _factor(found: Mapping[str, Reached], first: str, other: str) -> str:
    """How many times as long the other server takes, if the order is certain."""
    ratio = intervals.ratio(found[other].by_seed, found[first].by_seed)
    return f" ({times(ratio.value)} as long)" if ratio.low > 1 else " (these two cannot be told apart)"


def small_print(found: Mapping[str, Reached]) -> str:
    """The interval of the factor between the first and the last server that reach the target."""
    there = _in_order(found)
    if len(there) < 2:
        return ""
    ratio = intervals.ratio(found[there[-1]].by_seed, found[there[0]].by_seed)
    return (
        f"{capital(SAID[there[-1]])} takes {ratio.value:.2f} times the seconds of {SAID[there[0]]}, 95 % interval {ratio.low:.2f} to "
        f"{ratio.high:.2f}, paired over {ratio.n} seeds."
    )


def stale_sentence(shares: DataFrame) -> str:
    """The median staleness of the straggler's gradients, and of the others'."""
    medians = analysis.median_staleness(shares)
    said = f"Half of the gradients belong to weights that are at least {medians.get(OTHERS, 0):.0f} updates old"
    return f"{said}; for the straggler, {medians[STRAGGLER]:.0f}." if STRAGGLER in medians else f"{said}."


def capital(text: str) -> str:
    """The text with a capital letter."""
    return f"{text[0].upper()}{text[1:]}"
