"""What all data sets share: how they are split, scaled and spoiled, and what is known of them before they are loaded."""

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
"""Examples times features that are made at most: 80 MB as float64, of which loading takes a few copies."""

SCALE = (
    "standard: mean 0 and standard deviation 1 on the training part; minmax: from 0 to 1 there. "
    "Targets of a regression are standardised too, unless none."
)
NO_CENTRES = "goes by the distance from the centre of an example's own class, and in {kind} an example has no single class; use random."
DataSeed = Annotated[Seed, Field(description="Which examples are made.", json_schema_extra=ADVANCED)]


class DataChoice(Choice):
    """What every data set shares: how it is split, scaled and spoiled.

    Three disjoint parts: training; validation, watched while training; test, used once, at the end of a run. All that is
    fitted on data (scaling, categories) is fitted on the training part.
    """

    kind: str  # narrowed by each data set to its own
    validation_fraction: Fraction = Field(0.2, description="Share of the examples held out to watch the training. 0: none.")
    test_fraction: Fraction = Field(0.2, description="Share of the examples held out to the end of a run. 0: none.")
    validation_split: ValidationSplit = Field(
        "random",
        description="Which examples validate: drawn at random; or of each class those nearest to its centre (easier), or farthest from it "
        "(harder). Centres are means of the standardised features over the training and validation parts, never over the test part.",
        json_schema_extra=ADVANCED,
    )
    label_noise: Fraction = Field(
        0.0,
        description="Share of the training labels replaced by another class; for regression, the standard deviation of the noise "
        "added to the training targets, in units of theirs. Validation and test stay clean.",
    )
    scale: Scale = Field("standard", description=SCALE)
    split_seed: Seed = Field(0, description="Which examples go to which part. The same for all runs.", json_schema_extra=ADVANCED)

    task: ClassVar[Task]  # a field of that name instead, where the settings or the data decide
    example_shape: ClassVar[tuple[int, ...] | None] = None  # where it is the same whatever the settings; see `shape`
    sequence: ClassVar[bool] = False  # whether an example is a sequence: `shape` is (steps, features)
    source: ClassVar[str] = ""
    known_classes: ClassVar[int | None] = None  # where it is the same whatever the settings; see `outputs`
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

    @model_validator(mode="after")
    def _has_centres(self) -> DataChoice:
        """A table is asked when it is read: only then is known what it holds."""
        if self.validation_split == "random":
            return self
        if self.validation_fraction == 0:
            raise ValueError(f"validation_split: {self.validation_split} chooses the validation part, and validation_fraction is 0.")
        if self.task == "regression" or self.targets > 1:
            raise ValueError(f"validation_split: {self.validation_split} {NO_CENTRES.format(kind=self.kind)}")
        return self

    def identity(self) -> dict[str, Any]:
        """As every choice's, without what this data set does not use."""
        unused = {"test_fraction"} if self.authors_split else set()
        return {name: value for name, value in super().identity().items() if name not in unused}

    @property
    def size(self) -> int | None:
        """How many examples there are in all three parts; None when only the data themselves tell."""
        return None

    @property
    def own_test(self) -> int:
        """How many of them are the authors' test set."""
        return 0

    @property
    def parts(self) -> PartSizes | None:
        """How many train, validate and test; None when only the data themselves tell."""
        from core.data.splitting import part_sizes

        return None if self.size is None else part_sizes(self.size, self.own_test, self.validation_fraction, self.test_fraction)

    @property
    def outputs(self) -> int | None:
        """What a network puts out for each target: the classes, or 1 for a regression; None when only the data themselves tell."""
        return 1 if self.task == "regression" else getattr(self, "classes", self.known_classes)

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Shape of one example; None when only the data themselves tell.

        (features,); (channels, height, width) of a picture; (channels, length) of a signal; (steps, features) of a sequence.
        """
        return self.example_shape

    @property
    def dimensions(self) -> int | None:
        """Numbers in an example once encoded: the product of `shape`."""
        return None if self.shape is None else math.prod(self.shape)

    @property
    def outlier_share(self) -> float:
        """Share of the training targets that are made outliers."""
        return 0.0

    @property
    def targets(self) -> int:
        """What is to be predicted of one example: 1, or a class for each of so many positions."""
        return 1

    @abstractmethod
    def examples(self) -> Examples:
        """Load or make the examples. Raises DataError when they cannot be."""


class MadeData(DataChoice):
    """Data made from a formula, as much as wanted."""

    samples: int = Field(1000, ge=20, le=100_000, description="How many examples to make, for all three parts together.")
    data_seed: DataSeed = 0

    @property
    def size(self) -> int:
        return self.samples

    @model_validator(mode="after")
    def _fits_in_memory(self) -> MadeData:
        features = self.dimensions or 0
        if self.samples * features > MOST_NUMBERS:
            raise ValueError(
                f"samples: {self.samples:,} examples of {features:,} numbers each are more than the limit of {MOST_NUMBERS:,} numbers. "
                f"Choose {MOST_NUMBERS // features:,} examples or fewer, or smaller ones."
            )
        return self


OUTLIER = 10
"""How far an outlier is moved, in standard deviations of the training targets."""


class MadeRegression(MadeData):
    """Made data with targets of numbers, some of which can be made outliers."""

    outliers: Annotated[
        float,
        Field(
            ge=0,
            le=0.5,
            description=f"Share of the training targets moved by {OUTLIER} of their standard deviations, up or down with equal chance. "
            "Validation and test stay clean.",
        ),
    ] = 0.0

    @property
    def outlier_share(self) -> float:
        return self.outliers

    @model_validator(mode="after")
    def _has_numbers_to_move(self) -> MadeRegression:
        if self.outliers and self.task != "regression":
            raise ValueError(f"outliers: {self.outliers:g} moves targets that are numbers, and here they are classes; set it to 0")
        return self
