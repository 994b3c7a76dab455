"""The score of the best constant prediction, which ignores the inputs. Every useful network must do better.

Shapes: N examples, C classes, O outputs.
"""

from __future__ import annotations

import torch
from torch import Tensor

from core.engine.batches import Subset, Tensors
from core.engine.measuring.scores import scores
from core.engine.records import TEST_SCORES, VAL_SCORES


def baselines(data: Tensors) -> dict[str, float]:
    """The scores of one constant prediction on the validation and the test part: `baseline_val_loss`, ...; NaN for an empty part.

    The prediction is fitted on the training part. For a regression it is the mean of the targets; for a classification it is the most
    frequent class, and the loss takes the class shares as probabilities. A class that is missing in the training part gets the
    probability 2e-16, as in scikit-learn's `log_loss`.
    """
    constant_O = _constant(data)
    found: dict[str, float] = {}
    for part, names in ((data.val, VAL_SCORES), (data.test, TEST_SCORES)):
        found |= {f"baseline_{name}": value for name, value in zip(names, _reached(constant_O, part, data.task), strict=True)}
    return found


def _constant(data: Tensors) -> Tensor:
    """The outputs (O,) for every example: the mean target, or the logarithms of the class shares."""
    if data.task == "regression":
        return data.train.y_N.double().mean()[None]
    counts_C = torch.bincount(data.train.y_N.flatten(), minlength=data.classes)
    return (counts_C.double() / counts_C.sum()).clamp(min=torch.finfo(torch.float64).eps).log()


def _reached(constant_O: Tensor, part: Subset, task: str) -> list[float]:
    if not len(part):
        return [torch.nan] * len(VAL_SCORES)
    targets_N = part.y_N.flatten()  # every position of an example gets the same prediction
    reached = scores(constant_O.expand(1, len(targets_N), -1), targets_N, task, part.unit)
    return [column[0] for column in reached.columns(VAL_SCORES).values()]
