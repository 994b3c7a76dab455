"""The effect of planted mistakes of single runs on gradients and weights: a flipped sign, accumulating gradients, frozen layers.

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
    """The planted mistakes in which the runs of a stack may differ (those that are not `apart`)."""

    def __init__(self, runs: Sequence[RunSettings], state: State, layout: Layout) -> None:
        """Reads the values of frozen layers from the parameters in `state`; they have not changed since the start."""
        self.state, flat_RP = state, state["parameters"]
        signs = [[run.mistake.sign] for run in runs]
        self.sign_R1 = flat_RP.new_tensor(signs) if any(sign < 0 for (sign,) in signs) else None
        self.adding = [row for row, run in enumerate(runs) if run.mistake.adds_up]
        self.frozen_RP = _frozen(runs, layout, flat_RP)
        self.start_RP = None if self.frozen_RP is None else flat_RP.clone()

    def turn(self, grad_RP: Tensor, rows: slice = ALL_ROWS) -> None:
        """Flips the gradient of the runs in `rows` that maximise their loss, in place."""
        if self.sign_R1 is not None:
            grad_RP.mul_(self.sign_R1[rows])

    def follow(self, grad_RP: Tensor, rows: slice = ALL_ROWS) -> None:
        """Adds the gradient that the previous update left in runs that never reset it, and zeroes that of frozen layers; in place."""
        if "left" in self.state:
            grad_RP.add_(self.state["left"][rows])
        if self.frozen_RP is not None:
            grad_RP.masked_fill_(self.frozen_RP[rows], 0)

    def leave(self, grad_RP: Tensor) -> None:
        """Stores the gradient for the next update; it is zero for the runs that reset their gradient."""
        if self.adding:
            self.state["left"] = torch.zeros_like(grad_RP)
            self.state["left"][self.adding] = grad_RP[self.adding]

    def hold(self, flat_RP: Tensor) -> None:
        """Sets frozen layers back to their starting values, in place."""
        if self.frozen_RP is not None and self.start_RP is not None:
            flat_RP.copy_(self.start_RP.where(self.frozen_RP, flat_RP))


def _frozen(runs: Sequence[RunSettings], layout: Layout, like: Tensor) -> Tensor | None:
    """True where a parameter is not trained (R, P); None if all are trained."""
    frozen_RP = torch.zeros_like(like, dtype=torch.bool)
    for row, run in enumerate(runs):
        for layer in run.mistake.frozen(list(layout.layers)):
            frozen_RP[row, layout.layers[layer]] = True
    return frozen_RP if frozen_RP.any() else None
