"""What a network predicted at the end of its run, as bytes: examples, targets and outputs. Needs no torch.

Shapes: N kept examples (each position of an example counts as one), C classes.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST = 20_000
"""The most numbers kept for each run: examples times classes. Of a larger part a random sample is kept, the same for every run of a split
seed.
"""


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predictions on one part of the data.

    part: "test", or "validation" if there is no test part.
    size: number of examples (or positions) in that part; N of them are kept.
    example: (N,) their indices in the part.
    target: (N,) class numbers, or targets in their own unit.
    output: (N, C) float32 probabilities, or (N,) float64 in the target's unit.
    class_names: names of the C classes; empty for a regression.
    """

    part: str
    size: int
    example: NDArray[np.int32]
    target: NDArray[np.int16] | NDArray[np.float64]
    output: NDArray[np.float32] | NDArray[np.float64]
    class_names: tuple[str, ...]

    def to_bytes(self) -> bytes:
        """The predictions in NumPy's npz format; equal predictions give equal bytes.

        The file is not compressed: probabilities hardly shrink, and compressing takes as long as an epoch of training.
        """
        stream = io.BytesIO()
        names = np.array(self.class_names, dtype=np.str_)
        example = self.example if len(self.example) < self.size else self.example[:0]  # if all are kept, their indices are not stored
        np.savez(stream, part=self.part, size=self.size, class_names=names, example=example, target=self.target, output=self.output)
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Predictions:
        """The predictions whose bytes `to_bytes` made; nothing is unpickled."""
        with np.load(io.BytesIO(data), allow_pickle=False) as held:
            names = tuple(map(str, held["class_names"]))
            target, size = held["target"], int(held["size"])
            example = np.arange(size, dtype=np.int32) if len(target) == size else held["example"]
            return cls(str(held["part"]), size, example, target, held["output"], names)


def kept_examples(count: int, numbers: int, seed: int) -> NDArray[np.int64]:
    """Which of `count` examples are kept, in order, if each takes `numbers` numbers: all, or a random sample as large as MOST allows."""
    most = max(MOST // numbers, 1)
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).permutation(count)[:most])
