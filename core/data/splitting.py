"""Decides which examples are used for training, validation and test; adds noise and outliers to the training targets.

Both depend only on the split's seed, never on a run's seed, so that all runs of a comparison have the same three parts.

Shapes: N examples, of which N_train, N_val and N_test go to the parts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.data.centres import by_distance, check_centres
from core.data.dividing import SMALLEST_PART, Rows, divided
from core.data.examples import DataError, Examples, FloatArray, IntArray

__all__ = [
    "SMALLEST_PART",
    "PartSizes",
    "Rows",
    "alone_in_class",
    "first_rows",
    "part_sizes",
    "split_rows",
    "with_noisy_targets",
    "with_outliers",
    "with_wrong_labels",
]

FIRST, OUTLIERS = 2, 3
"""Added to the split's seed, so that these draws are independent of the split and of each other."""


class PartSizes(NamedTuple):
    """The number of examples in each part."""

    train: int
    validation: int
    test: int


def part_sizes(examples: int, own_test: int, validation_fraction: float, test_fraction: float) -> PartSizes:
    """The rounded sizes of the parts.

    If there is an authors' test set (`own_test` of the examples), it is the test part, `test_fraction` is not used, and
    `validation_fraction` refers to the other examples.
    """
    count = examples - own_test
    tests = 0 if own_test else round(count * test_fraction)
    validations = round(count * validation_fraction)
    return PartSizes(count - tests - validations, validations, own_test or tests)


def split_rows(examples: Examples, validation_fraction: float, test_fraction: float, seed: int, validation_split: str = "random") -> Rows:
    """Draws the test part first, then the validation part from the rest, so that changing the latter does not change the former.

    The parts have the sizes of `part_sizes`. Classes are stratified if possible (see `_draw`). If a column decides the parts
    (`Examples.division`), it is used. `validation_split`: see `by_distance`.

    Raises DataError if a requested part would have fewer than `SMALLEST_PART` examples, or if `validation_split` needs classes.
    """
    if validation_split != "random":
        check_centres(examples, validation_split)
    if examples.division is not None:
        return divided(examples, validation_fraction, test_fraction, seed)
    count = len(examples.y) - examples.own_test
    rows, own = np.arange(count), np.arange(count, len(examples.y))
    sizes = part_sizes(len(examples.y), examples.own_test, validation_fraction, test_fraction)
    parts = {"training": (1.0, sizes.train), "validation": (validation_fraction, sizes.validation)}
    if not examples.own_test:
        parts["test"] = (test_fraction, sizes.test)
    _check_sizes(parts, count)
    rest, test = _draw(rows, 0 if examples.own_test else sizes.test, examples, seed)
    if validation_split == "random":
        train, validation = _draw(rest, sizes.validation, examples, seed)
    else:
        train, validation = by_distance(rest, sizes.validation, examples, farthest=validation_split == "harder")
    return Rows(train, validation, own if examples.own_test else test)


def _check_sizes(parts: dict[str, tuple[float, int]], count: int) -> None:
    for name, (fraction, size) in parts.items():
        if fraction > 0 and size < SMALLEST_PART:
            raise DataError(
                f"Too few rows: of {count}, the {name} part would get {size}, and it needs {SMALLEST_PART} or more. "
                "Add rows, or change validation_fraction and test_fraction."
            )


def _draw(rows: IntArray, size: int, examples: Examples, seed: int) -> tuple[IntArray, IntArray]:
    """Splits `rows` into (rest, drawn), with `size` drawn.

    Classification is stratified by class; an example that is alone in its class among `rows` is placed at random, and the others are
    stratified. If one side has fewer places than there are classes, or if an example has several classified positions, the rows are drawn
    uniformly, and a rare class may be missing in a part.
    """
    if size == 0:
        return rows, rows[:0]
    from sklearn.model_selection import train_test_split

    if examples.task != "classification" or examples.y.ndim > 1:
        rest, drawn = train_test_split(rows, test_size=size, random_state=seed)
        return rest, drawn
    alone = alone_in_class(examples.y[rows])  # type: ignore[arg-type]
    chosen = _by_chance(rows[alone], size / len(rows), seed)
    others, places = rows[~alone], size - int(chosen.sum())
    labels = examples.y[others] if _can_stratify(examples.y[others], places) else None
    if labels is None:
        rest, drawn = train_test_split(rows, test_size=size, random_state=seed)
        return rest, drawn
    rest, drawn = train_test_split(others, test_size=places, random_state=seed, stratify=labels)
    return np.concatenate([rest, rows[alone][~chosen]]), np.concatenate([drawn, rows[alone][chosen]])


