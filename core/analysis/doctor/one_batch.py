"""What the loss of a single batch says: a network that is right fits it, and each common bug leaves another trace."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pandas import DataFrame, Series

Symptom = Literal["healthy", "flipped sign", "exploding", "oscillating", "plateau", "unnamed"]

RISES = 0.9
"""From this share of rising updates on, the loss is being maximised."""
LEAP = 10.0
"""A loss that is multiplied by this in an update is no steady rise."""
EXPLODED = 1_000.0
"""Times the first loss."""
UNSETTLED = (0.2, 0.8)
"""Shares of rising updates in the second half that make an oscillation, where the loss also comes back to `RETURNED` times the first."""
RETURNED = 2.0
STUCK = 0.5
"""Share of the loss of guessing, ln(classes), above which the second half has not learned."""
FITTED = 0.01


def symptom(losses: Series, classes: int) -> Symptom:
    """What a run on one batch shows. `losses`: of every update, in order, in nats. The rules are tried in this order:

    flipped sign: the loss rises in 90 % of the updates and never tenfold in one. exploding: it is not finite, or a thousandfold the first.
    oscillating: in the second half it rises in 20 to 80 % of the updates and comes back to twice the first. plateau: in the second half it
    is above half of what guessing gives. healthy: it ends below 0.01.
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
    """A row a kind and seed: kind, seed, symptom. `losses`: kind, seed, step, loss."""
    ordered = losses.sort_values("step", kind="stable")
    rows = [(kind, seed, symptom(group["loss"], classes)) for (kind, seed), group in ordered.groupby(["kind", "seed"], sort=False)]
    return DataFrame(rows, columns=["kind", "seed", "symptom"])


def _rises(values: np.ndarray) -> float:
    return float((np.diff(values) > 0).mean()) if len(values) > 1 else 0.0
