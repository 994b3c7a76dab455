"""What all data sets share: how they are split, scaled and changed, and what is known of them before they are loaded."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, JsonValue, model_validator

from core.choices.base import Choice, Fraction, Seed

if TYPE_CHECKING:
    from core.data.examples import Examples, Task
    from core.data.splitting import PartSizes

Scale = Literal["standard", "minmax", "none"]
ValidationSplit = Literal["random", "easier", "harder"]

ADVANCED: dict[str, JsonValue] = {"advanced": True}
MOST_NUMBERS = 10_000_000
"""The most numbers (examples times features) that are made: 80 MB as float64; loading needs a few copies."""

SCALE = (
    "standard: mean 0 and standard deviation 1 on the training part; minmax: from 0 to 1 on the training part. "
    "Targets of a regression are also standardised, unless scale is none."
)
NO_CENTRES = "uses the distance from the centre of an example's class, but in {kind} an example has no single class; use random."
DataSeed = Annotated[Seed, Field(description="Seed of the made examples.", json_schema_extra=ADVANCED)]


class DataChoice(Choice):
    """What every data set shares: how it is split, scaled and changed.

    There are three disjoint parts: training; validation, which is evaluated during training; test, which is used once, at the end of a run.
    Everything that is fitted on data (scaling, categories) is fitted on the training part.
    """

    kind: str  # each data set narrows it to its own kind
    validation_fraction: Fraction = Field(0.2, description="Share of the examples held out for evaluation during training. 0: none.")
    test_fraction: Fraction = Field(0.2, description="Share of the examples held out for the end of a run. 0: none.")
    validation_split: ValidationSplit = Field(
        "random",
        description="Which examples are used for validation: drawn at random; or in each class those nearest to its centre (easier), or "
        "farthest from it "
        "(harder). Centres are means of the standardised features over the training and validation parts, without the test part.",
        json_schema_extra=ADVANCED,
    )
    label_noise: Fraction = Field(
        0.0,
        description="Share of the training labels replaced by another class. For regression: standard deviation of the noise "
        "added to the training targets, in units of their standard deviation. Validation and test targets are not changed.",
    )
    scale: Scale = Field("standard", description=SCALE)
    split_seed: Seed = Field(0, description="Seed of the split into parts, which is the same for all runs.", json_schema_extra=ADVANCED)

    task: ClassVar[Task]  # a field in data sets whose settings or data decide the task
    example_shape: ClassVar[tuple[int, ...] | None] = None  # if it does not depend on the settings; see `shape`
    sequence: ClassVar[bool] = False  # whether an example is a sequence: `shape` is then (steps, features)
    source: ClassVar[str] = ""
    known_classes: ClassVar[int | None] = None  # if it does not depend on the settings; see `outputs`
    authors_split: ClassVar[bool] = False  # whether the authors provide a test set; then test_fraction is not used

    @model_validator(mode="after")
    def _leaves_something_to_train_on(self) -> DataChoice:
        test = 0.0 if self.authors_split else self.test_fraction
        if self.validation_fraction + test >= 1:
            raise ValueError(
                f"validation_fraction {self.validation_fraction:g} and test_fraction {self.test_fraction:g} leave nothing to train on. "
                "Choose two whose sum is below 1."
            )
        return self

    @model_validator(mode="after")
    def _has_centres(self) -> DataChoice:
        """A table is checked when it is read, because its task is known only then."""
        if self.validation_split == "random":
            return self
        if self.validation_fraction == 0:
            raise ValueError(f"validation_split: {self.validation_split} chooses the validation part, but validation_fraction is 0.")
        if self.task == "regression" or self.targets > 1:
            raise ValueError(f"validation_split: {self.validation_split} {NO_CENTRES.format(kind=self.kind)}")
        return self

    def identity(self) -> dict[str, Any]:
        """As for every choice, without settings that this data set does not use."""
        unused = {"test_fraction"} if self.authors_split else set()
        return {name: value for name, value in super().identity().items() if name not in unused}

    @property
    def size(self) -> int | None:
        """The number of examples in all three parts; None if only the data tell it."""
        return None

    @property
    def own_test(self) -> int:
        """The number of examples in the authors' test set."""
        return 0

    @property
    def parts(self) -> PartSizes | None:
        """The sizes of the three parts; None if only the data tell them."""
        from core.data.splitting import part_sizes

        return None if self.size is None else part_sizes(self.size, self.own_test, self.validation_fraction, self.test_fraction)

    @property
    def outputs(self) -> int | None:
        """Outputs of a network for each target: the number of classes, or 1 for a regression; None if only the data tell it."""
        return 1 if self.task == "regression" else getattr(self, "classes", self.known_classes)

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Shape of one example; None if only the data tell it.

        (features,); (channels, height, width) of a picture; (channels, length) of a signal; (steps, features) of a sequence.
        """
        return self.example_shape

    @property
    def dimensions(self) -> int | None:
        """Numbers in an encoded example: the product of `shape`."""
        return None if self.shape is None else math.prod(self.shape)

    @property
    def outlier_share(self) -> float:
        """Share of the training targets that become outliers."""
        return 0.0

    @property
    def targets(self) -> int:
        """Number of predictions for an example: 1, or one class for each of several positions."""
        return 1

    @abstractmethod
    def examples(self) -> Examples:
        """Loads or makes the examples. Raises DataError if that is not possible."""


class MadeData(DataChoice):
    """Data made from a formula, in any number."""

    samples: int = Field(1000, ge=20, le=100_000, description="Number of examples, for all three parts together.")
    data_seed: DataSeed = 0

    @property
    def size(self) -> int:
        return self.samples

    @model_validator(mode="after")
    def _fits_in_memory(self) -> MadeData:
        features = self.dimensions or 0
        if self.samples * features > MOST_NUMBERS:
            raise ValueError(
                f"samples: {self.samples:,} examples of {features:,} numbers each exceed the limit of {MOST_NUMBERS:,} numbers. "
                f"Choose {MOST_NUMBERS // features:,} examples or fewer, or smaller ones."
            )
        return self


OUTLIER = 10
"""How far an outlier is moved, in standard deviations of the training targets."""


class MadeRegression(MadeData):
    """Made data with numeric targets, some of which can become outliers."""

    outliers: Annotated[
        float,
        Field(
            ge=0,
            le=0.5,
            description=f"Share of the training targets moved by {OUTLIER} standard deviations, up or down with equal probability. "
            "Validation and test targets are not changed.",
        ),
    ] = 0.0

    @property
    def outlier_share(self) -> float:
        return self.outliers

    @model_validator(mode="after")
    def _has_numbers_to_move(self) -> MadeRegression:
        if self.outliers and self.task != "regression":
            raise ValueError(f"outliers: {self.outliers:g} moves numeric targets, but here the targets are classes; set it to 0")
        return self