def alone_in_class(labels: IntArray) -> NDArray[np.bool_]:
    """Which of the `labels` (N,) occur exactly once."""
    _, places, counts = np.unique(labels, return_inverse=True, return_counts=True)
    alone: NDArray[np.bool_] = counts[places] == 1
    return alone


def _by_chance(rows: IntArray, share: float, seed: int) -> NDArray[np.bool_]:
    """Which of the rows are drawn, each with the probability `share`."""
    return np.random.default_rng([seed, len(rows)]).random(len(rows)) < share


def _can_stratify(labels: IntArray | FloatArray, size: int) -> bool:
    return len(labels) > 0 and min(size, len(labels) - size) >= len(np.unique(labels))


def first_rows(examples: int, count: int, seed: int) -> IntArray:
    """The first `count` of the training examples after a shuffle by the split's seed, in ascending order (count,)."""
    return np.sort(np.random.default_rng([seed, FIRST]).permutation(examples)[:count])


def labelled_count(examples: int, classes: int, share: float) -> int:
    """The number of training examples whose label may be used: that share of them, but at least one for each class."""
    return min(examples, max(classes, round(share * examples)))


def labelled_rows(targets: IntArray | FloatArray, classes: int, share: float, seed: int) -> IntArray:
    """The training examples whose label may be used, in ascending order: `labelled_count` of them, with the same share of each class.

    The examples of a smaller share are also among those of a larger share. They depend only on the split's seed. Targets (N_train,) are
    class numbers; for targets (N_train, K) or quantities, the examples are drawn uniformly.

    Source: Webster's rule, which assigns seats one by one and therefore never takes one back.
    """
    order = np.random.default_rng(seed).permutation(len(targets))
    if targets.ndim > 1 or not np.issubdtype(targets.dtype, np.integer):
        return np.sort(order[: labelled_count(len(order), 1, share)])
    turn = np.empty(len(order))
    for label in np.unique(targets):
        members = order[targets[order] == label]
        turn[members] = (np.arange(len(members)) + 0.5) / len(members)
        turn[members[0]] = -1.0  # one example of each class comes before all others
    first = order[np.argsort(turn[order], kind="stable")]
    return np.sort(first[: labelled_count(len(order), classes, share)])


def with_wrong_labels(labels: IntArray, classes: int, share: float, seed: int) -> IntArray:
    """A copy of `labels` (N_train,) or (N_train, K) in which exactly round(share * all) are replaced by another class, drawn uniformly.

    The labels replaced at a smaller share are replaced in the same way at a larger share, so that shares can be compared in pairs.
    """
    generator = np.random.default_rng(seed)
    order, shift = generator.permutation(labels.size), generator.integers(1, classes, size=labels.size)
    wrong = order[: round(share * labels.size)]
    noisy = labels.flatten()
    noisy[wrong] = (noisy[wrong] + shift[wrong]) % classes
    return noisy.reshape(labels.shape)


def with_noisy_targets(targets: FloatArray, deviations: float, seed: int) -> FloatArray:
    """`targets` (N_train,) plus Gaussian noise whose standard deviation is `deviations` times that of the targets."""
    noise = np.random.default_rng(seed).standard_normal(len(targets))
    return np.add(targets, deviations * targets.std() * noise)


def with_outliers(targets: FloatArray, share: float, deviations: float, seed: int) -> FloatArray:
    """`targets` (N_train,) of which exactly round(share * all) are moved up or down by `deviations` times their standard deviation.

    The outliers of a smaller share are also outliers, moved in the same way, at a larger share.
    """
    generator = np.random.default_rng([seed, OUTLIERS])
    order, sign = generator.permutation(len(targets)), generator.choice([-1.0, 1.0], len(targets))
    moved = order[: round(share * len(targets))]
    wrong = targets.copy()
    wrong[moved] += sign[moved] * deviations * targets.std()
    return wrong
