"""The data of a stack as tensors, and the order in which its runs draw examples.

Shapes: R runs, N examples, D features, B examples of a batch, K classified positions of an example.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from core.data.loading import Split
from core.engine.network.networks import DTYPES
from core.engine.planning import measured_examples
from core.engine.stack import Stack, device_of, labelled
from core.engine.streams import epoch_order, stream_seed
from core.engine.training_data import split_of


@dataclass(frozen=True)
class Subset:
    """One part of a split: x is (N, D); y is (N,) class numbers (int64), (N,) targets in `unit`, or (N, K) class numbers."""

    x_ND: Tensor
    y_N: Tensor
    unit: float = 1.0

    def __len__(self) -> int:
        return len(self.y_N)

    def take(self, index_RB: Tensor) -> tuple[Tensor, Tensor]:
        """The examples of one batch for each run: x (R, B, D), y (R, B) or (R, B, K)."""
        flat = index_RB.flatten()
        y = self.y_N.index_select(0, flat).view(*index_RB.shape, *self.y_N.shape[1:])
        return self.x_ND.index_select(0, flat).unflatten(0, index_RB.shape), y


@dataclass(frozen=True)
class Tensors:
    """The three parts of a split on one device, in one dtype."""

    train: Subset
    val: Subset
    test: Subset
    task: str
    classes: int
    target_std: float = math.nan  # standard deviation of a regression's training targets, in their own unit; NaN for classification


def tensors_of(stack: Stack) -> Tensors:
    """The data of a stack. They are cached, so that its runs and the later segments in this process share them."""
    run = stack.runs[0]
    return _tensors(split_of(run), DTYPES[run.training.dtype], device_of(run))


@lru_cache(maxsize=4)
def _tensors(split: Split, dtype: torch.dtype, device: torch.device) -> Tensors:
    def subset(x: np.ndarray, y: np.ndarray) -> Subset:
        target = torch.tensor(y, dtype=torch.long if split.task == "classification" else dtype)
        return Subset(torch.tensor(x, dtype=dtype).to(device), target.to(device), split.target_unit)

    parts = (subset(split.x_train, split.y_train), subset(split.x_val, split.y_val), subset(split.x_test, split.y_test))
    return Tensors(*parts, split.task, split.outputs, split.target_std)


def measured_part(stack: Stack) -> Subset:
    """The training examples that each evaluation uses: all, a sample that depends only on the data's split_seed, or none."""
    part, size = tensors_of(stack).train, measured_examples(stack.runs[0])
    if size is None or size >= len(part):
        return part
    rng = np.random.default_rng([stack.runs[0].data.split_seed, MEASURED])
    rows_N = torch.from_numpy(np.sort(rng.permutation(len(part))[:size])).to(part.x_ND.device)
    return Subset(part.x_ND[rows_N], part.y_N[rows_N])


MEASURED = 1
"""Added to the split's seed, so that this sample is drawn independently of the examples whose labels are known."""


def known_labels(stack: Stack) -> Tensor | None:
    """1 for each training example whose label the runs may use, else 0: (N,). None if they may use all labels."""
    known = labelled(stack.runs[0])
    if known is None:
        return None
    known_N = torch.zeros(len(split_of(stack.runs[0]).y_train), dtype=stack.flat_RP.dtype, device=stack.flat_RP.device)
    known_N[torch.from_numpy(known)] = 1
    return known_N


def epoch_indices(stack: Stack, epoch: int) -> Tensor:
    """The examples that each run draws in an epoch, in order: (R, draws). Runs with the same seed and sampling draw the same ones."""
    draws, examples = stack.draws, stack.of_an_epoch.examples
    if stack.order_RED is not None:
        return stack.order_RED[:, epoch, :draws].to(stack.flat_RP.device)
    drawn: dict[tuple[int, str], np.ndarray] = {}
    for run in stack.runs:
        name = (stream_seed(run, "order"), run.training.sampling)
        if name not in drawn:
            drawn[name] = epoch_order(run, epoch, examples)[:draws]
            if stack.only_labelled is not None:
                drawn[name] = stack.only_labelled[drawn[name]]
    order_RN = np.stack([drawn[stream_seed(run, "order"), run.training.sampling] for run in stack.runs])
    return torch.from_numpy(order_RN).to(stack.flat_RP.device)
