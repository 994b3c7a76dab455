"""The texts of axes, legends and alternative texts. The names of columns are in `core.analysis.metrics`."""

from __future__ import annotations

from typing import get_args

from core.analysis import metrics
from core.analysis.metrics import Axis as Axis

AXES: dict[Axis, str] = {axis: metrics.title(axis, metrics.NO_LOSS) for axis in get_args(Axis)}
"""Titles of the x axis, with the unit."""


def shortened(name: str, most: int) -> str:
    """Returns the name with at most `most` characters (at least 8), shortened in the middle, because long names often differ at their
    end.
    """
    most = max(most, 8)
    if len(name) <= most:
        return name
    start = (most - 1) // 2
    return f"{name[:start].rstrip()}…{name[len(name) - (most - 1 - start) :].lstrip()}"


def listed(names: list[str] | tuple[str, ...], most: int = 8) -> str:
    """Returns the names joined by commas for an alternative text; the names after the first `most` are only counted."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
