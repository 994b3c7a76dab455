"""The state of a comparison in lists: the colour of the state, and how long ago the comparison was requested."""

from __future__ import annotations

import pandas as pd

COLOURS = {"queued": "gray", "running": "blue", "paused": "orange", "cancelled": "gray", "finished": "green", "failed": "red"}
OUTDATED = "Trained by another version, which computed other numbers. The link opens the same settings, to be trained again."


def ago(moment: pd.Timestamp) -> str:
    """How long ago a moment (UTC) was, in words."""
    seconds = max(0.0, (pd.Timestamp.now("UTC") - moment).total_seconds())
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
