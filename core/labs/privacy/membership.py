"""Membership inference: decides from the loss whether an example was among the training examples of a network.

An overfitted network has a lower loss on its training examples. The attack calls an example a member if its loss is below a threshold.
Over all thresholds, its quality is the area under the ROC curve (AUC): 0.5 is guessing, 1 is always right. The area is the probability
that a member has a lower loss than a non-member.

Members are the training examples; the others are those of validation and test. The engine trains two networks: one without
regularization, and one with decoupled weight decay. The data set is MNIST-1D, because these networks overfit it, but hardly the digits.

Source: Yeom et al. 2018, "Privacy risk in machine learning: analyzing the connection to overfitting" (arXiv:1709.01604).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from pandas import DataFrame
from pydantic import Field

from core.choices.base import Choice, Fraction, LearningRate, NonNegative
from core.data.loading import load_data
from core.labs.training import trained
from core.settings import RunSettings

if TYPE_CHECKING:
    from torch import nn

OVERFITTED, REGULARISED = "overfitted", "regularised"


class Membership(Choice):
    """The data, the network, and the regularization of the second network."""

    data: Literal["mnist1d", "digits"] = Field("mnist1d", description="Data set. The networks overfit MNIST-1D, but hardly the digits.")
    samples: int = Field(2000, ge=200, le=5_000, description="Number of MNIST-1D examples in all three parts together.")
    hidden: int = Field(128, ge=1, le=512, description="Hidden units.")
    epochs: int = Field(40, ge=1, le=200, description="Number of epochs of both networks.")
    lr: LearningRate = 0.003
    weight_decay: NonNegative = Field(3.0, description="Decoupled weight decay of the regularised network.")
    dropout: Fraction = Field(0.0, description="Dropout of the regularised network.")

    def runs(self, seed: int) -> dict[str, RunSettings]:
        """Returns the two runs of a seed, by name."""
        optimizer: dict[str, dict[str, Any]] = {
            OVERFITTED: {"kind": "adam"},
            REGULARISED: {"kind": "adamw", "weight_decay": self.weight_decay},
        }
        dropout = {OVERFITTED: 0.0, REGULARISED: self.dropout}
        return {
            name: RunSettings.model_validate(
                {
                    "data": {"kind": "mnist1d", "samples": self.samples} if self.data == "mnist1d" else "digits",
                    "model": {"kind": "mlp", "hidden": [self.hidden], "dropout": dropout[name]},
                    "optimizer": {**own, "lr": self.lr},
                    "training": {"epochs": self.epochs, "evaluate_every": 1_000_000},
                    "seed": seed,
                }
            )
            for name, own in optimizer.items()
        }


class Inference(NamedTuple):
    """The results of the attack.

    auc: seed, model, auc, train_accuracy, other_accuracy. One row for each seed and model.
    losses: model, seed, member, loss. One row for each example, of the first seed.
    roc: model, false_positives, true_positives (fractions). The ROC curve of the first seed.
    """

    auc: DataFrame
    losses: DataFrame
    roc: DataFrame


def infer(membership: Membership | None = None, seeds: Sequence[int] = (0,)) -> Inference:
    """Trains both networks for each seed as one stack, and attacks them; takes about a second for one seed. Imports torch."""
    membership = membership or Membership()
    named = {(seed, name): run for seed in seeds for name, run in membership.runs(seed).items()}
    models = trained(list(named.values()))
    measured = [(seed, name, losses(models[run.key], run)) for (seed, name), run in named.items()]
    auc = DataFrame([{"seed": seed, "model": name, **_quality(frame)} for seed, name, frame in measured])
    first = [(name, frame) for seed, name, frame in measured if seed == seeds[0]]
    shown = pd.concat([frame.assign(model=name, seed=seeds[0]) for name, frame in first], ignore_index=True)
    return Inference(auc, shown[["model", "seed", "member", "loss"]], pd.concat([_roc(name, frame) for name, frame in first]))


def attacks(seeds: int, **settings: Any) -> DataFrame:
    """Returns AUC and accuracies for the seeds 0, 1, ...: seed, model, auc, train_accuracy, other_accuracy."""
    return infer(Membership.model_validate(settings), range(seeds)).auc


def auc_of(member: np.ndarray, loss: np.ndarray) -> float:
    """Returns the area under the ROC curve of the rule "its loss is low"."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(member, -loss))


def losses(model: nn.Module, run: RunSettings) -> DataFrame:
    """Returns member, loss (cross-entropy in nats), right (whether the class is right). One row for each example, members first."""
    import torch
    from torch.nn import functional

    split = load_data(run.data)
    x_ND = torch.tensor(np.concatenate([split.x_train, split.x_val, split.x_test]), dtype=torch.float32)
    y_N = torch.tensor(np.concatenate([split.y_train, split.y_val, split.y_test]))
    with torch.no_grad():
        logits_NC = model(x_ND).double()
        loss_N = functional.cross_entropy(logits_NC, y_N, reduction="none")
    member_N = np.arange(len(y_N)) < len(split.y_train)
    return DataFrame({"member": member_N, "loss": loss_N.numpy(), "right": (logits_NC.argmax(1) == y_N).numpy()})


def _quality(frame: DataFrame) -> dict[str, float]:
    right = frame.groupby("member")["right"].mean()
    auc = auc_of(frame["member"].to_numpy(), frame["loss"].to_numpy())
    return {"auc": auc, "train_accuracy": float(right[True]), "other_accuracy": float(right[False])}


def _roc(name: str, frame: DataFrame) -> DataFrame:
    from sklearn.metrics import roc_curve

    false_positives, true_positives, _ = roc_curve(frame["member"], -frame["loss"])
    return DataFrame({"model": name, "false_positives": false_positives, "true_positives": true_positives})
