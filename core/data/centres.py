"""A validation part that is easier or harder than the training part, chosen by each example's distance from the centre of its class.

Shapes: N examples, D encoded features.
"""

from __future__ import annotations

import numpy as np

from core.data.encoding import counted_from_the_first, fit_encoder
from core.data.examples import DataError, Examples, FloatArray, IntArray
from core.data.sets.base import NO_CENTRES


def check_centres(examples: Examples, wanted: str) -> None:
    """Raises DataError for examples without a single class each, or whose parts are given by a column."""
    if examples.task != "classification" or examples.y.ndim > 1:
        raise DataError(f"validation_split {wanted} {NO_CENTRES.format(kind='these data')}")
    if examples.division is not None:
        raise DataError(
            f"validation_split {wanted} chooses the validation part, and the column {examples.division.column!r} already does; use random."
        )


def by_distance(rows: IntArray, size: int, examples: Examples, *, farthest: bool) -> tuple[IntArray, IntArray]:
    """Splits `rows` into (rest, chosen). The same share of each class is chosen, `size` rows in all, nearest to the centre or farthest
    from it.

    Rows at equal distances are chosen in the order of `rows`.
    """
    labels, distance_N = examples.y[rows], distances(rows, examples)
    rank = -distance_N if farthest else distance_N
    share = np.empty(len(rows))
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        share[members[np.argsort(rank[members], kind="stable")]] = (np.arange(len(members)) + 0.5) / len(members)
    order = np.argsort(share, kind="stable")
    return np.sort(rows[order[size:]]), np.sort(rows[order[:size]])


def distances(rows: IntArray, examples: Examples) -> FloatArray:
    """Euclidean distance of each row from the mean of its own class among the rows (N,).

    Features are standardised over these rows: numbers to mean 0 and standard deviation 1, categories as 0 and 1.
    """
    frame = counted_from_the_first(examples.x, examples.sources, rows).iloc[rows]
    x_ND, labels = fit_encoder(frame, "standard").encode(frame), examples.y[rows]
    distance_N = np.empty(len(rows))
    for label in np.unique(labels):
        members = x_ND[labels == label]
        distance_N[labels == label] = np.linalg.norm(members - members.mean(axis=0), axis=1)
    return distance_N
