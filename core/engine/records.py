"""What advancing a stack yields: plain rows, without tensors, ready for a table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]

SCORES = ("loss", "accuracy", "f1", "rmse", "mae", "r2")
"""What a network reaches on a part of the data: `core.engine.measuring.scores.Scores`. What they mean is in `core.analysis.metrics`."""
TRAIN_SCORES = ("train_loss_eval", *(f"train_{name}" for name in SCORES[1:]))
VAL_SCORES, TEST_SCORES = (tuple(f"{part}_{name}" for name in SCORES) for part in ("val", "test"))
BASELINES = tuple(f"baseline_{name}" for name in (*VAL_SCORES, *TEST_SCORES))
METRIC_COLUMNS = ("train_loss", "penalty", *TRAIN_SCORES, *VAL_SCORES)
MEASURES = ("grad_norm", "update_ratio", "weight_norm", "sparsity", "near_zero", "dead_fraction")
MOVEMENTS = ("distance", "weight_change", "update_cosine")
"""How far the weights have gone: `core.engine.measuring.movement`."""
STRUCTURES = ("unit_cosine", "effective_rank")
"""What the units of a layer have in common: `core.engine.measuring.structure`."""
HISTORY_COLUMNS = ("run", "step", "epoch", "samples", "seconds", "lr", *METRIC_COLUMNS, *MEASURES, *MOVEMENTS, "moment", "status")
LAYER_COLUMNS = ("run", "step", "layer", *MEASURES, *MOVEMENTS, *STRUCTURES, "activation_mean", "activation_std", "low", "high", "counts")
BEFORE_REWIND = "before rewind"
"""The `moment` of a row that shows a network as it was trained, right before an event of its pruning takes it back; else it is empty."""


@dataclass
class Records:
    """Rows by table; NaN stands for what does not apply.

    history: a row a run and evaluation (HISTORY_COLUMNS); before the row of an event that rewinds, one more of the same step, marked by
        its `moment`.
    layers: a row a run, evaluation and layer (LAYER_COLUMNS); `counts` are the bytes of a float32 histogram between `low` and `high`.
    ended: a row a run that left its stack: run, status, TEST_SCORES, BASELINES, target_std, parameters, nonzero, `weights` (a state_dict's
        bytes) and `predictions` (those of `core.engine.measuring.predictions`, or None).
    grids: run, step and `grid` (bytes, see `core.engine.measuring.grids`) for data with two features.
    """

    history: list[Row] = field(default_factory=list)
    layers: list[Row] = field(default_factory=list)
    ended: list[Row] = field(default_factory=list)
    grids: list[Row] = field(default_factory=list)

    def extend(self, other: Records) -> None:
        """Adds the rows of `other` behind these."""
        self.history += other.history
        self.layers += other.layers
        self.ended += other.ended
        self.grids += other.grids
