"""When a run counts as diverged.

There are three signs, each judged for one run alone:

- A weight, the logged loss or penalty, or an evaluated loss is not finite, at any evaluation. The run ends there.
- The arithmetic of its optimizer overflows or divides by zero. Its weights are then set to NaN, which the next evaluation finds.
- At the last evaluation, its training loss (the logged one, if no training examples are evaluated) or its validation loss is above
  FACTOR times the loss of a constant prediction. Earlier evaluations do not count: a run may recover, and a range test needs to show
  how the loss blows up.

The constant prediction gives all classes the same probability, or predicts the mean of the training targets. On the validation data its
loss counts as at least the one on the training data, so that a few validation targets close to that mean let no run diverge.
"""

from __future__ import annotations

import math

from torch import Tensor

from core.engine.batches import Subset, Tensors

FACTOR = 1000
"""Far above the losses of overfitting or of a bad start, and far below the losses that overflow."""


def broken(flat_RP: Tensor, logged_R3: Tensor, *losses_R: Tensor) -> Tensor:
    """Whether some value of each run is not finite (R,): its weights, its logged values or its evaluated losses."""
    finite_R = (
        flat_RP.amin(1).isfinite() & flat_RP.amax(1).isfinite() & logged_R3.isfinite().all(1)
    )  # amin and amax take a tenth of the time of isfinite over all weights
    for loss_R in losses_R:
        finite_R &= loss_R.isfinite()
    return ~finite_R


def beyond(train_R: Tensor, val_R: Tensor, data: Tensors) -> Tensor:
    """Whether the training or the validation loss of each run is above FACTOR times the loss of a constant prediction (R,)."""
    of_train, of_val = constant_losses(data)
    return (train_R > FACTOR * of_train) | (val_R > FACTOR * of_val)


def constant_losses(data: Tensors) -> tuple[float, float]:
    """The losses of a constant prediction on the training and validation data; infinite if all training targets are equal."""
    if data.task == "classification":
        return math.log(data.classes), math.log(data.classes)
    mean = data.train.y_N.mean()
    of_train, of_val = (_squared_error(part, mean) for part in (data.train, data.val))
    return of_train or math.inf, max(of_train, of_val) or math.inf


def _squared_error(part: Subset, guess: Tensor) -> float:
    return float((part.y_N - guess).square().mean()) if len(part) else 0.0
