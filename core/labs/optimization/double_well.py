"""A double well: full-batch gradient descent stays in the shallow well where it starts, and the noise of small batches can move it out.

The loss of example i is f(w) + noise * xi_i * w, with xi_i of mean 0 over all examples, so that the full gradient is that of

    f(w) = (w^2 - 1)^2 / 4 - tilt * w

whose wells lie near -1 (shallow) and +1 (deep). A batch's gradient is f'(w) + noise * (mean of xi over the batch), with standard deviation
noise / sqrt(batch). NumPy, all seeds at once; a seed determines the batches (drawn with replacement), and the examples are always the same.

Shapes: S seeds, T updates, N examples, B of a batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame
from pydantic import Field

from core.choices.base import Choice, LearningRate

Floats = NDArray[np.float64]
BATCHES: tuple[int | Literal["full"], ...] = ("full", 64, 16, 4, 2, 1)


class Well(Choice):
    """The problem and the settings of the descent."""

    tilt: float = Field(0.1, ge=0, le=0.3, description="How much deeper the right well is. From 0.385 on there is only one well.")
    noise: float = Field(4.0, ge=0, le=20, description="Standard deviation of the examples' gradients around their mean.")
    examples: int = Field(256, ge=2, le=4096, description="Number of examples.")
    start: float = Field(-1.05, ge=-2, le=2, description="Start of the descent, by default in the shallow well.")
    lr: LearningRate = 0.1
    schedule: Literal["linear", "constant"] = Field("linear", description="Whether the rate falls linearly to 0, or stays constant.")
    updates: int = Field(2000, ge=1, le=20_000, description="Updates of each descent.")


class Descents(NamedTuple):
    """table: batch, seed, end (w after the last update), left (whether the end is beyond the ridge). ridge, shallow, deep: zeros of f'."""

    table: DataFrame
    ridge: float
    shallow: float
    deep: float


def slope(well: Well, w: float | Floats) -> float | Floats:
    """f' at w, f as above."""
    return w**3 - w - well.tilt


def landmarks(well: Well) -> tuple[float, float, float]:
    """The zeros of f': the shallow well, the ridge between the two, the deep well."""
    shallow, ridge, deep = sorted(np.roots([1, 0, -1, -well.tilt]).real)
    return float(shallow), float(ridge), float(deep)


def paths(well: Well, batch: int | Literal["full"], seeds: Sequence[int]) -> Floats:
    """w after each update, beginning with the start: (S, T + 1)."""
    xi_ST = _mean_xi(well, batch, seeds)
    w_ST = np.empty((len(seeds), well.updates + 1))
    w_ST[:, 0] = well.start
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(well.updates):
            rate = well.lr * (1 - t / well.updates if well.schedule == "linear" else 1)
            w_ST[:, t + 1] = w_ST[:, t] - rate * (slope(well, w_ST[:, t]) + well.noise * xi_ST[:, t])
    return w_ST


def descend(well: Well | None = None, batches: Sequence[int | Literal["full"]] = BATCHES, seeds: Sequence[int] = range(200)) -> Descents:
    """Descents for each batch size and seed; by default 1,200 of them, in about a second."""
    well = well or Well()
    shallow, ridge, deep = landmarks(well)
    parts = []
    for batch in batches:
        ends = paths(well, batch, seeds)[:, -1]
        parts += [{"batch": str(batch), "seed": seed, "end": end, "left": bool(end > ridge)} for seed, end in zip(seeds, ends, strict=True)]
    return Descents(DataFrame(parts), ridge, shallow, deep)


def ends(seeds: int, batches: Sequence[int | Literal["full"]] = BATCHES) -> DataFrame:
    """The ends of the descents of the seeds 0, 1, ..., by default settings: batch, seed, end, left."""
    return descend(None, batches, range(seeds)).table


def xi(well: Well) -> Floats:
    """The examples' deviations (N,), of mean 0 and mean square 1."""
    drawn = np.random.default_rng(0).standard_normal(well.examples)
    return (drawn - drawn.mean()) / drawn.std()


def draws(well: Well, batch: int, seed: int) -> NDArray[np.int64]:
    """The examples of each update's batch (T, B), which depend only on the seed."""
    return np.random.default_rng(seed).integers(well.examples, size=(well.updates, batch))


def _mean_xi(well: Well, batch: int | Literal["full"], seeds: Sequence[int]) -> Floats:
    if batch == "full":
        return np.zeros((len(seeds), well.updates))
    xi_N = xi(well)
    return np.stack([xi_N[draws(well, batch, seed)].mean(1) for seed in seeds])
