"""The data sets: what a network is trained, validated and tested on.

A class is the settings of a data set beside where its examples come from (`examples`); `core.choices.loading.load_data` splits
and encodes them. Adding one is a class here and its name in the union at the end.
"""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import AfterValidator, Field, JsonValue, model_validator

from core.choices.base import ByKind, Choice, Fraction, Seed

if TYPE_CHECKING:
    from core.choices.datasets.examples import Examples, Task

ADVANCED: dict[str, JsonValue] = {"advanced": True}
SHA256 = r"^[0-9a-f]{64}$"
SPIRAL_TURNS = 1.5
SPIRAL_START = 0.05  # of the radius: at the very centre the arms meet, and no network could tell them apart


class DataChoice(Choice):
    """What every data set shares: how it is split, scaled and spoiled.

    Three disjoint parts: training; validation, watched while training; test, used once, at the end of a run. All that is
    fitted on data (scaling, categories) is fitted on the training part.
    """

    kind: str  # narrowed by each data set to its own
    validation_fraction: Fraction = Field(0.2, description="Share of the examples held out to watch the training. 0: none.")
    test_fraction: Fraction = Field(0.2, description="Share of the examples held out to the end of a run. 0: none.")
    label_noise: Fraction = Field(
        0.0,
        description="Share of the training labels replaced by another class; for regression, the standard deviation of the noise "
        "added to the training targets, in units of theirs. Validation and test stay clean.",
    )
    scale: Literal["standard", "minmax", "none"] = Field(
        "standard",
        description="standard: mean 0 and standard deviation 1 on the training part; minmax: from 0 to 1 there. "
        "Targets of a regression are standardised too, unless none.",
    )
    split_seed: Seed = Field(0, description="Which examples go to which part. The same for all runs.", json_schema_extra=ADVANCED)

    task: ClassVar[Task]  # a table has a field of that name instead, since only its target tells
    dimensions: ClassVar[int | None] = None  # features of an example once encoded; None: only the data themselves tell
    source: ClassVar[str] = ""
    authors_split: ClassVar[bool] = False  # the authors set a test set apart, which stays it: test_fraction is not used

    @model_validator(mode="after")
    def _leaves_something_to_train_on(self) -> DataChoice:
        test = 0.0 if self.authors_split else self.test_fraction
        if self.validation_fraction + test >= 1:
            raise ValueError(
                f"validation_fraction {self.validation_fraction:g} and test_fraction {self.test_fraction:g} leave nothing to train on. "
                "Choose two whose sum is below 1."
            )
        return self

    def identity(self) -> dict[str, Any]:
        """As every choice's, without what this data set does not use."""
        unused = {"test_fraction"} if self.authors_split else set()
        return {name: value for name, value in super().identity().items() if name not in unused}

    @property
    def size(self) -> int | None:
        """How many examples there are in all three parts; None when only the data themselves tell."""
        return None

    @abstractmethod
    def examples(self) -> Examples:
        """Load or make the examples. Raises DataError when they cannot be."""


class BundledData(DataChoice):
    """A real data set that comes with scikit-learn, which calls it by our `kind`."""

    rows: ClassVar[int]
    task: ClassVar[Task] = "classification"

    @property
    def size(self) -> int:
        return self.rows

    def examples(self) -> Examples:
        from sklearn import datasets

        from core.choices.datasets.examples import from_bunch

        return from_bunch(getattr(datasets, f"load_{self.kind}")())


class Digits(BundledData):
    """Handwritten digits: 1,797 pictures of 8 x 8 grey pixels, 10 classes.

    Source: Alpaydin & Kaynak 1998, UCI "Optical Recognition of Handwritten Digits" (its test part), by scikit-learn.
    """

    kind: Literal["digits"] = "digits"

    rows: ClassVar[int] = 1797
    dimensions: ClassVar[int | None] = 64
    source: ClassVar[str] = "https://archive.ics.uci.edu/dataset/80"


class BreastCancer(BundledData):
    """Breast cancer: 569 tumours by 30 measures of their cells, malignant or benign.

    Source: Street, Wolberg & Mangasarian 1993, UCI "Breast Cancer Wisconsin (Diagnostic)", by scikit-learn.
    """

    kind: Literal["breast_cancer"] = "breast_cancer"

    rows: ClassVar[int] = 569
    dimensions: ClassVar[int | None] = 30
    source: ClassVar[str] = "https://archive.ics.uci.edu/dataset/17"


class Wine(BundledData):
    """Wine: 178 wines by 13 chemical measures, from 3 growers.

    Source: Aeberhard & Forina 1991, UCI "Wine", by scikit-learn.
    """

    kind: Literal["wine"] = "wine"

    rows: ClassVar[int] = 178
    dimensions: ClassVar[int | None] = 13
    source: ClassVar[str] = "https://archive.ics.uci.edu/dataset/109"


