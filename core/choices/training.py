"""How long, in what batches and where a run trains."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from core.choices.base import Choice, Seed

Sampling = Literal["reshuffle", "shuffle_once", "in_order", "with_replacement"]
StreamSeed = Annotated[
    Seed | None,
    Field(
        description="Its own seed instead of the run's, so that this source alone is held or varied.", json_schema_extra={"advanced": True}
    ),
]


class Training(Choice):
    """Training: epochs, batches, precision, device."""

    epochs: Annotated[int, Field(ge=1, le=100_000, description="Passes over the training data.", json_schema_extra={"unit": "epochs"})] = 20
    batch_size: Annotated[
        Annotated[int, Field(ge=1, le=1_000_000)] | Literal["full"],
        Field(description='Examples an update averages over; "full" takes all.', json_schema_extra={"unit": "examples"}),
    ] = 64
    sampling: Annotated[
        Sampling,
        Field(description="The order of the examples: reshuffled each epoch, shuffled once, as they stand, or drawn with replacement."),
    ] = "reshuffle"
    evaluate_every: Annotated[
        Annotated[int, Field(ge=1, le=10_000_000)] | None,
        Field(
            description="Updates between two measurements; empty: after each epoch.",
            json_schema_extra={"unit": "updates", "advanced": True},
        ),
    ] = None
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
