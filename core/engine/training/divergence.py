"""When a run counts as diverged.

Three signs, each of a run alone:
- A weight, the logged loss or penalty, or an evaluated loss is not finite, at any evaluation: the run ends there.
- The arithmetic of its optimizer overflows or divides by zero: its weights are then set to NaN, and the next evaluation finds that.
- At its last evaluation, its training loss (as logged, where no training examples are evaluated) or its validation loss is above FACTOR
  times that of a constant prediction. An evaluation before the last does not count, for a run may recover, and a range test is there to
  see the loss blow up.

The constant prediction gives all classes the same probability, or the mean of the training targets. On the validation data it counts
no less than on the training data, so that a few validation targets close to that mean make nobody diverge.
"""

from __future__ import annotations

import math

from torch import Tensor

from core.engine.batches import Subset, Tensors

FACTOR = 1000
"""Far beyond what overfitting or a bad start does, and far below what would overflow."""


def broken(flat_RP: Tensor, logged_R3: Tensor, *losses_R: Tensor) -> Tensor:
    """Whether something of each run is not finite (R,): its weights, what was logged, and its evaluated losses."""
    finite_R = flat_RP.amin(1).isfinite() & flat_RP.amax(1).isfinite() & logged_R3.isfinite().all(1)  # a tenth of the time over all
    for loss_R in losses_R:
        finite_R &= loss_R.isfinite()
    return ~finite_R


def beyond(train_R: Tensor, val_R: Tensor, data: Tensors) -> Tensor:
    """Whether the training or the validation loss of each run is above FACTOR times that of a constant prediction (R,)."""
    of_train, of_val = constant_losses(data)
    return (train_R > FACTOR * of_train) | (val_R > FACTOR * of_val)


def constant_losses(data: Tensors) -> tuple[float, float]:
    """What a constant prediction has on the training and on the validation data; infinite where the training targets are all the same."""
    if data.task == "classification":
        return math.log(data.classes), math.log(data.classes)
    mean = data.train.y_N.mean()
    of_train, of_val = (_squared_error(part, mean) for part in (data.train, data.val))
    return of_train or math.inf, max(of_train, of_val) or math.inf


def _squared_error(part: Subset, guess: Tensor) -> float:
    return float((part.y_N - guess).square().mean()) if len(part) else 0.0
