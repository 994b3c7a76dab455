"""How long, in what batches and on which device a run trains."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from core.choices.base import Choice, Fraction, NonNegative, Seed

STREAM_SEEDS = ("init_seed", "order_seed", "dropout_seed", "noise_seed")
"""Fields of `Training` that give a source of randomness its own seed."""
Sampling = Literal["reshuffle", "shuffle_once", "in_order", "with_replacement"]
StreamSeed = Annotated[
    Seed | None,
    Field(
        description="Seed of this source of randomness, in place of the run's seed, so that it can be fixed or varied alone.",
        json_schema_extra={"advanced": True},
    ),
]


class Training(Choice):
    """Training: epochs, batches, noise, precision, device.

    With `examples`, everything in training refers to those examples only: updates, training loss and accuracy, class weights, and the
    constant prediction that decides whether a run diverged. Scaling and categories are still fitted on the whole training part.

    Sources: overfitting one batch Karpathy 2019, "A Recipe for Training Neural Networks"; mixup Zhang et al. 2018
    (arXiv:1710.09412); label smoothing Szegedy et al. 2016 (arXiv:1512.00567); gradient noise Neelakantan et al. 2015
    (arXiv:1511.06807), whose variance falls as (1 + t)^-0.55.
    """

    epochs: Annotated[int, Field(ge=1, le=100_000, description="Passes over the training data.", json_schema_extra={"unit": "epochs"})] = 20
    batch_size: Annotated[
        Annotated[int, Field(ge=1, le=1_000_000)] | Literal["full"],
        Field(description='Examples that an update averages over; "full" takes all.', json_schema_extra={"unit": "examples"}),
    ] = 64
    drop_last: Annotated[
        bool,
        Field(description="Leaves out the last batch of an epoch if it is smaller.", json_schema_extra={"advanced": True}),
    ] = False
    sampling: Annotated[
        Sampling,
        Field(
            description="The order of the examples: shuffled again in each epoch, shuffled once, in the order of the data, or drawn with "
            "replacement."
        ),
    ] = "reshuffle"
    examples: Annotated[
        Annotated[int, Field(ge=2, le=10_000_000)] | None,
        Field(
            description="Trains on this many examples only: the first ones of the training part after a shuffle by the split's seed, so "
            "that "
            "a smaller set is part of a larger one. With 2 to 32 the network can overfit one batch. Empty: all.",
            json_schema_extra={"unit": "examples", "advanced": True},
        ),
    ] = None
    labelled: Annotated[
        float,
        Field(
            gt=0,
            le=1,
            description="Share of the training examples whose labels may be used. The others are used only for distillation.",
            json_schema_extra={"advanced": True},
        ),
    ] = 1.0
    evaluate_every: Annotated[
        Annotated[int, Field(ge=1, le=10_000_000)] | None,
        Field(
            description="Updates between two evaluations. Empty: evaluates after each epoch.",
            json_schema_extra={"unit": "updates", "advanced": True},
        ),
    ] = None
    evaluate_train: Annotated[
        Literal["all", "sample", "none"],
        Field(
            description="Which training examples each evaluation uses for training loss and accuracy, activations and dead units: all, "
            "a sample that is the same for every run, or none. The logged loss and the validation data are always measured.",
            json_schema_extra={"advanced": True},
        ),
    ] = "all"
    evaluate_examples: Annotated[
        int,
        Field(
            ge=2,
            le=1_000_000,
            description="Size of the sample in evaluate_train.",
            json_schema_extra={"unit": "examples", "advanced": True},
        ),
    ] = 1000
    accumulation: Annotated[
        Annotated[int, Field(ge=1, le=10_000)],
        Field(description="Batches whose gradients are averaged into one update.", json_schema_extra={"unit": "batches", "advanced": True}),
    ] = 1
    label_smoothing: Annotated[
        Fraction,
        Field(
            description="Share of each label that is spread evenly over all classes.",
            json_schema_extra={"advanced": True, "regularizes": True},
        ),
    ] = 0.0
    mixup: Annotated[
        NonNegative,
        Field(
            description="Trains on mixtures of two examples and their labels, with shares drawn from Beta(a, a). 0: no mixup.",
            json_schema_extra={"advanced": True, "regularizes": True},
        ),
    ] = 0.0
    input_noise: Annotated[
        NonNegative,
        Field(
            description="Standard deviation of the noise added to the features in training.",
            json_schema_extra={"advanced": True, "regularizes": True},
        ),
    ] = 0.0
    gradient_noise: Annotated[
        NonNegative,
        Field(
            description="Standard deviation of the noise added to the gradient; it falls with the update t as (1 + t)^-0.275.",
            json_schema_extra={"advanced": True, "regularizes": True},
        ),
    ] = 0.0
    dtype: Annotated[
        Literal["float32", "float64"], Field(description="Precision of all arithmetic.", json_schema_extra={"advanced": True})
    ] = "float32"
    device: Annotated[
        Literal["auto", "cpu", "cuda"], Field(description="auto: a GPU if there is one.", json_schema_extra={"advanced": True})
    ] = "auto"
    init_seed: StreamSeed = None
    order_seed: StreamSeed = None
    dropout_seed: StreamSeed = None
    noise_seed: StreamSeed = None

    def identity(self) -> dict[str, Any]:
        """As for every choice, without the sample size if no sample is used."""
        unused = set() if self.evaluate_train == "sample" else {"evaluate_examples"}
        return {name: value for name, value in super().identity().items() if name not in unused}
