"""What axes, legends and alternative texts write. What a column is called is in `core.analysis.metrics`."""

from __future__ import annotations

from typing import get_args

from core.analysis import metrics
from core.analysis.metrics import Axis as Axis

AXES: dict[Axis, str] = {axis: metrics.title(axis, metrics.NO_LOSS) for axis in get_args(Axis)}
"""What runs along the bottom of a chart, with its unit."""


def shortened(name: str, most: int) -> str:
    """The name in at most so many characters (at least 8), the middle left out: what long names have apart is often at their end."""
    most = max(most, 8)
    if len(name) <= most:
        return name
    start = (most - 1) // 2
    return f"{name[:start].rstrip()}…{name[len(name) - (most - 1 - start) :].lstrip()}"


def listed(names: list[str] | tuple[str, ...], most: int = 8) -> str:
    """Names joined by commas for an alternative text, the ones past `most` counted instead."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
