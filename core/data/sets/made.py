"""Data made from a formula or a program: points in the plane, clusters with a rare class, and MNIST-1D."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from core.choices.base import Seed
from core.data.sets.base import ADVANCED, DataChoice, MadeData

if TYPE_CHECKING:
    from core.data.examples import Examples, Task

SPIRAL_TURNS = 1.5
SPIRAL_START = 0.05  # share of the radius; in the exact centre the arms meet, and no network could tell them apart

Noise = Annotated[float, Field(ge=0, le=10, description="Standard deviation of the noise on both features.")]
Classes = Annotated[int, Field(ge=2, le=10, description="Number of classes.")]
FEWEST_RARE = 5  # so that a part of a fifth can contain one


class PlaneData(MadeData):
    """Examples with two features, so that the plane can be drawn."""

    task: ClassVar[Task] = "classification"
    known_classes: ClassVar[int | None] = 2
    example_shape: ClassVar[tuple[int, ...] | None] = (2,)


class Moons(PlaneData):
    """Two interleaved half moons in the plane.

    Source: scikit-learn's `make_moons`.
    """

    kind: Literal["moons"] = "moons"
    noise: Noise = 0.2

    source: ClassVar[str] = "https://scikit-learn.org/stable/modules/generated/sklearn.datasets.make_moons.html"

    def examples(self) -> Examples:
        from sklearn.datasets import make_moons

        from core.data.examples import in_the_plane

        return in_the_plane(*make_moons(self.samples, noise=self.noise, random_state=self.data_seed))


class Circles(PlaneData):
    """A circle around another circle of half its radius, in the plane.

    Source: scikit-learn's `make_circles`.
    """

    kind: Literal["circles"] = "circles"
    noise: Noise = 0.1

    source: ClassVar[str] = "https://scikit-learn.org/stable/modules/generated/sklearn.datasets.make_circles.html"

    def examples(self) -> Examples:
        from sklearn.datasets import make_circles

        from core.data.examples import in_the_plane

        return in_the_plane(*make_circles(self.samples, noise=self.noise, factor=0.5, random_state=self.data_seed))


class Spirals(PlaneData):
    """Spiral arms in the plane, wound around each other: hard for a network with too few layers.

    Arm k of K: radius t in [0.05, 1], angle 2 pi (1.5 t + k / K), plus the noise.

    Source: after the two spirals of Lang & Witbrock 1988, "Learning to Tell Two Spirals Apart".
    """

    kind: Literal["spirals"] = "spirals"
    noise: Noise = 0.03
    classes: Classes = 2

    source: ClassVar[str] = "Lang & Witbrock 1988"

    def examples(self) -> Examples:
        from core.data.examples import in_the_plane

        generator = np.random.default_rng(self.data_seed)
        y = np.arange(self.samples) % self.classes
        radius = np.linspace(SPIRAL_START, 1, self.samples)
        angle = 2 * np.pi * (SPIRAL_TURNS * radius + y / self.classes)
        x = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
        return in_the_plane(x + self.noise * generator.standard_normal(x.shape), y)


class Xor(PlaneData):
    """Four quarters of a square, in which opposite quarters have the same class: no straight line separates the classes.

    Uniform on [-1, 1] x [-1, 1]; class 1 if the two features have different signs; then the noise is added.

    Source: Minsky & Papert 1969, "Perceptrons".
    """

    kind: Literal["xor"] = "xor"
    noise: Noise = 0.1

    source: ClassVar[str] = "Minsky & Papert 1969"

    def examples(self) -> Examples:
        from core.data.examples import in_the_plane

        generator = np.random.default_rng(self.data_seed)
        x = generator.uniform(-1, 1, size=(self.samples, 2))
        y = (x[:, 0] * x[:, 1] < 0).astype(np.int64)
        return in_the_plane(x + self.noise * generator.standard_normal(x.shape), y)


class Blobs(PlaneData):
    """Round clusters in the plane, with centres evenly spaced on a circle of radius 1.

    Source: scikit-learn's `make_blobs`.
    """

    kind: Literal["blobs"] = "blobs"
    noise: Noise = 0.3
    classes: Classes = 3

    source: ClassVar[str] = "https://scikit-learn.org/stable/modules/generated/sklearn.datasets.make_blobs.html"

    def examples(self) -> Examples:
        from sklearn.datasets import make_blobs

        from core.data.examples import in_the_plane

        angle = 2 * np.pi * np.arange(self.classes) / self.classes
        centres = np.column_stack([np.cos(angle), np.sin(angle)])
        return in_the_plane(*make_blobs(self.samples, centers=centres, cluster_std=self.noise, random_state=self.data_seed))


class Imbalanced(MadeData):
    """Imbalanced classes: round clusters of which the last one is rare, so that accuracy alone says little.

    The centres are evenly spaced on a circle of radius 1 in the plane of the first two features; all further features are only noise.
    The last class has round(rare_share * samples) examples, and the other classes share the rest evenly.

    Source: our own, after the setting of He & Garcia 2009, "Learning from Imbalanced Data".
    """

    kind: Literal["imbalanced"] = "imbalanced"
    noise: Annotated[float, Field(ge=0, le=10, description="Standard deviation of the noise on every feature.")] = 0.6
    classes: Classes = 2
    rare_share: Annotated[float, Field(gt=0, le=0.5, description="Share of the examples in the rare class.")] = 0.05
    features: Annotated[int, Field(ge=2, le=100, description="Number of features; all but two are noise.")] = 2

    task: ClassVar[Task] = "classification"
    source: ClassVar[str] = "https://doi.org/10.1109/TKDE.2008.239"

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.features,)

    @property
    def rare(self) -> int:
        """Number of examples in the rare class."""
        return round(self.rare_share * self.samples)

    @model_validator(mode="after")
    def _is_rare_but_there(self) -> Imbalanced:
        if self.rare_share * self.classes > 1:
            raise ValueError(f"rare_share: {self.rare_share:g} is above an equal share of {self.classes} classes; lower it or `classes`.")
        if self.rare < FEWEST_RARE:
            raise ValueError(
                f"rare_share: {self.rare_share:g} of {self.samples} examples are {self.rare}, but {FEWEST_RARE} are needed, so that "
                "each part of the data can have one; raise it or `samples`."
            )
        return self

    def examples(self) -> Examples:
        from core.data.examples import labelled

        generator = np.random.default_rng(self.data_seed)
        common = np.arange(self.samples - self.rare) % (self.classes - 1)
        y = np.concatenate([common, np.full(self.rare, self.classes - 1)])
        x = self.noise * generator.standard_normal((self.samples, self.features))
        angle = 2 * np.pi * y / self.classes
        x[:, :2] += np.column_stack([np.cos(angle), np.sin(angle)])
        return labelled(x, y, [f"x{place}" for place in range(1, self.features + 1)], [str(index) for index in range(self.classes)])


class Mnist1d(DataChoice):
    """MNIST-1D: ten digits as noisy signals of 40 points, on which kinds of networks differ as they do on pictures.

    It is made by the authors' program with its default settings; nothing is downloaded. The last fifth is the authors' test set
    and stays the test set: `test_fraction` is not used, and `validation_fraction` refers to the other four fifths.

    Source: Greydanus & Kobak 2020, "Scaling Down Deep Learning with MNIST-1D" (arXiv:2011.14439).
    """

    kind: Literal["mnist1d"] = "mnist1d"
    samples: int = Field(5000, ge=200, le=20_000, multiple_of=10, description="Number of examples, a tenth of them for each digit.")
    data_seed: Seed = Field(42, description="Seed of the made examples; 42 makes the published ones.", json_schema_extra=ADVANCED)

    task: ClassVar[Task] = "classification"
    example_shape: ClassVar[tuple[int, ...] | None] = (1, 40)
    source: ClassVar[str] = "https://github.com/greydanus/mnist1d"
    known_classes: ClassVar[int | None] = 10
    authors_split: ClassVar[bool] = True

    @property
    def size(self) -> int:
        return self.samples

    @property
    def own_test(self) -> int:
        """The last fifth."""
        return self.samples // 5

    def examples(self) -> Examples:
        from core.data.sets.mnist1d import make_mnist1d

        return make_mnist1d(self.samples, self.data_seed)
