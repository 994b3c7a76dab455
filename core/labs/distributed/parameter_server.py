"""Synchronous and asynchronous SGD on a parameter server: the clock is simulated, but the gradients are really computed.

A server keeps the weights; workers read them, need some seconds to compute the gradient of a batch, and send it back. Four rules:

    synchronous       the server waits for all workers, and steps along the mean of their gradients
    backup            it does not wait for the slowest few, whose gradients are dropped (Chen et al. 2016, arXiv:1604.00981)
    asynchronous      it steps along each gradient when it arrives; the worker reads the new weights and continues
    staleness_aware   the same, with the rate divided by the gradient's staleness (Zhang et al. 2015, arXiv:1511.05950)

The *staleness* of a gradient is the number of updates of the weights between reading them and applying the gradient. The n-th gradient that
is used belongs to the n-th batch, whichever worker computes it, so a single worker sees the same batches in the same order, without delay.

The network is that of `flat_network`, on the handwritten digits. A seed determines its initial weights, the batches and the workers' times.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
from pandas import DataFrame
from pydantic import Field, model_validator
from threadpoolctl import threadpool_limits

from core.choices.base import Choice, LearningRate
from core.data.loading import load_data
from core.data.sets.bundled import Digits
from core.labs.distributed import flat_network
from core.labs.distributed.flat_network import Floats, Sizes

Rule = Literal["synchronous", "backup", "asynchronous", "staleness_aware"]
Fate = Literal["used", "dropped", "lost"]

EVALUATED = 10
"""The loss on all training examples is measured each time after this many more used gradients."""

MOST_GRADIENTS = 20_000
"""The simulation ends after this many used gradients, which takes about five seconds of one core."""

Ended = Literal["time", "limit", "waiting"]


class Cluster(Choice):
    """The workers, the rule of the server, and when the simulation ends."""

    rule: Rule = Field("asynchronous", description="The rule that decides when the server steps.")
    workers: int = Field(8, ge=1, le=64, description="Number of workers, which all use the same data.")
    fastest: float = Field(0.8, gt=0, le=100, description="The shortest time for a gradient.", json_schema_extra={"unit": "s"})
    slowest: float = Field(1.2, gt=0, le=100, description="The longest time for a gradient.", json_schema_extra={"unit": "s"})
    straggler: float = Field(5.0, ge=1, le=100, description="Factor on the last worker's times; 1: there is no straggler.")
    dies_at: float | None = Field(
        None, ge=0, description="Time at which the first worker dies. Empty: never.", json_schema_extra={"unit": "s"}
    )
    backups: int = Field(1, ge=1, le=32, description="Number of workers that the rule “backup” does not wait for.")
    lr: LearningRate = 0.1
    batch_size: int = Field(16, ge=1, le=512, description="Examples for one gradient.")
    hidden: int = Field(32, ge=1, le=256, description="Number of hidden units of the network.")
    seconds: float = Field(
        100.0, gt=0, le=10_000, description="Simulated time at which the simulation ends.", json_schema_extra={"unit": "s"}
    )
    most_updates: int = Field(10_000, ge=1, le=20_000, description="Number of updates after which the simulation ends, if that is earlier.")

    @model_validator(mode="after")
    def _can_be(self) -> Cluster:
        if self.fastest > self.slowest:
            raise ValueError(f"fastest: {self.fastest:g} s is more than slowest, {self.slowest:g} s")
        if self.rule == "backup" and self.backups >= self.workers:
            raise ValueError(f"backups: {self.backups} of {self.workers} workers leave nobody to wait for")
        return self


class Simulation(NamedTuple):
    """The results of a simulation.

    curve: update, gradients (used so far), seconds, loss and accuracy on all training examples; from update 0 on.
    updates: update, seconds, worker (-1: several), staleness, rate, gradients (whose mean is applied). One row for each update.
    work: worker, begin, end (seconds), fate ("used", "dropped" by the server, or "lost" with its worker). One row for each ended gradient.
    under_way: worker, begin, end of the gradients that were being computed at the end; a dead worker's end is infinite.
    ended: why the simulation ended: "time", a "limit" of updates or gradients, or "waiting" for a dead worker.
    """

    curve: DataFrame
    updates: DataFrame
    work: DataFrame
    under_way: DataFrame
    ended: Ended


def simulate(cluster: Cluster, seed: int = 0) -> Simulation:
    """Runs the cluster; by default about 700 updates in about 0.3 seconds. Raises DataError as `load_data`."""
    with threadpool_limits(1, "blas"):  # matrices this small take several times as long on several threads
        server = _Server(cluster, seed)
        steps = _rounds if cluster.rule in ("synchronous", "backup") else _arrivals
        ended = steps(cluster, server, _Times(cluster, seed))
    updates, work = DataFrame(server.updates, columns=UPDATES), DataFrame(server.work, columns=WORK)
    return Simulation(DataFrame(server.curve), updates, work, DataFrame(server.under_way, columns=WORK[:3]), ended)


UPDATES = ["update", "seconds", "worker", "staleness", "rate", "gradients"]
WORK = ["worker", "begin", "end", "fate"]


def curves(clusters: Mapping[str, Mapping[str, Any]], seeds: int) -> DataFrame:
    """The curve of each cluster, given by its settings, for the seeds 0, 1, ...: cluster, seed, and the columns of a simulation's curve."""
    import pandas as pd

    frames = [
        simulate(Cluster.model_validate(settings), seed).curve.assign(cluster=name, seed=seed)
        for name, settings in clusters.items()
        for seed in range(seeds)
    ]
    return pd.concat(frames, ignore_index=True)


