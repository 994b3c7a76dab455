"""The final values of runs on the training and on the validation data, and the gap between them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from pandas import DataFrame

from core.analysis.shown import over_seeds


def ends_by_part(history: DataFrame, metric: str) -> tuple[DataFrame, tuple[str, ...]]:
    """The last values of the runs, as `pairs` takes them, and the parts: training (if the metric is measured on it) and validation."""
    twin = over_seeds.training_twin(history, metric)
    columns = {**({"training": twin} if twin else {}), "validation" if metric.startswith("val_") else "training": metric}
    return pd.concat([over_seeds.final_values(history, column).assign(part=part) for part, column in columns.items()]), tuple(columns)


def gap_table(history: DataFrame, variants: Sequence[str], metric: str = "val_loss") -> DataFrame:
    """One row for each variant: seeds that ended finite, the final mean on each part, and `gap`, validation minus training (or NaN)."""
    values, parts = ends_by_part(history, metric)
    ended = values[values["ending"] == ""]
    by_run = ended.set_index(["variant", "seed", "part"])["value"].unstack("part").reindex(columns=list(parts))
    by_run["gap"] = by_run["validation"] - by_run["training"] if len(parts) > 1 else float("nan")
    groups = by_run.groupby(level="variant", observed=True)
    table = groups.mean().assign(seeds=groups.size()).reindex(list(variants))
    return table[["seeds", *parts, "gap"]].rename_axis(index="variant", columns=None).reset_index()
