"""The losses and scores of a stack, for each run separately.

Shapes: R runs, B examples of a batch, N examples, C classes, H units of a layer, D features, K classified positions of an example.
K is 1 for all data but `copy`, where outputs are (R, B, K * C) and targets (R, B, K).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from core.engine.batches import Subset
from core.engine.kernels.cross_entropy import CrossEntropy, cross_entropy, logits_gradient
from core.engine.measuring.outputs import VALIDATION, outputs_on
from core.engine.network.networks import Network
from core.engine.records import SCORES

TINY = 1e-30


def losses(outputs_RBC: Tensor, target_RB: Tensor, task: str, smoothing_R1: Tensor | None = None) -> Tensor:
    """Cross-entropy in nats (averaged over the positions of an example), or squared error, of every example: (R, B).

    `smoothing_R1` is each run's label smoothing: the share of a label that is spread evenly over all classes.
    """
    if task == "regression":
        return (outputs_RBC[:, :, 0] - target_RB).square()
    if target_RB.dim() > 2:
        loss_RM = losses(*each_position(outputs_RBC, target_RB), task, smoothing_R1)
        return loss_RM.view(target_RB.shape).mean(2)
    loss_RB: Tensor = CrossEntropy.apply(outputs_RBC, target_RB)
    if smoothing_R1 is None:
        return loss_RB
    wanted_RB = outputs_RBC.gather(2, target_RB[:, :, None])[:, :, 0]
    return loss_RB + smoothing_R1 * (wanted_RB - outputs_RBC.mean(2))


def loss_and_gradient(outputs_RBC: Tensor, target_RB: Tensor, task: str, share_of: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
    """The losses as in `losses`, and the gradient with respect to the outputs (R, B, C) of their sum weighted by `share_of` (R, B)."""
    if task == "regression":
        off_RB = outputs_RBC[:, :, 0] - target_RB
        return off_RB.square(), (2 * share_of(off_RB) * off_RB)[:, :, None]
    loss_RB, shares = cross_entropy(outputs_RBC, target_RB)
    return loss_RB, logits_gradient(shares, share_of(loss_RB))


def each_position(outputs_RBO: Tensor, target_RBK: Tensor) -> tuple[Tensor, Tensor]:
    """Outputs (R, B, K * C) and targets (R, B, K) with each position as an example of its own: (R, B * K, C) and (R, B * K)."""
    positions = target_RBK.shape[2]
    return outputs_RBO.unflatten(2, (positions, -1)).flatten(1, 2), target_RBK.flatten(1)


@dataclass(frozen=True)
class Scores:
    """Means over the examples of a part, for each run (R,); NaN if a score does not apply. `rmse` and `mae` are in the target's unit."""

    loss: Tensor
    accuracy: Tensor
    f1: Tensor
    rmse: Tensor
    mae: Tensor
    r2: Tensor

    def columns(self, names: Sequence[str]) -> dict[str, list[float]]:
        """The scores under these column names: one value for each run."""
        return {name: getattr(self, score).tolist() for name, score in zip(names, SCORES, strict=True)}


class Activity:
    """Mean, spread and dead units of each layer's activations over a set of examples, collected chunk by chunk.

    The sums are of differences from the first example, for each unit. Plain squares would lose a spread far below the mean to rounding, as
    that of a saturated sigmoid.
    """

    def __init__(self) -> None:
        self.first_RH: dict[str, Tensor] = {}
        self.sums_RH: dict[str, Tensor] = {}
        self.squares_RH: dict[str, Tensor] = {}
        self.count: dict[str, int] = {}  # examples times positions

    def add(self, layer: str, a_RBH: Tensor) -> None:
        """Adds a chunk of a layer's activations. With positions (R, B, C, *positions), each position counts as an example."""
        if layer not in self.first_RH:
            self.first_RH[layer] = a_RBH[:, 0].unflatten(1, (-1, 1)).flatten(2)[:, :, 0].clone()
        first_RH = self.first_RH[layer]
        sums_RH, squares_RH = _moments(a_RBH, first_RH)
        tiny_RH = squares_RH < TINY
        if tiny_RH.any():  # constant units, or units whose variation is too small for squares in float32
            run, unit = tiny_RH.nonzero(as_tuple=True)
            exact = a_RBH[run, :, unit].double().flatten(1) - first_RH[run, unit].double()[:, None]
            squares_RH[run, unit] = exact.square().sum(1)
        self.sums_RH[layer] = self.sums_RH.get(layer, 0) + sums_RH
        self.squares_RH[layer] = self.squares_RH.get(layer, 0) + squares_RH
        self.count[layer] = self.count.get(layer, 0) + a_RBH[0, :, 0].numel()

    def mean(self, layer: str) -> Tensor:
        """Mean over examples and units (R,)."""
        return (self.first_RH[layer] + self.sums_RH[layer] / self.count[layer]).mean(1)

    def std(self, layer: str) -> Tensor:
        """Root mean square over units of the standard deviation over examples (R,). It is 0 if the layer cannot tell the examples apart."""
        count = self.count[layer]
        variance_RH = self.squares_RH[layer] / count - (self.sums_RH[layer] / count).square()
        return variance_RH.clamp(min=0).mean(1).sqrt()

    def dead(self, layer: str) -> Tensor:
        """True for the units that are exactly 0 on every example (R, H)."""
        return (self.first_RH[layer] == 0) & (self.squares_RH[layer] == 0)


