"""Points that somebody has set in the plane by hand, as a text short enough for an address."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from core.data.sets.base import DataChoice, DataSeed
from core.data.sets.made import Noise

if TYPE_CHECKING:
    from core.data.examples import Examples, Task

ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits
"""A letter is a coordinate: 62 of them, evenly from -1 (A) to 1 (9)."""
FEWEST, MOST = 10, 500
"""Points of a class."""
SMILE = (
    "6e6i5m4p2s0vyyv0s2p4m5i6e6b6X5U4R2O0LyJvHsFpEmDiDeDbEXFUHRJOLLOJRHUFXEbDeDiDmEpFsHvJyL0O2R4U5X6beaebedeeegeiejel."
    "XpWrVtTtRtPrPpPnRmTlVmWnupurstqtotnrmpnnomqlsmunOZOYPXPWQURTSTTSURWQXQYPaPbOcOeOfOhOiOjPlPmQnQpRqSrTsTtUuWuXvYvZ"
)
"""A face: its outline and its nose against its eyes and its mouth."""


def read(text: str) -> list[list[tuple[float, float]]]:
    """The points of each class; two letters a point, a dot between the classes. Raises ValueError for what is no such text."""
    classes = text.split(".")
    if len(classes) != 2:
        raise ValueError("it takes the points of two classes, with one dot between them")
    return [_points(letters) for letters in classes]


def _points(letters: str) -> list[tuple[float, float]]:
    if unknown := sorted(set(letters) - set(ALPHABET)):
        raise ValueError(f"a point is two letters or digits, and {unknown[0]!r} is neither")
    if len(letters) % 2:
        raise ValueError("a point is two letters or digits, and one is left over")
    if not FEWEST <= len(letters) // 2 <= MOST:
        raise ValueError(f"a class has {len(letters) // 2} points, and it takes {FEWEST} to {MOST}")
    places = [2 * ALPHABET.index(letter) / (len(ALPHABET) - 1) - 1 for letter in letters]
    return list(zip(places[::2], places[1::2], strict=True))


class Drawn(DataChoice):
    """Points set in the plane by hand, of two classes.

    A point is two of the letters A to Z, a to z, 0 to 9: its x and its y, from -1 to 1. A dot stands between the classes.

    Source: our own, after Smilkov & Carter 2016, "A Neural Network Playground".
    """

    kind: Literal["drawn"] = "drawn"
    points: Annotated[str, Field(max_length=4 * MOST + 1, description="Two letters a point, a dot between the two classes.")] = SMILE
    noise: Noise = 0.0
    data_seed: DataSeed = 0

    task: ClassVar[Task] = "classification"
    known_classes: ClassVar[int | None] = 2
    example_shape: ClassVar[tuple[int, ...] | None] = (2,)
    source: ClassVar[str] = "https://playground.tensorflow.org"

    @field_validator("points")
    @classmethod
    def _are_points(cls, text: str) -> str:
        read(text)
        return text

    @property
    def size(self) -> int:
        return len(self.points) // 2

    def examples(self) -> Examples:
        from core.data.examples import in_the_plane

        classes = read(self.points)
        x = np.array([point for points in classes for point in points])
        y = np.repeat(np.arange(len(classes)), [len(points) for points in classes])
        return in_the_plane(x + self.noise * np.random.default_rng(self.data_seed).standard_normal(x.shape), y)
