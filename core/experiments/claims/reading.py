"""What the declarations read from what was measured: numbers by seed for their claims, points for their pictures, figures for sentences."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from core.analysis import claim_measures, intervals
from core.analysis.intervals import Estimate
from core.experiments.claims.claim import Evidence

UNBROKEN = "\u202f"
"""A narrow space at which no line ends: number and unit stay together."""


def last(evidence: Evidence, name: str, metric: str, blown_up: float = np.inf) -> Series:
    """The metric at each run's last evaluation, indexed by variant and seed; the worst value there is where the run diverged."""
    return claim_measures.last_values(evidence[name].history, metric, blown_up)


def at_end(evidence: Evidence, name: str, column: str) -> Series:
    """What is measured once, at a run's end, such as `test_loss`, indexed by variant and seed."""
    return evidence[name].runs.set_index(["variant", "seed"])[column].astype(float)


def of(values: Series, variant: str) -> Series:
    """The numbers of one variant, indexed by seed. Raises KeyError for a variant that is not there."""
    return values.loc[variant]


def pair(values: Series, first: str, second: str) -> tuple[Series, Series]:
    """The numbers of two variants."""
    return of(values, first), of(values, second)


def of_lab(name: str, column: str, **where: object) -> Callable[[Evidence], Series]:
    """For a claim on a lab: a column of its frame by seed, of the rows in which other columns have these values."""
    return lambda evidence: by_seed(evidence, name, column, **where).astype(float)


def mean(values: Series) -> float:
    """The mean over seeds, or the median where one is infinite."""
    return intervals.mean(values).value


def points(values: Series, places: Sequence[tuple[str, str, float]], x: str) -> DataFrame:
    """A row a variant for a chart along a number: name, variant (the line), the column `x`, mean, low, high, n.

    places: (variant, the line it belongs to, its place on the axis).
    """
    rows = []
    for name, line, place in places:
        found = intervals.mean(of(values, name)) if name in values.index.get_level_values(0) else None
        if found is not None and found.n:
            rows.append({"name": name, "variant": line, x: place, "mean": found.value, "low": found.low, "high": found.high, "n": found.n})
    return pd.DataFrame(rows, columns=["name", "variant", x, "mean", "low", "high", "n"])


def spread(rows: Iterable[tuple[str, str, Series]]) -> DataFrame:
    """Points for a chart of cases: case, kind, mean, low, high, n, from (case, kind, numbers by seed)."""
    return estimated((case, kind, intervals.mean(numbers)) for case, kind, numbers in rows)


def estimated(rows: Iterable[tuple[str, str, Estimate]]) -> DataFrame:
    """The same from (case, kind, estimate), such as of a ratio; one that is not finite cannot be drawn, and is left out."""
    found = [(case, kind, *estimate[:4]) for case, kind, estimate in rows if np.isfinite(estimate.value)]
    frame = pd.DataFrame(found, columns=["case", "kind", "mean", "low", "high", "n"])
    return frame.assign(low=frame["low"].where(np.isfinite(frame["low"])), high=frame["high"].where(np.isfinite(frame["high"])))


def percent(share: float) -> str:
    """A share as people say it: `94 %`, `0.4 %`; a tenth of a percent below one and above 99."""
    return f"{100 * share:.1f}{UNBROKEN}%" if 0 < share < 0.01 or 0.99 < share < 1 else f"{100 * share:.0f}{UNBROKEN}%"


def times(ratio: float) -> str:
    """A ratio as people say it: `8 times`, `2.4 times`."""
    return f"{ratio:.0f} times" if ratio >= 10 else f"{ratio:.2g} times"


def frame(evidence: Evidence, name: str, **which: object) -> DataFrame:
    """The rows of a lab's frame whose columns have these values."""
    found = evidence[name].frame
    for column, value in which.items():
        found = found[found[column] == value]
    return found


def by_seed(evidence: Evidence, name: str, column: str, **which: object) -> Series:
    """A column of those rows, indexed by seed."""
    return frame(evidence, name, **which).set_index("seed")[column]


def digits(error: float) -> int:
    """To how many digits something is right whose relative error is this; 16 at most, for a float has no more."""
    return int(-math.log10(max(error, 1e-16)))


def side(name: str, metric: str, variant: str) -> Callable[[Evidence], Series]:
    """For a claim on one variant: the metric at its runs' ends."""
    return lambda evidence: of(last(evidence, name, metric), variant)


def sides(name: str, metric: str, first: str, second: str) -> Callable[[Evidence], tuple[Series, Series]]:
    """For a claim on two variants: the metric at their runs' ends."""
    return lambda evidence: pair(last(evidence, name, metric), first, second)
