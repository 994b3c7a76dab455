"""Batch sizes, and the rules by which a learning rate is scaled with them."""

from __future__ import annotations

from pandas import DataFrame

from core.analysis import frames
from core.analysis.sensitivity import PLACES
from core.comparison import Comparison

RULES = {"lr fixed": 0.0, "lr × √k": 0.5, "lr × k": 1.0}
"""By what power of k, the factor on the batch size, the learning rate grows."""

HIGHEST_RATE = 1e3


def sizes(comparison: Comparison) -> list[int]:
    """The batch sizes that vary, ascending, without "full"."""
    return sorted({size for run in comparison.runs() if isinstance(size := run.training.batch_size, int)})


def scaled(comparison: Comparison, reference: int) -> Comparison:
    """Every rule at every batch size as a named variant. Where rules agree, at the reference, they are one variant.

    Raises SettingsError for settings that do not go together.
    """
    lr = float(comparison.base.optimizer.lr)
    variants = [
        {"name": f"{rule}, B={size}", "training.batch_size": size, "optimizer.lr": rate(lr, size / reference, power)}
        for rule, power in RULES.items()
        for size in sizes(comparison)
    ]
    return Comparison.load({"base": comparison.base, "variants": variants, "seeds": comparison.seeds})


def rate(lr: float, factor: float, power: float) -> float:
    """lr * factor^power, within what an optimizer takes, to 6 digits so that it reads well in names and links."""
    return min(HIGHEST_RATE, float(f"{lr * factor**power:.6g}"))


def rule_places(comparison: Comparison, reference: int) -> DataFrame:
    """variant, curve (the rule), place (the batch size). A variant stands on the curve of every rule that gives its learning rate.

    `reference` is the batch size of the base's learning rate; there all rules agree.
    """
    lr = float(comparison.base.optimizer.lr)
    at = [(size, name, run) for name, run in comparison.settings.items() if isinstance(size := run.training.batch_size, int)]
    rows = [
        (name, rule, float(size))
        for rule, power in RULES.items()
        for size, name, run in sorted(at, key=lambda row: row[0])
        if run.optimizer.lr == rate(lr, size / reference, power)
    ]
    return frames.of_rows(rows, PLACES)
