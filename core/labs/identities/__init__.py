"""What is exactly true of networks and of their training, each with the largest error that float64 leaves of it.

Every module has `errors(seed)`: the name of each identity and how far off it is on a problem drawn from the seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module

from pandas import DataFrame


def by_seed(errors: Callable[[int], Mapping[str, float]], seeds: Iterable[int]) -> DataFrame:
    """A column an identity and a row a seed (the index), of one module's `errors`, or of another function like it."""
    return DataFrame.from_dict({seed: dict(errors(seed)) for seed in seeds}, orient="index").rename_axis("seed").astype(float)


def table(module: str, seeds: int = 8) -> DataFrame:
    """`by_seed` of a module's errors, found by its name: a row a seed from 0 on, with `seed` as a column."""
    return by_seed(import_module(f"{__name__}.{module}").errors, range(seeds)).reset_index()
