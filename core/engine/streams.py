"""Named streams of random numbers.

A stream is a function of the run's seed, its name and counters (epoch, step, layer). It never depends on the run's position in a stack
or on earlier draws. So a run draws the same numbers alone and stacked, uninterrupted and resumed, and variants with one seed share them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Literal, assert_never

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from core.settings import RunSettings

Stream = Literal["init", "order", "dropout", "noise"]


def stream_seed(run: RunSettings, stream: Stream) -> int:
    """The seed of one stream: the run's seed, unless the training settings give this stream its own."""
    own: int | None = getattr(run.training, f"{stream}_seed")
    return run.seed if own is None else own


def mixed(seed: int, stream: Stream, *counters: int) -> int:
    """A 63-bit number that is different for every seed, stream and counter."""
    text = repr((seed, stream, *counters)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little") >> 1


def generator(seed: int, stream: Stream, *counters: int) -> Generator:
    """A torch generator on the CPU, so that the numbers do not depend on the device that uses them."""
    return Generator().manual_seed(mixed(seed, stream, *counters))


def epoch_order(run: RunSettings, epoch: int, examples: int) -> NDArray[np.int64]:
    """The indices of the examples that one epoch (counted from 0) draws, in order: (examples,)."""
    sampling = run.training.sampling
    turn = 0 if sampling == "shuffle_once" else epoch
    rng = np.random.default_rng(mixed(stream_seed(run, "order"), "order", turn))
    match sampling:
        case "in_order":
            return np.arange(examples)
        case "reshuffle" | "shuffle_once":
            return rng.permutation(examples)
        case "with_replacement":
            return rng.integers(examples, size=examples)
        case _:
            assert_never(sampling)


def uniforms(seed: int, layer: int, step: int, shape: tuple[int, ...], *evaluated: int) -> Tensor:
    """Uniform numbers in [0, 1) for one dropout mask, float32 of `shape`; `evaluated` are the part and the batch of an evaluation."""
    return torch.rand(shape, generator=generator(seed, "dropout", layer, step, *evaluated))


class Draws:
    """Draws from one stream for all runs of a stack; runs with equal seeds share them."""

    def __init__(self, runs: Sequence[RunSettings], stream: Stream, like: Tensor) -> None:
        seeds = [stream_seed(run, stream) for run in runs]
        self.seeds = sorted(set(seeds))
        self.like = like
        self.place_R = torch.tensor([self.seeds.index(seed) for seed in seeds], device=like.device)

    def __call__(self, draw: Callable[[int], Tensor], rows: slice = slice(None)) -> Tensor:
        """`draw(seed)` of every run in `rows`, stacked: (R, ...)."""
        return torch.stack([draw(seed) for seed in self.seeds]).to(self.like)[self.place_R[rows]]
