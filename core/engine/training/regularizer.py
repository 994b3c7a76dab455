"""Penalties and constraints on the weights of a stack, with each run's own strengths.

Shapes: R runs, P parameters, G groups (the units of a layer, or the whole layer), W weights of a group.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import get_args

import torch
from torch import Tensor

from core.choices import penalties
from core.engine.network.networks import Layout
from core.engine.stack import ALL_ROWS
from core.settings import RunSettings

GROUPS: tuple[penalties.Groups, ...] = get_args(penalties.Groups)
GROUPS_OF: dict[penalties.Groups, Callable[[int], int]] = {"unit": lambda units: units, "layer": lambda units: 1}
"""The number of groups in a layer with that number of units."""

APPLIED = {"l1", "l1_proximal", "l2_squared", "l2_norm", "l2_norm_proximal", "groups", "decoupled_decay", "max_norm"}
if forgotten := set(penalties.Penalty.model_fields) - APPLIED:
    raise TypeError(f"no penalty is computed for {', '.join(sorted(forgotten))}; add it to core.engine.training.regularizer")


class Regularizer:
    """Applies the fields of `Penalty` to the matrix of parameters (R, P)."""

    def __init__(self, runs: Sequence[RunSettings], layout: Layout, like: Tensor) -> None:
        self.matrices = [(columns, shape[0]) for _, columns, shape in layout.parameters if len(shape) > 1]
        self.columns_P = layout.weight_columns(like.device)

        def strengths(name: str, groups: str | None = None) -> Tensor:
            chosen = [getattr(run.penalty, name) if groups in (None, run.penalty.groups) else 0.0 for run in runs]
            return like.new_tensor(chosen)

        self.l1_R, self.l1_proximal_R, self.l2_squared_R = strengths("l1"), strengths("l1_proximal"), strengths("l2_squared")
        self.l2_norm_R = {groups: strengths("l2_norm", groups) for groups in GROUPS}
        self.l2_proximal_R = {groups: strengths("l2_norm_proximal", groups) for groups in GROUPS}
        self.decay_R = strengths("decoupled_decay")
        self.longest_R = like.new_tensor([math.inf if run.penalty.max_norm is None else run.penalty.max_norm for run in runs])
        self.grouped = any(bool(s.any()) for s in (*self.l2_norm_R.values(), *self.l2_proximal_R.values()))
        self.proximal = bool(self.l1_proximal_R.any()) or any(bool(s.any()) for s in self.l2_proximal_R.values())
        self.limited = bool(self.longest_R.isfinite().any())
        self.penalised = self.proximal or self.grouped or bool(self.l1_R.any() or self.l2_squared_R.any())
        self.decays = bool(self.decay_R.any())
        self.needs_rates = self.proximal or self.decays

    def penalise(self, flat_RP: Tensor, grad_RP: Tensor, rows: slice = ALL_ROWS) -> Tensor | None:
        """Adds the gradients of the penalties to `grad_RP`; returns their values (R,), or None if there are no penalties.

        Proximal penalties have a value but no gradient: their step comes after the update. With `rows`, the tensors have only these
        runs' rows.
        """
        if not self.penalised:
            return None
        weights_RP = flat_RP * self.columns_P
        l1_R, l2_R = self.l1_R[rows], self.l2_squared_R[rows]
        grad_RP += l1_R[:, None] * penalties.l1_gradient(weights_RP) + 2 * l2_R[:, None] * weights_RP
        value_R = _counted(l1_R + self.l1_proximal_R[rows], weights_RP.abs().sum(1)) + _counted(l2_R, weights_RP.square().sum(1))
        if self.grouped:
            value_R = value_R + self._penalise_groups(flat_RP, grad_RP, rows)
        return value_R

    def _penalise_groups(self, flat_RP: Tensor, grad_RP: Tensor, rows: slice) -> Tensor:
        value_R = torch.zeros_like(flat_RP[:, 0])
        for kind, part_RP, columns, w_RGW in self._groups(flat_RP):
            strength_R = self.l2_norm_R[kind][rows]
            grad_RP[:, columns] += (strength_R[:, None, None] * penalties.group_gradient(w_RGW)).view_as(part_RP)
            value_R += _counted(strength_R + self.l2_proximal_R[kind][rows], penalties.group_norm(w_RGW).sum((1, 2)))
        return value_R

    def _groups(self, flat_RP: Tensor) -> Iterator[tuple[penalties.Groups, Tensor, slice, Tensor]]:
        for columns, units in self.matrices:
            part_RP = flat_RP[:, columns]
            for kind in GROUPS:
                yield kind, part_RP, columns, part_RP.unflatten(1, (GROUPS_OF[kind](units), -1))

    def decay(self, flat_RP: Tensor, lr_R: Tensor) -> None:
        """Applies decoupled weight decay before the update, in place."""
        if self.decays:
            flat_RP.mul_(1 - (lr_R * self.decay_R)[:, None] * self.columns_P)

    def constrain(self, flat_RP: Tensor, lr_R: Tensor) -> None:
        """Applies proximal steps and norm limits after the update, in place."""
        if not (self.proximal or self.limited):
            return
        if self.l1_proximal_R.any():
            by_RP = (lr_R * self.l1_proximal_R)[:, None] * self.columns_P
            flat_RP.copy_(penalties.soft_threshold(flat_RP, by_RP))
        for kind, strength_R in self.l2_proximal_R.items():
            if strength_R.any():
                self._apply(kind, flat_RP, penalties.shrink_groups, (lr_R * strength_R)[:, None, None])
        if self.limited:
            self._apply("unit", flat_RP, penalties.limit_groups, self.longest_R[:, None, None])

    def _apply(self, kind: str, flat_RP: Tensor, step: Callable[[Tensor, Tensor], Tensor], by_R11: Tensor) -> None:
        for name, part_RP, _, w_RGW in self._groups(flat_RP):
            if name == kind:
                part_RP.copy_(step(w_RGW, by_R11).view_as(part_RP))


def _counted(strength_R: Tensor, size_R: Tensor) -> Tensor:
    """strength * size, but 0 if the strength is 0: in a run without the penalty, the squares of the weights may overflow."""
    return (strength_R * size_R).where(strength_R > 0, 0.0)
