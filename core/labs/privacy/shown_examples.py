"""Examples of a batch beside the recovered ones, by division and by search, as tables that can be stored.

One row for each pixel: example (its position in the batch), label, error (relative, of the whole example), kind ("true" or "recovered"),
row, column, value (0 is paper, 1 is ink; recovered values are clipped to this range).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas import DataFrame

from core.labs.privacy import membership
from core.labs.privacy.data_recovery import Floats, Leak, recover
from core.labs.privacy.gradient_inversion import Inversion, invert
from core.labs.privacy.membership import Membership

TRUE, RECOVERED = "true", "recovered"


def divided(seed: int, **settings: Any) -> DataFrame:
    """Returns the quotient of weight changes and bias changes, for each example from the nearest unit; takes about 0.1 seconds."""
    found = recover(Leak.model_validate(settings), seed)
    return _pixels(found.examples, found.originals, found.recovered)


def searched(seed: int, **settings: Any) -> DataFrame:
    """Returns the examples that the search finds; takes about 2 seconds by default."""
    found = invert(Inversion.model_validate(settings), seed)
    return _pixels(found.examples, found.originals, found.recovered)


def attacked(epochs: int, seeds: Sequence[int], **settings: Any) -> DataFrame:
    """Returns the results of the membership attack after this number of epochs, as rows of two kinds, which `part` names.

    quality: seed, model, auc, train_accuracy, other_accuracy. roc: model, false_positives, true_positives, of the first seed.
    """
    found = membership.infer(Membership.model_validate({**settings, "epochs": epochs}), list(seeds))
    return pd.concat([found.auc.assign(part="quality"), found.roc.assign(part="roc")], ignore_index=True).assign(epochs=epochs)


def _pixels(examples: DataFrame, originals: Floats, recovered: Floats) -> DataFrame:
    rows = [
        _of_one(picture, kind).assign(example=place, label=int(example["label"]), error=float(example["error"]))
        for kind, several in ((TRUE, originals), (RECOVERED, recovered))
        for place, (picture, example) in enumerate(zip(several, examples.to_dict("records"), strict=True))
    ]
    return pd.concat(rows, ignore_index=True)


def _of_one(picture: Floats, kind: str) -> DataFrame:
    row, column = np.indices(picture.shape)
    return DataFrame({"kind": kind, "row": row.ravel(), "column": column.ravel(), "value": picture.clip(0, 1).ravel()})
