"""What a network predicted at the end of its run, as bytes: examples, targets and outputs. Needs no torch.

N kept examples (each position of an example counts as one, where there are several), C classes.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST = 20_000
"""Numbers that are kept of a run at most: examples times classes. Of more, the same examples of every run, drawn by the split's seed."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predictions on one part of the data.

    part: "test", or "validation" where there is no test part.
    size: examples (or positions) in that part; N of them are kept.
    example: (N,) their places in the part.
    target: (N,) class numbers, or the target in its own unit.
    output: (N, C) float32 probabilities, or (N,) float64 in the target's unit.
    class_names: of the C classes; empty for a regression.
    """

    part: str
    size: int
    example: NDArray[np.int32]
    target: NDArray[np.int16] | NDArray[np.float64]
    output: NDArray[np.float32] | NDArray[np.float64]
    class_names: tuple[str, ...]

    def to_bytes(self) -> bytes:
        """In NumPy's own format; the same predictions give the same bytes.

        Probabilities can hardly be compressed, and trying takes as long as an epoch of training.
        """
        stream = io.BytesIO()
        names = np.array(self.class_names, dtype=np.str_)
        example = self.example if len(self.example) < self.size else self.example[:0]  # all of them need not be listed
        np.savez(stream, part=self.part, size=self.size, class_names=names, example=example, target=self.target, output=self.output)
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Predictions:
        """What `to_bytes` was called on; nothing is unpickled."""
        with np.load(io.BytesIO(data), allow_pickle=False) as held:
            names = tuple(map(str, held["class_names"]))
            target, size = held["target"], int(held["size"])
            example = np.arange(size, dtype=np.int32) if len(target) == size else held["example"]
            return cls(str(held["part"]), size, example, target, held["output"], names)


def kept_examples(count: int, numbers: int, seed: int) -> NDArray[np.int64]:
    """Which of `count` examples are kept where each takes so many `numbers`: all, or as many as MOST allows, in order."""
    most = max(MOST // numbers, 1)
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).permutation(count)[:most])
