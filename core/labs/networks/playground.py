"""A network watched after every epoch: what it has measured, and its weights, from which a browser computes what it says of the plane.

The engine trains it, as it trains every run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas import DataFrame

from core.labs.threads import one_thread
from core.settings import RunSettings

if TYPE_CHECKING:
    from core.engine.records import Row
    from core.engine.stack import Stack

PARTS = ("train", "val")
MEASURED = ("epoch", "train_loss_eval", "val_loss", *(f"{part}_accuracy" for part in PARTS), "dead_fraction", "status")
"""The columns of a history that are kept."""
TRAINING, VALIDATION = "training", "validation"


def points(data: Mapping[str, Any]) -> DataFrame:
    """The examples of a data set in the plane, a row each: x1, x2 (as they were made, not scaled), label, part.

    Those that are held out for a test are left out.

    Raises DataError where they cannot be split as asked.
    """
    from core.data.loading import load_data

    settings = RunSettings.model_validate({"data": {**data, "scale": "none"}})
    split = load_data(settings.data)
    parts = ((TRAINING, split.x_train, split.y_train), (VALIDATION, split.x_val, split.y_val))
    frames = [DataFrame({"x1": x[:, 0], "x2": x[:, 1], "label": y, "part": part}) for part, x, y in parts]
    return pd.concat(frames, ignore_index=True)


def trained(run: Mapping[str, Any]) -> DataFrame:
    """A run's network before the first update and after every epoch, a row each: `MEASURED`, and `weights`.

    weights: all parameters as float32 bytes, from input to output, the weight (outputs x inputs, row by row) of a layer before its bias.
    A run that diverged has fewer rows; the last one says so, and its weights may not be finite.
    """
    settings = RunSettings.model_validate(run)
    with one_thread():
        rows = [{name: row[name] for name in MEASURED} | {"weights": weights} for row, weights in _epochs(settings)]
    return DataFrame(rows)


def _epochs(run: RunSettings) -> Iterator[tuple[Row, bytes]]:
    """What was measured, and the weights then, at the start and after every epoch."""
    from core.engine.advance import advance
    from core.engine.stack import begin

    before = begin([run])
    while not before.finished:
        after, records = advance(before, 1)
        weights = [_as_bytes(before), *([] if after.finished else [_as_bytes(after)])]
        ended = [_ended(run, row["weights"]) for row in records.ended]
        yield from zip(records.history, [*weights, *ended][-len(records.history) :], strict=True)
        before = after


def _as_bytes(stack: Stack) -> bytes:
    return _bytes_of(stack.flat_RP[0].cpu().numpy())


def _ended(run: RunSettings, state: bytes) -> bytes:
    """The weights of a run that has left its stack."""
    from torch.nn.utils import parameters_to_vector

    from core.engine.network.networks import trained_model

    network = trained_model(run, state)
    return _bytes_of(parameters_to_vector(network.parameters()).detach().numpy())


def _bytes_of(weights: np.ndarray) -> bytes:
    with np.errstate(over="ignore"):  # of a run that diverges
        return weights.astype(np.float32).tobytes()
