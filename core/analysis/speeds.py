"""The time of an update and of an epoch, from histories."""

from __future__ import annotations

from collections.abc import Sequence

from pandas import DataFrame


def speeds(history: DataFrame, variants: Sequence[str]) -> DataFrame:
    """variant, updates (per epoch), ms (per update), epoch_s, per_s (examples per second): means over the runs that have been measured."""
    last = history[history["step"] > 0].drop_duplicates("run", keep="last")
    sums = last.groupby("variant", observed=True)[["step", "epoch", "seconds", "samples"]].sum().reindex(list(variants))
    frame = DataFrame({"updates": sums["step"] / sums["epoch"], "ms": 1000 * sums["seconds"] / sums["step"]})
    frame = frame.assign(epoch_s=sums["seconds"] / sums["epoch"], per_s=(sums["samples"] / sums["seconds"]).round())
    return frame.rename_axis("variant").reset_index()
