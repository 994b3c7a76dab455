"""How long, in what batches and where a run trains."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from core.choices.base import Choice, Fraction, NonNegative, Seed

STREAM_SEEDS = ("init_seed", "order_seed", "dropout_seed", "noise_seed")
"""Fields of `Training` that give a source of randomness a seed of its own."""
Sampling = Literal["reshuffle", "shuffle_once", "in_order", "with_replacement"]
StreamSeed = Annotated[
    Seed | None,
    Field(
        description="Its own seed instead of the run's, so that this source alone is held or varied.", json_schema_extra={"advanced": True}
    ),
]


class Training(Choice):
    """Training: epochs, batches, noise, precision, device.

    With `examples` all that concerns training is of those alone: updates, training loss and accuracy, class weights, the constant
    prediction beside which a run is judged. Scaling and categories stay fitted on the whole training part.

    Sources: one batch to learn by heart Karpathy 2019, "A Recipe for Training Neural Networks"; mixup Zhang et al. 2018
    (arXiv:1710.09412); label smoothing Szegedy et al. 2016 (arXiv:1512.00567); gradient noise Neelakantan et al. 2015
    (arXiv:1511.06807), whose variance falls as (1 + t)^-0.55.
    """

    epochs: Annotated[int, Field(ge=1, le=100_000, description="Passes over the training data.", json_schema_extra={"unit": "epochs"})] = 20
    batch_size: Annotated[
        Annotated[int, Field(ge=1, le=1_000_000)] | Literal["full"],
        Field(description='Examples an update averages over; "full" takes all.', json_schema_extra={"unit": "examples"}),
    ] = 64
    drop_last: Annotated[
        bool,
        Field(description="Leave out an epoch's last batch where it is smaller.", json_schema_extra={"advanced": True}),
    ] = False
    sampling: Annotated[
        Sampling,
        Field(description="The order of the examples: reshuffled each epoch, shuffled once, as they stand, or drawn with replacement."),
    ] = "reshuffle"
    examples: Annotated[
        Annotated[int, Field(ge=2, le=10_000_000)] | None,
        Field(
            description="Trains on so many examples alone: the first of the training part once it is shuffled by the split's seed, so that "
            "fewer are among more. 2 to 32 make one batch to learn by heart. Empty: all.",
            json_schema_extra={"unit": "examples", "advanced": True},
        ),
    ] = None
    labelled: Annotated[
        float,
        Field(
            gt=0,
            le=1,
            description="Share of the training examples whose labels may be used. The others serve soft targets alone.",
            json_schema_extra={"advanced": True},
        ),
    ] = 1.0
    evaluate_every: Annotated[
        Annotated[int, Field(ge=1, le=10_000_000)] | None,
        Field(
            description="Updates between two measurements; empty: after each epoch.",
            json_schema_extra={"unit": "updates", "advanced": True},
        ),
    ] = None
    evaluate_train: Annotated[
        Literal["all", "sample", "none"],
        Field(
            description="Which training examples each measurement takes for training loss and accuracy, activations and dead units: all, "
            "a sample that is the same for every run, or none. The loss as logged and the validation data are measured anyway.",
            json_schema_extra={"advanced": True},
        ),
    ] = "all"
    evaluate_examples: Annotated[
        int,
        Field(ge=2, le=1_000_000, description="Size of that sample.", json_schema_extra={"unit": "examples", "advanced": True}),
    ] = 1000
    accumulation: Annotated[
        Annotated[int, Field(ge=1, le=10_000)],
        Field(description="Batches whose gradients are averaged into one update.", json_schema_extra={"unit": "batches", "advanced": True}),
    ] = 1
    label_smoothing: Annotated[
        Fraction,
        Field(description="Share of each label spread evenly over all classes.", json_schema_extra={"advanced": True, "regularizes": True}),
    ] = 0.0
    mixup: Annotated[
        NonNegative,
        Field(
            description="Trains on mixtures of two examples and their labels, in shares drawn from Beta(a, a). 0: none.",
            json_schema_extra={"advanced": True, "regularizes": True},
        ),
    ] = 0.0
    input_noise: Annotated[
        NonNegative,
        Field(
            description="Standard deviation of noise on the features in training.",
            json_schema_extra={"advanced": True, "regularizes": True},
        ),
    ] = 0.0
    gradient_noise: Annotated[
        NonNegative,
        Field(
            description="Standard deviation of noise added to the gradient, falling with the update t as (1 + t)^-0.275.",
            json_schema_extra={"advanced": True, "regularizes": True},
        ),
    ] = 0.0
    dtype: Annotated[
        Literal["float32", "float64"], Field(description="Precision of all arithmetic.", json_schema_extra={"advanced": True})
    ] = "float32"
    device: Annotated[
        Literal["auto", "cpu", "cuda"], Field(description="auto: the GPU when there is one.", json_schema_extra={"advanced": True})
    ] = "auto"
    init_seed: StreamSeed = None
    order_seed: StreamSeed = None
    dropout_seed: StreamSeed = None
    noise_seed: StreamSeed = None

    def identity(self) -> dict[str, Any]:
        """As every choice's, without the size of a sample that is not taken."""
        unused = set() if self.evaluate_train == "sample" else {"evaluate_examples"}
        return {name: value for name, value in super().identity().items() if name not in unused}
