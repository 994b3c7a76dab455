"""Gradient clipping in a stack, with each run's own choice. Shapes: R runs, P parameters, N remembered norms."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from core.choices.clipping import NoClipping
from core.engine.stack import State
from core.settings import RunSettings


class Clipper:
    """Clips rows of the gradient in place. State entry: `norms`, the latest gradient norms of each run, if any run is clipped by them."""

    def __init__(self, runs: Sequence[RunSettings], state: State) -> None:
        self.state, self.count = state, len(runs)
        distinct = dict.fromkeys(run.clipping for run in runs if not isinstance(run.clipping, NoClipping))
        self.rows_by_clipping = {clipping: [row for row, run in enumerate(runs) if run.clipping == clipping] for clipping in distinct}
        self.window = max((clipping.remembered for clipping in self.rows_by_clipping), default=0)

    def remember(self, grad_RP: Tensor) -> None:
        """Adds the gradient norms of this update to the remembered ones."""
        if self.window:
            known_RN = self.state.get("norms", grad_RP.new_full((self.count, self.window), torch.nan))
            self.state["norms"] = torch.cat([known_RN[:, 1:], grad_RP.norm(dim=1, keepdim=True)], dim=1)

    def clip(self, grad_RP: Tensor, only: int | None = None) -> None:
        """Clips every row of the stack's gradient, or just the row `only`."""
        for clipping, rows in self.rows_by_clipping.items():
            chosen = rows if only is None else [row for row in rows if row == only]
            norms_RN = self.state["norms"][chosen] if "norms" in self.state else grad_RP[chosen, :0]
            if len(chosen) == self.count:
                clipping.apply(grad_RP, norms_RN)
            elif chosen:
                part_RP = grad_RP[chosen]
                clipping.apply(part_RP, norms_RN)
                grad_RP[chosen] = part_RP