class _Times:
    """The time of each worker's next gradient, from a random stream of its own."""

    def __init__(self, cluster: Cluster, seed: int) -> None:
        self.cluster = cluster
        self.rngs = [np.random.default_rng([seed, 3, worker]) for worker in range(cluster.workers)]

    def end(self, worker: int, begin: float) -> float:
        """When a gradient that is begun at `begin` is ready; infinite if the worker dies before."""
        cluster = self.cluster
        slow = cluster.straggler if worker == cluster.workers - 1 and cluster.workers > 1 else 1.0
        end = begin + slow * self.rngs[worker].uniform(cluster.fastest, cluster.slowest)
        dies = cluster.dies_at if worker == 0 and cluster.dies_at is not None else math.inf
        return end if end <= dies else math.inf


class _Server:
    """The weights, the examples, and the records."""

    def __init__(self, cluster: Cluster, seed: int) -> None:
        split = load_data(Digits())
        self.cluster, self.x_ND, self.y_N = cluster, split.x_train, split.y_train.astype(np.int64)
        self.sizes = Sizes(self.x_ND.shape[1], cluster.hidden, split.outputs)
        self.w_P = flat_network.initial(self.sizes, np.random.default_rng([seed, 1]))
        self.batches = _batches(len(self.x_ND), cluster.batch_size, np.random.default_rng([seed, 2]))
        self.count, self.used = 0, 0
        self.curve: list[dict[str, float]] = []
        self.updates: list[tuple[float, ...]] = []
        self.work: list[tuple[Any, ...]] = []
        self.under_way: list[tuple[int, float, float]] = []
        self.measure(0.0)

    def gradient(self, w_P: Floats) -> Floats:
        """The gradient of the next batch, at the weights that a worker has read."""
        rows = next(self.batches)
        return flat_network.gradient(self.sizes, w_P, self.x_ND[rows], self.y_N[rows])

    def step(self, gradient_P: Floats, seconds: float, worker: int, staleness: int, gradients: int) -> None:
        """One update. It makes a new vector, so that the weights that workers have read do not change."""
        rate = self.cluster.lr / max(1, staleness) if self.cluster.rule == "staleness_aware" else self.cluster.lr
        with np.errstate(over="ignore", invalid="ignore"):
            self.w_P = self.w_P - rate * gradient_P
        before, self.used, self.count = self.used, self.used + gradients, self.count + 1
        self.updates.append((self.count, seconds, worker, staleness, rate, gradients))
        if self.used // EVALUATED > before // EVALUATED or self.full:
            self.measure(seconds)

    @property
    def full(self) -> bool:
        """Whether the limit of updates or gradients is reached."""
        return self.count >= self.cluster.most_updates or self.used >= MOST_GRADIENTS

    def measure(self, seconds: float) -> None:
        """Adds a point to the curve, unless this update has one already."""
        if not self.curve or self.curve[-1]["update"] < self.count:
            loss, accuracy = flat_network.evaluate(self.sizes, self.w_P, self.x_ND, self.y_N)
            self.curve.append({"update": self.count, "gradients": self.used, "seconds": seconds, "loss": loss, "accuracy": accuracy})

    def note(self, worker: int, begin: float, end: float, fate: Fate) -> None:
        """Records a worker's time for one gradient."""
        self.work.append((worker, begin, end, fate))


def _rounds(cluster: Cluster, server: _Server, times: _Times) -> Ended:
    """Synchronous: in each round all workers read the same weights, and the server waits for as many as the rule says."""
    needed = cluster.workers - (cluster.backups if cluster.rule == "backup" else 0)
    now = 0.0
    while not server.full:
        ends = sorted((times.end(worker, now), worker) for worker in range(cluster.workers))
        over = ends[needed - 1][0]
        if over > cluster.seconds:
            server.measure(now)
            server.under_way = [(worker, now, end) for end, worker in ends]
            return "waiting" if math.isinf(over) else "time"
        gradients = [server.gradient(server.w_P) for _ in range(needed)]
        server.step(np.mean(gradients, axis=0), over, -1 if needed > 1 else ends[0][1], 0, needed)
        for place, (end, worker) in enumerate(ends):
            fate: Fate = "used" if place < needed else "lost" if math.isinf(end) else "dropped"
            server.note(worker, now, min(end, over), fate)
        now = over
    return "limit"


def _arrivals(cluster: Cluster, server: _Server, times: _Times) -> Ended:
    """Asynchronous: a queue of the times at which gradients arrive."""
    queue = [(times.end(worker, 0.0), worker) for worker in range(cluster.workers)]
    heapq.heapify(queue)
    read = dict.fromkeys(range(cluster.workers), (server.w_P, 0, 0.0))
    now = 0.0
    while not server.full:
        end, worker = heapq.heappop(queue)
        if end > cluster.seconds:
            server.measure(now)
            server.under_way = [(other, read[other][2], until) for until, other in [(end, worker), *queue]]
            return "waiting" if math.isinf(end) else "time"
        w_P, version, begin = read[worker]
        now = end
        server.step(server.gradient(w_P), now, worker, server.count - version, 1)
        server.note(worker, begin, now, "used")
        read[worker] = (server.w_P, server.count, now)
        heapq.heappush(queue, (times.end(worker, now), worker))
    return "limit"


def _batches(examples: int, size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Endless batches of that size, reshuffled in each pass; the rest of a pass that is smaller than a batch is left out."""
    size = min(size, examples)
    while True:
        order = rng.permutation(examples)
        yield from (order[begin : begin + size] for begin in range(0, examples - size + 1, size))