def _moments(a_RBH: Tensor, first_RH: Tensor) -> tuple[Tensor, Tensor]:
    """The sums over examples and positions of the difference from `first_RH` and of its square, in float64: (R, H) each."""
    if a_RBH.dim() == 4 and a_RBH.stride(1) == 1:  # examples are contiguous: one step at a time stays in the cache
        by_step = [_moments(step_RBH, first_RH) for step_RBH in a_RBH.unbind(3)]
        sums, squares = zip(*by_step, strict=True)
        return torch.stack(sums).sum(0), torch.stack(squares).sum(0)
    off_RBH = a_RBH - first_RH.view(len(first_RH), 1, -1, *[1] * (a_RBH.dim() - 3))
    over = (1, *range(3, a_RBH.dim()))
    sums_RH = off_RBH.sum(over).double()
    if off_RBH.dim() == 3 and off_RBH.stride(1) == 1:
        return sums_RH, torch.linalg.vector_norm(off_RBH, dim=1).double().square()  # does not store the squares
    return sums_RH, off_RBH.square_().sum(over).double()


@torch.no_grad()
def evaluate(
    network: Network, part: Subset, task: str, activity: Activity | None = None, *, step: int = 0, which: int = VALIDATION
) -> Scores:
    """The scores of R networks in eval mode on a whole part of the data, after `step` updates; NaN if the part is empty."""
    runs = network.flat_RP.shape[0]
    if not len(part):
        nothing = torch.full((runs,), torch.nan, device=network.flat_RP.device)
        return Scores(*[nothing] * len(SCORES))
    outputs_RNC = outputs_on(network, part.x_ND, activity.add if activity else None, step=step, part=which)
    return scores(outputs_RNC, part.y_N, task, part.unit)


def scores(outputs_RNC: Tensor, target_N: Tensor, task: str, unit: float = 1.0) -> Scores:
    """The scores of outputs (R, N, C) for targets (N,) in `unit`, or for targets (N, K), where each position counts as an example."""
    target_RN = target_N.expand(outputs_RNC.shape[0], *target_N.shape)
    if target_N.dim() > 1:
        outputs_RNC, target_RN = each_position(outputs_RNC, target_RN)
    loss_R = losses(outputs_RNC, target_RN, task).mean(1)
    nothing = torch.full_like(loss_R, torch.nan)
    if task == "regression":
        return Scores(loss_R, nothing, nothing, *errors(outputs_RNC[:, :, 0], target_N, unit))
    counts_RCC = confusion(highest(outputs_RNC), target_RN, outputs_RNC.shape[2])
    valid = loss_R.isfinite()
    accuracy_R = counts_RCC.diagonal(dim1=1, dim2=2).sum(1).to(loss_R.dtype) / target_RN.shape[1]
    f1_R = mean_f1(counts_RCC).to(loss_R.dtype)
    return Scores(loss_R, accuracy_R.where(valid, nothing), f1_R.where(valid, nothing), nothing, nothing, nothing)


def errors(guess_RN: Tensor, target_N: Tensor, unit: float) -> tuple[Tensor, Tensor, Tensor]:
    """Root mean squared error and mean absolute error in the target's own unit, and R squared (NaN if all targets are equal)."""
    off_RN = guess_RN - target_N
    square_R = off_RN.square().mean(1)
    constant = bool((target_N == target_N[0]).all())
    r2_R = torch.full_like(square_R, torch.nan) if constant else 1 - square_R / target_N.var(correction=0)
    return unit * square_R.sqrt(), unit * off_RN.abs().mean(1), r2_R


def highest(outputs_RNC: Tensor) -> Tensor:
    """The class with the highest output, the first one of equals (R, N). If an output is NaN, the class is arbitrary.

    torch's argmax over a few numbers at a time takes five times as long.
    """
    outputs_CRN = outputs_RNC.permute(2, 0, 1).contiguous()
    classes = len(outputs_CRN)
    rank_C11 = torch.arange(classes, 0, -1, device=outputs_RNC.device)[:, None, None]
    rank_CRN = torch.eq(outputs_CRN, outputs_CRN.amax(0), out=torch.empty_like(outputs_CRN)).mul_(rank_C11)
    return (classes - rank_CRN.amax(0).long()).clamp_(max=classes - 1)


def confusion(guess_RN: Tensor, target_RN: Tensor, classes: int) -> Tensor:
    """How often each class (first axis) is predicted as each class (second axis), with the runs in front: (R, C, C)."""
    runs = len(guess_RN)
    cell_RN = (torch.arange(runs, device=guess_RN.device)[:, None] * classes + target_RN) * classes + guess_RN
    return torch.bincount(cell_RN.flatten(), minlength=runs * classes**2).view(runs, classes, classes)


def mean_f1(counts_RCC: Tensor) -> Tensor:
    """Macro F1 (R,): the mean of F1 over the classes that occur among the targets or the predictions, as in scikit-learn."""
    true_positive_RC = counts_RCC.diagonal(dim1=1, dim2=2)
    named_RC = counts_RCC.sum(1) + counts_RCC.sum(2)
    return (2 * true_positive_RC.double() / named_RC).nanmean(1)
