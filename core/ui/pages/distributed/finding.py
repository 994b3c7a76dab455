"""What was simulated, in figures and in words: when each server reaches the target, which is first, and by what factor."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from core.analysis import intervals
from core.charts.labs.distributed import OTHERS, STRAGGLER
from core.experiments.claims.reading import UNBROKEN, times
from core.labs.distributed.watched import LOSS, STALENESS

GRID = 160
"""Moments of the simulated clock at which curves of several seeds are compared."""

MOST = 10
"""Times its first value: a loss above that has diverged, and would leave the others no room."""

BARRIER, BACKUP, ASYNCHRONOUS, AWARE = "synchronous", "backup workers", "asynchronous", "asynchronous, rate ÷ staleness"
NAMES = {BARRIER: "synchronous", BACKUP: "backup", ASYNCHRONOUS: "asynchronous", AWARE: "staleness_aware"}
"""What the servers are called on the page, and the rules of the lab."""
SAID = {
    BARRIER: "synchronous SGD",
    BACKUP: "SGD with backup workers",
    ASYNCHRONOUS: "asynchronous SGD",
    AWARE: "asynchronous SGD with its rate divided by the staleness",
}
STALE = (ASYNCHRONOUS, AWARE)


class Reached(NamedTuple):
    """When a server reaches the target: by seed (infinite: not at all), and the mean over the seeds; infinite where one does not."""

    by_seed: Series
    mean: float


def part(frame: DataFrame, name: str) -> DataFrame:
    """The rows of a part of a watched cluster, without the columns of others."""
    return frame[frame["part"] == name].dropna(axis=1, how="all")


def reached(frame: DataFrame, target: float) -> Reached:
    """When the loss was first measured at the target or below."""
    curve = part(frame, LOSS)
    found = curve[curve["loss"] <= target].groupby("seed")["seconds"].min().reindex(sorted(curve["seed"].unique()), fill_value=math.inf)
    return Reached(found, float(found.mean()))


def curve(frame: DataFrame, seconds: float) -> DataFrame:
    """seconds, mean, low, high, n: the loss over the clock. Between two measurements a seed has the value of the earlier one.

    The geometric mean and its interval, for the axis is logarithmic. Where a seed's loss is no longer finite, or the mean is `MOST` times
    what it was at first, there is no row.
    """
    clock = np.linspace(0, seconds, GRID)
    seeds = {}
    for seed, rows in part(frame, LOSS).groupby("seed"):
        place = np.searchsorted(rows["seconds"].to_numpy(), clock, side="right") - 1
        seeds[seed] = rows["loss"].to_numpy()[place]
    table = DataFrame(seeds, index=clock).dropna().map(np.log)
    estimates = [intervals.mean(row) for _, row in table.iterrows()]
    columns = {
        name: np.exp([getattr(found, end) for found in estimates]) for name, end in (("mean", "value"), ("low", "low"), ("high", "high"))
    }
    found = DataFrame({"seconds": table.index, **columns, "n": table.shape[1]})
    return found[found["mean"] <= MOST * found["mean"].iloc[0]]


def diverged(frame: DataFrame) -> bool:
    """Whether a seed's loss ends above where it began, or is no longer finite."""
    ends = part(frame, LOSS).groupby("seed")["loss"].agg(lambda losses: losses.iloc[-1] <= losses.iloc[0])
    return not bool(ends.all())


def headline(found: Mapping[str, Reached], target: float, seconds: float, why: Mapping[str, str] | None = None) -> str:
    """Which server reaches the target first, and how many times as long the others take. `why`: what keeps a server from it."""
    there = _in_order(found)
    absent = [name for name in found if name not in there]
    parts = []
    if there:
        first = there[0]
        others = "".join(f", {SAID[name]} after {_clock(found[name])}{_factor(found, first, name)}" for name in there[1:])
        parts.append(f"{_capital(SAID[first])} reaches a training loss of {target:g} after {_clock(found[first])}{others}.")
    for name in absent:
        reason = f": {why[name]}" if why and name in why else f" in {seconds:g} simulated seconds"
        some = " in every seed" if np.isfinite(found[name].by_seed).any() else ""
        parts.append(f"{_capital(SAID[name])} does not reach {f'a loss of {target:g}' if not there else 'it'}{some}{reason}.")
    return " ".join(parts)


