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
    target: NDArray[np.int32] | NDArray[np.float64]
    output: NDArray[np.float32] | NDArray[np.float64]
    class_names: tuple[str, ...]

    def to_bytes(self) -> bytes:
        """As NumPy's own format, compressed; the same predictions give the same bytes."""
        stream = io.BytesIO()
        names = np.array(self.class_names, dtype=np.str_)
        np.savez_compressed(
            stream, part=self.part, size=self.size, class_names=names, example=self.example, target=self.target, output=self.output
        )
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Predictions:
        """What `to_bytes` was called on; nothing is unpickled."""
        with np.load(io.BytesIO(data), allow_pickle=False) as held:
            names = tuple(map(str, held["class_names"]))
            return cls(str(held["part"]), int(held["size"]), held["example"], held["target"], held["output"], names)


def kept_examples(count: int, numbers: int, seed: int) -> NDArray[np.int64]:
    """Which of `count` examples are kept where each takes so many `numbers`: all, or as many as MOST allows, in order."""
    most = max(MOST // numbers, 1)
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).permutation(count)[:most])
