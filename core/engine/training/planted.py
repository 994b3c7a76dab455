"""What the planted mistakes of single runs do to gradients and weights: a flipped sign, gradients that add up, frozen layers.

Shapes: R runs, P parameters.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from core.engine.network.networks import Layout
from core.engine.stack import ALL_ROWS, State
from core.settings import RunSettings


class Planted:
    """The mistakes of a stack in which runs may differ (those that are not `apart`)."""

    def __init__(self, runs: Sequence[RunSettings], state: State, layout: Layout) -> None:
        """Takes the values of frozen layers from the parameters in `state`: they have not changed since the start."""
        self.state, flat_RP = state, state["parameters"]
        signs = [[run.mistake.sign] for run in runs]
        self.sign_R1 = flat_RP.new_tensor(signs) if any(sign < 0 for (sign,) in signs) else None
        self.adding = [row for row, run in enumerate(runs) if run.mistake.adds_up]
        self.frozen_RP = _frozen(runs, layout, flat_RP)
        self.start_RP = None if self.frozen_RP is None else flat_RP.clone()

    def turn(self, grad_RP: Tensor, rows: slice = ALL_ROWS) -> None:
        """Turns the gradient of a loss that is maximised, in place, of the runs in `rows`."""
        if self.sign_R1 is not None:
            grad_RP.mul_(self.sign_R1[rows])

    def follow(self, grad_RP: Tensor, rows: slice = ALL_ROWS) -> None:
        """Adds what the update before left, where nobody empties the gradient, and takes that of frozen layers away; in place."""
        if "left" in self.state:
            grad_RP.add_(self.state["left"][rows])
        if self.frozen_RP is not None:
            grad_RP.masked_fill_(self.frozen_RP[rows], 0)

    def leave(self, grad_RP: Tensor) -> None:
        """Remembers what stays in the gradient for the next update: nothing in the runs that empty it."""
        if self.adding:
            self.state["left"] = torch.zeros_like(grad_RP)
            self.state["left"][self.adding] = grad_RP[self.adding]

    def hold(self, flat_RP: Tensor) -> None:
        """Puts frozen layers back to where they started, in place."""
        if self.frozen_RP is not None and self.start_RP is not None:
            flat_RP.copy_(self.start_RP.where(self.frozen_RP, flat_RP))


def _frozen(runs: Sequence[RunSettings], layout: Layout, like: Tensor) -> Tensor | None:
    """True where a parameter is not trained (R, P); None where all are."""
    frozen_RP = torch.zeros_like(like, dtype=torch.bool)
    for row, run in enumerate(runs):
        for layer in run.mistake.frozen(list(layout.layers)):
            frozen_RP[row, layout.layers[layer]] = True
    return frozen_RP if frozen_RP.any() else None
