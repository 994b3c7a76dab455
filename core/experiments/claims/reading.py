"""What the declarations read from the results: numbers by seed for claims, points for charts, numbers for sentences."""

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
"""A narrow no-break space, which keeps number and unit together."""


def last(evidence: Evidence, name: str, metric: str, blown_up: float = np.inf) -> Series:
    """The metric at each run's last evaluation, indexed by variant and seed; the worst possible value if the run diverged."""
    return claim_measures.last_values(evidence[name].history, metric, blown_up)


def at_end(evidence: Evidence, name: str, column: str) -> Series:
    """A value that is measured once, at the end of a run, such as `test_loss`, indexed by variant and seed."""
    return evidence[name].runs.set_index(["variant", "seed"])[column].astype(float)


def of(values: Series, variant: str) -> Series:
    """The numbers of one variant, indexed by seed. Raises KeyError for an unknown variant."""
    return values.loc[variant]


def pair(values: Series, first: str, second: str) -> tuple[Series, Series]:
    """The numbers of two variants."""
    return of(values, first), of(values, second)


def of_lab(name: str, column: str, **where: object) -> Callable[[Evidence], Series]:
    """For a claim about a lab: a column of its frame by seed, for the rows in which other columns have these values."""
    return lambda evidence: by_seed(evidence, name, column, **where).astype(float)


def mean(values: Series) -> float:
    """The mean over seeds, or the median if one is infinite."""
    return intervals.mean(values).value


def points(values: Series, places: Sequence[tuple[str, str, float]], x: str) -> DataFrame:
    """One row for each variant, for a chart against a number: name, variant (the line), the column `x`, mean, low, high, n.

    places: (variant, its line, its place on the axis).
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
    """Points for a chart of cases from (case, kind, estimate), e.g. of a ratio; estimates that are not finite are left out."""
    found = [(case, kind, *estimate[:4]) for case, kind, estimate in rows if np.isfinite(estimate.value)]
    frame = pd.DataFrame(found, columns=["case", "kind", "mean", "low", "high", "n"])
    return frame.assign(low=frame["low"].where(np.isfinite(frame["low"])), high=frame["high"].where(np.isfinite(frame["high"])))


def percent(share: float) -> str:
    """A share as text: `94 %`, `0.4 %`; with a tenth of a percent below 1 and above 99."""
    return f"{100 * share:.1f}{UNBROKEN}%" if 0 < share < 0.01 or 0.99 < share < 1 else f"{100 * share:.0f}{UNBROKEN}%"


def times(ratio: float) -> str:
    """A ratio as text: `8 times`, `2.4 times`."""
    return f"{ratio:.0f} times" if ratio >= 10 else f"{ratio:.2g} times"


def frame(evidence: Evidence, name: str, **which: object) -> DataFrame:
    """The rows of a lab's frame whose columns have these values."""
    found = evidence[name].frame
    for column, value in which.items():
        found = found[found[column] == value]
    return found


def by_seed(evidence: Evidence, name: str, column: str, **which: object) -> Series:
    """A column of the rows of `frame`, indexed by seed."""
    return frame(evidence, name, **which).set_index("seed")[column]


def digits(error: float) -> int:
    """The number of right digits for this relative error; at most 16, because a float has no more."""
    return int(-math.log10(max(error, 1e-16)))


def side(name: str, metric: str, variant: str) -> Callable[[Evidence], Series]:
    """For a claim about one variant: the metric at the end of its runs."""
    return lambda evidence: of(last(evidence, name, metric), variant)


def sides(name: str, metric: str, first: str, second: str) -> Callable[[Evidence], tuple[Series, Series]]:
    """For a claim about two variants: the metric at the end of their runs."""
    return lambda evidence: pair(last(evidence, name, metric), first, second)
