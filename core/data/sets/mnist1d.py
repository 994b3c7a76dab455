"""MNIST-1D, made by its authors' package."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from core.data.examples import Examples, labelled


def make_mnist1d(samples: int, seed: int) -> Examples:
    """`samples` signals (samples, 40) with the package's default settings; the last fifth is the authors' test set.

    It uses `make_dataset`, never `get_dataset`, which downloads and unpickles.
    """
    from mnist1d.data import get_dataset_args, make_dataset

    arguments = get_dataset_args()
    arguments.num_samples, arguments.seed = samples, seed
    with global_generators_kept():
        made = make_dataset(arguments)
    x, y = np.concatenate([made["x"], made["x_test"]]), np.concatenate([made["y"], made["y_test"]])
    columns = [f"t{place}" for place in range(x.shape[1])]
    return labelled(x, y, columns, [str(digit) for digit in range(10)], own_test=len(made["y_test"]))


@contextmanager
def global_generators_kept() -> Iterator[None]:
    """Restores Python's and NumPy's global generators, because the package seeds both."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 (what the package uses)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
