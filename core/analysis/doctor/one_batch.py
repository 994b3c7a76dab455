"""Diagnosis from the loss on a single batch: a correct network fits it, and each common bug leaves another symptom."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pandas import DataFrame, Series

Symptom = Literal["healthy", "flipped sign", "exploding", "oscillating", "plateau", "unnamed"]

RISES = 0.9
"""From this share of rising updates on, the loss counts as maximised."""
LEAP = 10.0
"""A loss that rises by this factor in one update does not rise steadily."""
EXPLODED = 1_000.0
"""A loss above this multiple of the first loss has exploded."""
UNSETTLED = (0.2, 0.8)
"""The loss oscillates if its share of rising updates in the second half is in this range, and if it returns to `RETURNED` times the first
loss.
"""
RETURNED = 2.0
STUCK = 0.5
"""If the mean loss of the second half is above this share of ln(classes), the loss of guessing, the network has not learned."""
FITTED = 0.01


def symptom(losses: Series, classes: int) -> Symptom:
    """The symptom of a run on one batch. `losses`: the loss of every update, in order, in nats. The rules are tried in this order:

    flipped sign: the loss rises in at least 90 % of the updates, and never tenfold in one. exploding: a loss is not finite, or above 1,000
    times the first. oscillating: in the second half the loss rises in 20 to 80 % of the updates and returns to twice the first. plateau:
    the mean loss of the second half is above half the loss of guessing. healthy: the last loss is below 0.01.
    """
    values = losses.to_numpy(dtype=float)
    finite = bool(np.isfinite(values).all())
    late = values[len(values) // 2 :]
    if finite and _rises(values) >= RISES and (values[1:] < LEAP * np.maximum(values[:-1], 1e-300)).all():
        return "flipped sign"
    if not finite or values.max() > EXPLODED * values[0]:
        return "exploding"
    if UNSETTLED[0] <= _rises(late) <= UNSETTLED[1] and late.max() >= RETURNED * values[0]:
        return "oscillating"
    if late.mean() > STUCK * np.log(classes):
        return "plateau"
    return "healthy" if values[-1] < FITTED else "unnamed"


def symptoms(losses: DataFrame, classes: int) -> DataFrame:
    """One row for each kind and seed: kind, seed, symptom. `losses`: kind, seed, step, loss."""
    ordered = losses.sort_values("step", kind="stable")
    rows = [(kind, seed, symptom(group["loss"], classes)) for (kind, seed), group in ordered.groupby(["kind", "seed"], sort=False)]
    return DataFrame(rows, columns=["kind", "seed", "symptom"])


def _rises(values: np.ndarray) -> float:
    return float((np.diff(values) > 0).mean()) if len(values) > 1 else 0.0