class Iris(BundledData):
    """Iris: 150 flowers by 4 lengths and widths, of 3 species.

    Source: Fisher 1936, UCI "Iris", by scikit-learn.
    """

    kind: Literal["iris"] = "iris"

    rows: ClassVar[int] = 150
    dimensions: ClassVar[int | None] = 4
    source: ClassVar[str] = "https://archive.ics.uci.edu/dataset/53"


class Diabetes(BundledData):
    """Diabetes, a regression: 442 patients by 10 measures, and how far the disease went in a year.

    As measured: scikit-learn's own scaling of it is fitted on all patients, the test part's too.

    Source: Efron, Hastie, Johnstone & Tibshirani 2004, "Least Angle Regression", by scikit-learn.
    """

    kind: Literal["diabetes"] = "diabetes"

    rows: ClassVar[int] = 442
    task: ClassVar[Task] = "regression"
    dimensions: ClassVar[int | None] = 10
    source: ClassVar[str] = "https://www4.stat.ncsu.edu/~boos/var.select/diabetes.html"

    def examples(self) -> Examples:
        from sklearn.datasets import load_diabetes

        from core.choices.datasets.examples import measured

        bunch = load_diabetes(scaled=False)
        return measured(bunch.data, bunch.target, bunch.feature_names)


class MadeData(DataChoice):
    """Data made from a formula, as much as wanted; two features, so that the plane can be drawn."""

    samples: int = Field(1000, ge=20, le=100_000, description="How many examples to make, for all three parts together.")
    data_seed: Seed = Field(0, description="Which examples are made.", json_schema_extra=ADVANCED)

    task: ClassVar[Task] = "classification"
    dimensions: ClassVar[int | None] = 2

    @property
    def size(self) -> int:
        return self.samples


Noise = Annotated[float, Field(ge=0, le=10, description="Standard deviation of the noise on both features.")]
Classes = Annotated[int, Field(ge=2, le=10, description="How many classes.")]


class Moons(MadeData):
    """Two half moons in the plane, each reaching into the other.

    Source: scikit-learn's `make_moons`.
    """

    kind: Literal["moons"] = "moons"
    noise: Noise = 0.2

    source: ClassVar[str] = "https://scikit-learn.org/stable/modules/generated/sklearn.datasets.make_moons.html"

    def examples(self) -> Examples:
        from sklearn.datasets import make_moons

        from core.choices.datasets.examples import in_the_plane

        return in_the_plane(*make_moons(self.samples, noise=self.noise, random_state=self.data_seed))


class Circles(MadeData):
    """A circle around another of half its radius, in the plane.

    Source: scikit-learn's `make_circles`.
    """

    kind: Literal["circles"] = "circles"
    noise: Noise = 0.1

    source: ClassVar[str] = "https://scikit-learn.org/stable/modules/generated/sklearn.datasets.make_circles.html"

    def examples(self) -> Examples:
        from sklearn.datasets import make_circles

        from core.choices.datasets.examples import in_the_plane

        return in_the_plane(*make_circles(self.samples, noise=self.noise, factor=0.5, random_state=self.data_seed))


class Spirals(MadeData):
    """Spiral arms in the plane, wound around each other: hard for a network without enough layers.

    Arm k of K: radius t in [0.05, 1], angle 2 pi (1.5 t + k / K), plus the noise.

    Source: after the two spirals of Lang & Witbrock 1988, "Learning to Tell Two Spirals Apart".
    """

    kind: Literal["spirals"] = "spirals"
    noise: Noise = 0.03
    classes: Classes = 2

    source: ClassVar[str] = "Lang & Witbrock 1988"

    def examples(self) -> Examples:
        from core.choices.datasets.examples import in_the_plane

        generator = np.random.default_rng(self.data_seed)
        y = np.arange(self.samples) % self.classes
        radius = np.linspace(SPIRAL_START, 1, self.samples)
        angle = 2 * np.pi * (SPIRAL_TURNS * radius + y / self.classes)
        x = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
        return in_the_plane(x + self.noise * generator.standard_normal(x.shape), y)


class Xor(MadeData):
    """Four quarters of a square, opposite ones alike: no straight line parts them.

    Uniform on [-1, 1] x [-1, 1]; class 1 where the two features have different signs; then the noise.

    Source: Minsky & Papert 1969, "Perceptrons".
    """

    kind: Literal["xor"] = "xor"
    noise: Noise = 0.1

    source: ClassVar[str] = "Minsky & Papert 1969"

    def examples(self) -> Examples:
        from core.choices.datasets.examples import in_the_plane

        generator = np.random.default_rng(self.data_seed)
        x = generator.uniform(-1, 1, size=(self.samples, 2))
        y = (x[:, 0] * x[:, 1] < 0).astype(np.int64)
        return in_the_plane(x + self.noise * generator.standard_normal(x.shape), y)