def _in_order(found: Mapping[str, Reached]) -> list[str]:
    """Those that reach the target in every seed, the first one first."""
    return sorted((name for name in found if math.isfinite(found[name].mean)), key=lambda name: found[name].mean)


def _clock(reach: Reached) -> str:
    return f"{reach.mean:.0f}{UNBROKEN}s"


def _factor(found: Mapping[str, Reached], first: str, other: str) -> str:
    """How many times as long, where the order is certain."""
    ratio = intervals.ratio(found[other].by_seed, found[first].by_seed)
    return f" ({times(ratio.value)} as long)" if ratio.low > 1 else " (these two cannot be told apart)"


def small_print(found: Mapping[str, Reached]) -> str:
    """The interval of the factor between the first and the last that arrive."""
    there = _in_order(found)
    if len(there) < 2:
        return ""
    ratio = intervals.ratio(found[there[-1]].by_seed, found[there[0]].by_seed)
    return (
        f"{_capital(SAID[there[-1]])} takes {ratio.value:.2f} times the seconds of {SAID[there[0]]}, 95 % interval {ratio.low:.2f} to "
        f"{ratio.high:.2f}, paired over {ratio.n} seeds."
    )


def stale_shares(frame: DataFrame, workers: int, *, straggler: bool) -> DataFrame:
    """whose, staleness, share: of all gradients that were used."""
    rows = part(frame, STALENESS)
    whose = np.where((rows["worker"] == workers - 1) & straggler, STRAGGLER, OTHERS)
    counts = rows.assign(whose=whose).groupby(["whose", "staleness"], as_index=False)["count"].sum()
    return counts.assign(share=counts["count"] / counts["count"].sum())


def stale_sentence(shares: DataFrame) -> str:
    """The median staleness of the straggler's gradients, and of the others'."""
    medians = {str(whose): _median(rows) for whose, rows in shares.groupby("whose")}
    said = f"Half of the gradients are of weights that have had {medians.get(OTHERS, 0):.0f} updates or more since"
    return f"{said}; the straggler's: {medians[STRAGGLER]:.0f}." if STRAGGLER in medians else f"{said}."


def _median(rows: DataFrame) -> float:
    return float(np.median(np.repeat(rows["staleness"], rows["count"].astype(int))))


def waiting_share(work: DataFrame) -> float:
    """The share of the living workers' time in which they wait for others."""
    spent = work.assign(time=work["end"] - work["begin"]).groupby("state")["time"].sum()
    alive = spent.drop("dead", errors="ignore").sum()
    return float(spent.get("waits", 0.0) / alive) if alive else 0.0


def table(found: Mapping[str, Reached], frames: Mapping[str, DataFrame]) -> DataFrame:
    """A row a server: updates and gradients by the end, loss and accuracy then, seconds to the target. Means over seeds."""
    rows = []
    for name, frame in frames.items():
        last = part(frame, LOSS).groupby("seed").tail(1)
        end = {column: float(last[column].mean(skipna=False)) for column in ("update", "gradients", "loss", "accuracy") if column in last}
        to_target = found[name].mean if math.isfinite(found[name].mean) else math.nan
        rows.append({"server": name, **end, "seconds_to_target": to_target})
    return pd.DataFrame(rows)


def _capital(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"


def labelled(curves: Sequence[tuple[str, DataFrame]]) -> DataFrame:
    """The curves of several servers below each other, with the column `variant`."""
    return pd.concat([frame.assign(variant=name) for name, frame in curves], ignore_index=True)
