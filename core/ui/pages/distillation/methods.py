"""Which taught students are of one method, so that temperature and weight may be crossed for them."""

from __future__ import annotations

from pandas import DataFrame

from core.comparison import Comparison
from core.settings import RunSettings
from core.ui.results import compression


def crossed(comparison: Comparison, points: DataFrame, share: float) -> DataFrame:
    """The squares at a share of labels: variant (the panel, a method), temperature, weight, mean; only of methods with several of them.

    Variants are of one method when they differ in nothing but temperature and weight.
    """
    runs = compression.settings_of(comparison)
    taught = points[(points["role"] == "taught") & (points["labelled"] == share) & points["mean"].notna()]
    method = taught["name"].map(lambda name: _method(runs[name]))
    counts = method.value_counts()
    several = taught.assign(method=method)[method.isin(counts[counts > 1].index)]
    names = {of: _method_name(list(group["name"]), share) for of, group in several.groupby("method", sort=False)}
    return several.assign(variant=several["method"].map(names))[["variant", "temperature", "weight", "mean"]].reset_index(drop=True)


def _method(run: RunSettings) -> str:
    """All settings but the temperature and the weight, as text."""
    return run.model_dump_json(exclude={"seed": True, "distillation": {"temperature", "weight"}})


def _method_name(names: list[str], share: float) -> str:
    """What the variants of a method have in common in their names."""
    name = names[0]
    for setting in ("temperature", "weight", "labelled"):
        name = compression.family(name, setting) if f"{setting}=" in name else name
    told = f"labels for {share:.3g}"
    return told if name in ("temperature", "weight", "labelled") else f"{name}, {told}"
