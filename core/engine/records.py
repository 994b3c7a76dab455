"""What advancing a stack yields: plain rows, without tensors, ready for a table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]

METRICS = (
    "train_loss",
    "penalty",
    "train_loss_eval",
    "train_accuracy",
    "train_r2",
    "val_loss",
    "val_accuracy",
    "val_f1",
    "val_r2",
)
MEASURES = ("grad_norm", "update_ratio", "weight_norm", "sparsity", "near_zero", "dead_fraction")
HISTORY_COLUMNS = ("run", "step", "epoch", "samples", "seconds", "lr", *METRICS, *MEASURES, "moment", "status")
LAYER_COLUMNS = ("run", "step", "layer", *MEASURES, "activation_mean", "activation_std", "low", "high", "counts")
BEFORE_REWIND = "before rewind"
"""The `moment` of a row that shows a network as it was trained, right before an event of its pruning takes it back; else it is empty."""
ENDED_COLUMNS = ("run", "status", "test_loss", "test_accuracy", "test_f1", "test_r2", "parameters", "nonzero", "weights")


@dataclass
class Records:
    """Rows by table; NaN stands for what does not apply.

    history: a row a run and evaluation (HISTORY_COLUMNS); before the row of an event that rewinds, one more of the same step, marked by
        its `moment`.
    layers: a row a run, evaluation and layer (LAYER_COLUMNS); `counts` are the bytes of a float32 histogram between `low` and `high`.
    ended: a row a run that left its stack (ENDED_COLUMNS); `weights` are a state_dict's bytes.
    grids: run, step and `grid` (bytes, see `core.engine.grids`) for data with two features.
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
