"""Exact statements about networks and their training, each with its largest error in float64.

Every module has `errors(seed)`: the name of each identity and its error on a problem that is drawn from the seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module

from pandas import DataFrame


def by_seed(errors: Callable[[int], Mapping[str, float]], seeds: Iterable[int]) -> DataFrame:
    """One column for each identity and one row for each seed (the index), from one module's `errors` or a similar function."""
    return DataFrame.from_dict({seed: dict(errors(seed)) for seed in seeds}, orient="index").rename_axis("seed").astype(float)


def table(module: str, seeds: int = 8) -> DataFrame:
    """`by_seed` of the errors of a module, found by its name: one row for each seed from 0 on, with `seed` as a column."""
    return by_seed(import_module(f"{__name__}.{module}").errors, range(seeds)).reset_index()
