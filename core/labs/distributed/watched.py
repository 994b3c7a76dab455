"""A cluster in one frame that can be stored: the loss over the simulated clock, who computes and who waits, and the staleness.

Its rows have three kinds, given by `part`, and each part uses its own columns:

    loss        seed, seconds, update, gradients, loss, accuracy: the curve of each seed, thinned
    staleness   seed, worker, staleness, count: number of updates with gradients of that worker and staleness
    work        worker, begin, end, state: for the first seed, up to `shown` seconds. States: "computes", "wasted" (the gradient is dropped
                or lost with its worker), "waits" (for the others), "dead"
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from pandas import DataFrame

from core.labs.distributed.parameter_server import Cluster, Simulation, simulate

LOSS, STALENESS, WORK = "loss", "staleness", "work"
POINTS = 150
"""The most points of each seed's curve, evenly spread over its rows and including the last one."""


def watch(seeds: int, shown: float, **settings: Any) -> DataFrame:
    """The frame above for a cluster given by its settings, for the seeds 0, 1, ...; about 0.3 seconds per seed."""
    cluster = Cluster.model_validate(settings)
    frames = []
    for seed in range(seeds):
        found = simulate(cluster, seed)
        frames += [_thinned(found.curve).assign(part=LOSS, seed=seed), _staleness(found).assign(part=STALENESS, seed=seed)]
        if seed == 0:
            frames.append(work(found, cluster, shown).assign(part=WORK, seed=seed))
    return pd.concat([frame for frame in frames if len(frame)], ignore_index=True)


def _thinned(curve: DataFrame) -> DataFrame:
    places = np.unique(np.linspace(0, len(curve) - 1, POINTS).round().astype(int))
    shown = curve.iloc[places]
    return shown.assign(loss=shown["loss"].where(np.isfinite(shown["loss"]), math.nan))


def _staleness(found: Simulation) -> DataFrame:
    return found.updates.groupby(["worker", "staleness"], as_index=False).size().rename(columns={"size": "count"})


def work(found: Simulation, cluster: Cluster, shown: float) -> DataFrame:
    """worker, begin, end, state: what each worker does at every moment up to `shown` seconds, or to the end of the simulation."""
    rows = sorted(_stretches(found, cluster), key=lambda row: (row[0], row[1]))
    frame = DataFrame(rows, columns=["worker", "begin", "end", "state"])
    limit = min(shown, cluster.seconds)
    frame = frame[frame["begin"] < limit]
    return frame.assign(end=frame["end"].clip(upper=limit))[frame["end"] > frame["begin"]]


def _stretches(found: Simulation, cluster: Cluster) -> Iterator[tuple[int, float, float, str]]:
    """The recorded times of computing; the times between them are waiting, or death."""
    unfinished = found.under_way.assign(fate="used").to_dict("records")
    noted = [*found.work.to_dict("records"), *unfinished]
    for worker in range(cluster.workers):
        dies = cluster.dies_at if worker == 0 and cluster.dies_at is not None else math.inf
        reached = 0.0
        for row in sorted((row for row in noted if row["worker"] == worker), key=lambda row: float(row["begin"])):
            begin, end = float(row["begin"]), min(float(row["end"]), dies)
            wasted = row["fate"] != "used" or float(row["end"]) > dies
            yield worker, reached, min(begin, dies), "waits"
            yield worker, begin, end, "wasted" if wasted else "computes"
            reached = max(begin, end)
        yield worker, reached, min(cluster.seconds, dies), "waits"
        yield worker, dies, cluster.seconds, "dead"
