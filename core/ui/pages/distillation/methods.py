"""Groups taught students by method, so that temperature and weight can be crossed for each method."""

from __future__ import annotations

from pandas import DataFrame

from core.comparison import Comparison


def crossed(comparison: Comparison, points: DataFrame, share: float) -> DataFrame:
    """The squares at a share of labels: variant (the panel, a method), temperature, weight, mean; only for methods with several of them.

    Variants have the same method if they differ only in temperature, weight and share of labels.
    """
    taught = points[(points["role"] == "taught") & (points["labelled"] == share) & points["mean"].notna()]
    method = taught["name"].map(comparison.families("distillation.temperature", "distillation.weight", "training.labelled"))
    counts = method.value_counts()
    several = taught.assign(method=method)[method.isin(counts[counts > 1].index)]
    told = f"labels for {share:.3g}"
    several = several.assign(variant=[f"{name}, {told}" if name else told for name in several["method"]])
    return several[["variant", "temperature", "weight", "mean"]].reset_index(drop=True)
