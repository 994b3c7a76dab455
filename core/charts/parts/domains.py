"""The range of the y axis that is shown, so that one exploding run does not flatten all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from pandas import DataFrame, Series

_MARGIN = 0.05


@dataclass(frozen=True)
class Domain:
    """The range of an axis that is shown; None: the data decide. `notes` describe in words what is left out."""

    low: float | None = None
    high: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def limits(self) -> dict[str, Any]:
        """Returns the range as keyword arguments of a Vega-Lite scale."""
        return {name: end for name, end in (("domainMin", self.low), ("domainMax", self.high)) if end is not None}

    def clamp(self, values: Series) -> Series:
        """Returns the values, those beyond an end moved onto it, for marks that must stay visible."""
        return values.clip(self.low, self.high)


def domain(lines: DataFrame, *, log_y: bool, focus: bool) -> Domain:
    """Returns the range to show for curves (columns run and value, in order of time).

    With `focus`, values are beyond the axis if their distance from the bulk is larger than the width of the bulk. The bulk is the range
    from the 10th to the 90th percentile, extended to the median of the runs' first values. A logarithmic axis cannot show values at or
    below zero.
    """
    values, starts = lines["value"], lines.drop_duplicates("run")["value"]
    lost = int((values <= 0).sum()) if log_y else 0
    notes = (f"{_values(lost)} at or below 0 not drawn",) if lost else ()
    if log_y:
        values, starts = np.log10(values[values > 0]), np.log10(starts[starts > 0])
    if not focus or len(values) < 3:
        return Domain(notes=notes)
    low, high = _bulk(values, starts)
    reach = max(high - low, 1e-12)
    above, below = values > high + reach, values < low - reach
    top = _outward(high + _MARGIN * reach, log_y, np.ceil) if above.any() else None
    bottom = _outward(low - _MARGIN * reach, log_y, np.floor) if below.any() else None
    return Domain(bottom, top, notes + _beyond(above, "above") + _beyond(below, "below"))


def _bulk(values: Series, starts: Series) -> tuple[float, float]:
    start = float(starts.median()) if len(starts) else float(values.median())
    low, high = values.quantile(0.1, interpolation="higher"), values.quantile(0.9, interpolation="lower")
    return min(float(low), start), max(float(high), start)


def _outward(value: float, log_y: bool, rounding: np.ufunc) -> float:
    """Returns the value rounded to two digits away from the data, so that a growing chart seldom changes its axis."""
    value = 10.0**value if log_y else value
    unit = 10.0 ** (np.floor(np.log10(abs(value))) - 1) if value else 1.0
    return float(f"{rounding(value / unit) * unit:.3g}")


def _beyond(mask: Series, where: str) -> tuple[str, ...]:
    count = int(mask.sum())
    return (f"{_values(count)} {where} the axis",) if count else ()


def _values(count: int) -> str:
    return "1 value" if count == 1 else f"{count:,} values"