class Blobs(MadeData):
    """Round clouds in the plane, their centres evenly on a circle of radius 1.

    Source: scikit-learn's `make_blobs`.
    """

    kind: Literal["blobs"] = "blobs"
    noise: Noise = 0.3
    classes: Classes = 3

    source: ClassVar[str] = "https://scikit-learn.org/stable/modules/generated/sklearn.datasets.make_blobs.html"

    def examples(self) -> Examples:
        from sklearn.datasets import make_blobs

        from core.choices.datasets.examples import in_the_plane

        angle = 2 * np.pi * np.arange(self.classes) / self.classes
        centres = np.column_stack([np.cos(angle), np.sin(angle)])
        return in_the_plane(*make_blobs(self.samples, centers=centres, cluster_std=self.noise, random_state=self.data_seed))


class Mnist1d(DataChoice):
    """MNIST-1D: ten digits as noisy signals of 40 points, on which kinds of network differ as on pictures.

    Made anew by the authors' program with its default settings; nothing is downloaded. The last fifth is the authors' test set
    and stays the test set: `test_fraction` is not used, and `validation_fraction` is of the other four fifths.

    Source: Greydanus & Kobak 2020, "Scaling Down Deep Learning with MNIST-1D" (arXiv:2011.14439).
    """

    kind: Literal["mnist1d"] = "mnist1d"
    samples: int = Field(5000, ge=200, le=20_000, multiple_of=10, description="How many examples to make, a tenth of each digit.")
    data_seed: Seed = Field(42, description="Which examples are made; 42 makes the published ones.", json_schema_extra=ADVANCED)

    task: ClassVar[Task] = "classification"
    dimensions: ClassVar[int | None] = 40
    source: ClassVar[str] = "https://github.com/greydanus/mnist1d"
    authors_split: ClassVar[bool] = True

    @property
    def size(self) -> int:
        return self.samples

    def examples(self) -> Examples:
        from core.choices.datasets.mnist1d import make_mnist1d

        return make_mnist1d(self.samples, self.data_seed)


def _hash_of_the_file(values: Any) -> Any:
    """Fill in `sha256` from the file at `path`, where it is not given."""
    from core.choices.tables import hash_of

    if not isinstance(values, dict) or values.get("sha256"):
        return values
    if not isinstance(values.get("path"), str | Path) or not str(values["path"]):
        raise ValueError("A table needs the path of a CSV or Parquet file, or the sha256 of one that was uploaded.")
    path = str(values["path"])
    return {**values, "path": path, "sha256": hash_of(Path(path).expanduser())}


def _sorted(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


class Table(DataChoice):
    """Your own table: CSV or Parquet, a column to predict, and columns of numbers or categories to predict it from.

    The SHA-256 of the file's bytes says which data these are; the path only says where they may be found.
    A missing number becomes the training median and a `name=missing` flag, a missing category a category `missing`;
    rows whose target is missing are left out.
    """

    kind: Literal["table"] = "table"
    path: str = Field("", description="The CSV or Parquet file. Not needed for a table that was uploaded.")
    sha256: str = Field(pattern=SHA256, description="The SHA-256 of the file's bytes; found from path when not given.")
    target: str = Field(min_length=1, description="The column to predict.")
    task: Literal["auto", "classification", "regression"] = Field(  # type: ignore[assignment, misc]
        "auto", description="auto: regression for a target of more than 20 different numbers, or of any that is not whole."
    )
    drop: Annotated[tuple[str, ...], AfterValidator(_sorted)] = Field((), description="Columns to leave out, such as names and dates.")

    source: ClassVar[str] = "your own file"

    @model_validator(mode="before")
    @classmethod
    def _fill_in_the_hash(cls, values: Any) -> Any:
        return _hash_of_the_file(values)

    def identity(self) -> dict[str, Any]:
        """As every choice's, without `path`: the same bytes are the same data wherever they lie."""
        return {name: value for name, value in super().identity().items() if name != "path"}

    def examples(self) -> Examples:
        from core.choices.datasets.columns import examples_of
        from core.choices.datasets.examples import DataError
        from core.choices.tables import find_table, read_table

        try:
            return examples_of(read_table(find_table(self.sha256, self.path)), self.target, self.task, self.drop)
        except DataError as error:
            raise DataError(f"Table {self.path or self.sha256[:12] + '...'}: {error}") from error


Data = Annotated[
    Digits | BreastCancer | Wine | Iris | Diabetes | Moons | Circles | Spirals | Xor | Blobs | Mnist1d | Table,
    Field(discriminator="kind"),
    ByKind,
]
