"""The records of advancing a stack: plain rows, without tensors, ready for a table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]

SCORES = ("loss", "accuracy", "f1", "rmse", "mae", "r2")
"""The scores of a network on a part of the data: `core.engine.measuring.scores.Scores`. `core.analysis.metrics` explains them."""
TRAIN_SCORES = ("train_loss_eval", *(f"train_{name}" for name in SCORES[1:]))
VAL_SCORES, TEST_SCORES = (tuple(f"{part}_{name}" for name in SCORES) for part in ("val", "test"))
BASELINES = tuple(f"baseline_{name}" for name in (*VAL_SCORES, *TEST_SCORES))
METRIC_COLUMNS = ("train_loss", "penalty", *TRAIN_SCORES, *VAL_SCORES)
MEASURES = ("grad_norm", "update_ratio", "weight_norm", "sparsity", "near_zero", "dead_fraction")
MOVEMENTS = ("distance", "weight_change", "update_cosine")
"""How far the weights have moved: `core.engine.measuring.movement`."""
STRUCTURES = ("unit_cosine", "effective_rank")
"""How similar the units of a layer are: `core.engine.measuring.structure`."""
HISTORY_COLUMNS = ("run", "step", "epoch", "samples", "seconds", "lr", *METRIC_COLUMNS, *MEASURES, *MOVEMENTS, "moment", "status")
LAYER_COLUMNS = ("run", "step", "layer", *MEASURES, *MOVEMENTS, *STRUCTURES, "activation_mean", "activation_std", "low", "high", "counts")
BEFORE_REWIND = "before rewind"
"""The `moment` of a row that shows the trained network right before a pruning event rewinds it; in all other rows it is empty."""


@dataclass
class Records:
    """Rows by table; NaN stands for values that do not apply.

    history: one row for each run and evaluation (HISTORY_COLUMNS). If an event rewinds a run, an extra row of the same step comes before,
        marked by its `moment`.
    layers: one row for each run, evaluation and layer (LAYER_COLUMNS); `counts` are the bytes of a float32 histogram from `low` to `high`.
    ended: one row for each run that left its stack: run, status, TEST_SCORES, BASELINES, target_std, parameters, nonzero, `weights` (the
        bytes of a state_dict) and `predictions` (those of `core.engine.measuring.predictions`, or None).
    grids: run, step and `grid` (bytes, see `core.engine.measuring.grids`), only for data with two features.
    """

    history: list[Row] = field(default_factory=list)
    layers: list[Row] = field(default_factory=list)
    ended: list[Row] = field(default_factory=list)
    grids: list[Row] = field(default_factory=list)

    def extend(self, other: Records) -> None:
        """Appends the rows of `other`."""
        self.history += other.history
        self.layers += other.layers
        self.ended += other.ended
        self.grids += other.grids
