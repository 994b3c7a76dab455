"""Problems that each show one thing: linear teachers with known weights, and sequences with something to remember.

Shapes: N examples, D features, T steps of a sequence, K symbols to copy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, JsonValue, model_validator

from core.data.sets.base import SCALE, MadeData, MadeRegression, Scale

if TYPE_CHECKING:
    from core.data.examples import Examples, FloatArray, Task

OFTEN = 0.5  # probability that the most common Zipf feature is 1
SMALLEST_WEIGHT, LARGEST_WEIGHT = 0.5, 1.5

STEPS: dict[str, JsonValue] = {"unit": "steps"}
AsMade = Annotated[Scale, Field(description=f"{SCALE} none keeps the data as they are made; the known results refer to these.")]
TargetNoise = Annotated[float, Field(ge=0, le=100, description="Standard deviation of the noise added to the teacher's output.")]
SequenceSamples = Annotated[int, Field(ge=20, le=100_000, description="Number of sequences, for all three parts together.")]


def teacher_weights(generator: np.random.Generator, count: int) -> FloatArray:
    """Weights (count,) of a linear teacher: absolute values uniform on [0.5, 1.5], so that none is close to 0; both
    signs equally likely.
    """
    return generator.uniform(SMALLEST_WEIGHT, LARGEST_WEIGHT, count) * generator.choice([-1.0, 1.0], count)


class Zipf(MadeRegression):
    """Zipf features, a regression: sparse zeros and ones, where feature j is 1 in a share 0.5 / j^exponent of the examples.

    y = x . w + noise, with weights of the same size on rare and common features (0.5 to 1.5, either sign). The data are not scaled, so that
    rare features stay rare and zeros stay zeros; `Split.truth` is w.

    Source: Zipf 1935 for the frequencies; the setting is that of Duchi, Hazan & Singer 2011, "Adaptive Subgradient Methods".
    """

    kind: Literal["zipf"] = "zipf"
    samples: int = Field(2000, ge=20, le=100_000, description="Number of examples, for all three parts together.")
    scale: AsMade = "none"
    features: Annotated[int, Field(ge=2, le=1000, description="Number of features.")] = 100
    exponent: Annotated[
        float, Field(ge=0, le=4, description="How fast the features become rarer. 0: all are equally common; 1: as words in a text.")
    ] = 1.0
    noise: TargetNoise = 0.1

    task: ClassVar[Task] = "regression"
    source: ClassVar[str] = "https://jmlr.org/papers/v12/duchi11a.html"

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.features,)

    @property
    def frequencies(self) -> FloatArray:
        """The probability that each feature is 1: (D,), decreasing."""
        ranks = np.arange(1, self.features + 1, dtype=np.float64)
        return OFTEN / ranks**self.exponent

    def examples(self) -> Examples:
        from core.data.examples import measured

        generator = np.random.default_rng(self.data_seed)
        x = (generator.random((self.samples, self.features)) < self.frequencies).astype(np.float64)
        truth = teacher_weights(generator, self.features)
        y = x @ truth + self.noise * generator.standard_normal(self.samples)
        return measured(x, y, _numbered(self.features), truth)


class Informative(MadeRegression):
    """A few informative features, the first ones, among many useless features.

    x is normal; the teacher's weights are 0.5 to 1.5 with either sign on the informative features, and 0 on the others.
    regression: y = x . w + noise; classification: class 1 if that is above 0. `Split.truth` is w, in the units of the scaled data.

    Source: the setting of Tibshirani 1996, "Regression Shrinkage and Selection via the Lasso"; compare scikit-learn's `make_regression`.
    """

    kind: Literal["informative"] = "informative"
    features: Annotated[int, Field(ge=2, le=1000, description="Number of features.")] = 100
    informative: Annotated[int, Field(ge=1, le=1000, description="Number of informative features.")] = 10
    noise: TargetNoise = 0.5
    task: Annotated[  # type: ignore[misc]
        Literal["regression", "classification"], Field(description="Predict the teacher's output, or only whether it is above 0.")
    ] = "regression"

    known_classes: ClassVar[int | None] = 2
    source: ClassVar[str] = "https://doi.org/10.1111/j.2517-6161.1996.tb02080.x"

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.features,)

    @model_validator(mode="after")
    def _has_so_many(self) -> Informative:
        if self.informative > self.features:
            raise ValueError(f"informative: {self.informative} of {self.features} features is impossible; lower it or raise `features`.")
        return self

    def examples(self) -> Examples:
        from core.data.examples import labelled, measured

        generator = np.random.default_rng(self.data_seed)
        x = generator.standard_normal((self.samples, self.features))
        truth = np.zeros(self.features)
        truth[: self.informative] = teacher_weights(generator, self.informative)
        y = x @ truth + self.noise * generator.standard_normal(self.samples)
        names = _numbered(self.features)
        if self.task == "regression":
            return measured(x, y, names, truth)
        return labelled(x, (y > 0).astype(np.int64), names, ("0", "1"), truth=truth)


class Adding(MadeRegression):
    """The adding problem, a regression over sequences: remember two marked numbers, and predict their sum at the end.

    A step has two features: a value, uniform on [0, 1], and a marker, which is 1 at one step of the first half and at one step of the
    second half, else 0. The target is the sum of the two marked values. Without scaling (`scale` none), always predicting 1 has a squared
    error of 1/6 = 0.167; a network below that has learned what the markers mean.

    Source: Hochreiter & Schmidhuber 1997, "Long Short-Term Memory", in the form of Arjovsky, Shah & Bengio 2016 (arXiv:1511.06464).
    """

    kind: Literal["adding"] = "adding"
    samples: SequenceSamples = 5000
    scale: AsMade = "none"
    steps: Annotated[int, Field(ge=2, le=1000, description="Length of a sequence.", json_schema_extra=STEPS)] = 50

    task: ClassVar[Task] = "regression"
    sequence: ClassVar[bool] = True
    source: ClassVar[str] = "https://arxiv.org/abs/1511.06464"

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.steps, 2)

    def examples(self) -> Examples:
        from core.data.examples import measured

        generator = np.random.default_rng(self.data_seed)
        half, rows = self.steps // 2, np.arange(self.samples)
        x = np.zeros((self.samples, self.steps, 2))
        x[:, :, 0] = generator.random((self.samples, self.steps))
        x[rows, generator.integers(0, half, self.samples), 1] = 1
        x[rows, generator.integers(half, self.steps, self.samples), 1] = 1
        names = [f"{name}{step}" for step in range(1, self.steps + 1) for name in ("value", "marker")]
        return measured(x.reshape(self.samples, -1), x.prod(axis=2).sum(axis=1), names)


class Copy(MadeData):
    """The copy task, over sequences: remember some symbols through a delay, and repeat them in order at the end.

    A step is one of the symbols, or blank, or "go", as one-hot features: `length` symbols, uniform and independent, then blanks for
    `delay` steps of which the last is "go", then `length` blanks. The targets are the `length` symbols, one class for each position.
    A network without memory has a loss of ln(symbols) and an accuracy of 1/symbols.

    Source: Hochreiter & Schmidhuber 1997, in the form of Arjovsky, Shah & Bengio 2016 (arXiv:1511.06464).
    """

    kind: Literal["copy"] = "copy"
    samples: SequenceSamples = 5000
    scale: AsMade = "none"
    symbols: Annotated[int, Field(ge=2, le=20, description="Number of different symbols.")] = 8
    length: Annotated[int, Field(ge=1, le=50, description="Number of symbols to remember.", json_schema_extra=STEPS)] = 5
    delay: Annotated[
        int, Field(ge=1, le=1000, description="Steps from the last symbol to the sign that asks for them.", json_schema_extra=STEPS)
    ] = 20

    task: ClassVar[Task] = "classification"
    sequence: ClassVar[bool] = True
    source: ClassVar[str] = "https://arxiv.org/abs/1511.06464"

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.delay + 2 * self.length, self.symbols + 2)

    @property
    def targets(self) -> int:
        return self.length

    @property
    def classes(self) -> int:
        """The number of symbols: each one is a class."""
        return self.symbols

    def examples(self) -> Examples:
        from core.data.examples import labelled

        generator = np.random.default_rng(self.data_seed)
        (steps, tokens), blank, go = self.shape, self.symbols, self.symbols + 1
        y = generator.integers(0, self.symbols, (self.samples, self.length))
        said = np.full((self.samples, steps), blank)
        said[:, : self.length] = y
        said[:, self.length + self.delay - 1] = go
        words = [*(str(symbol) for symbol in range(self.symbols)), "blank", "go"]
        names = [f"t{step}={word}" for step in range(1, steps + 1) for word in words]
        return labelled(np.eye(tokens)[said].reshape(self.samples, -1), y, names, words[: self.symbols])


def _numbered(count: int) -> list[str]:
    return [f"x{place}" for place in range(1, count + 1)]
