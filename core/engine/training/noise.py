"""The random parts of a batch apart from its examples: dropout masks, noise, mixup. Runs with the same seed share one draw.

Shapes: R runs, B examples of a batch, D features, P parameters.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from core.engine.streams import Draws, generator, mixed, stream_seed, uniforms
from core.settings import RunSettings

INPUT, MIXUP, GRADIENT = range(3)  # counters that separate the uses of the noise stream


class BatchNoise:
    """Dropout masks, input noise, mixup and gradient noise of a stack."""

    def __init__(self, runs: Sequence[RunSettings], like: Tensor) -> None:
        self.masks, self.noise = Draws(runs, "dropout", like), Draws(runs, "noise", like)
        self.input_R = like.new_tensor([run.training.input_noise for run in runs])
        self.gradient_R = like.new_tensor([run.training.gradient_noise for run in runs])
        self.mixup = [run.training.mixup for run in runs]
        self.seeds = [stream_seed(run, "noise") for run in runs]
        self.on_inputs = bool(self.input_R.any())
        self.on_gradients = bool(self.gradient_R.any())
        self.mixes = any(self.mixup)

    def uniforms(self, layer: int, step: int, shape: tuple[int, ...], rows: slice) -> Tensor:
        """The uniform numbers for one layer's dropout masks (R, *shape)."""
        return self.masks(lambda seed: uniforms(seed, layer, step, shape), rows)

    def add_to_inputs(self, x_RBD: Tensor, step: int, rows: slice) -> Tensor:
        """The batch with each run's noise added to its features."""
        if not self.on_inputs:
            return x_RBD
        normal_RBD = self.noise(lambda seed: torch.randn(x_RBD.shape[1:], generator=generator(seed, "noise", INPUT, step)), rows)
        return x_RBD + self.input_R[rows, None, None] * normal_RBD

    def add_to_gradient(self, grad_RP: Tensor, step: int, rows: slice) -> None:
        """Adds each run's noise to its gradient, in place."""
        if self.on_gradients:
            normal_RP = self.noise(lambda seed: torch.randn(grad_RP.shape[1:], generator=generator(seed, "noise", GRADIENT, step)), rows)
            grad_RP += self.gradient_R[rows, None] * (1 + step) ** -0.275 * normal_RP

    def mixing(self, step: int, examples: int, rows: slice) -> tuple[Tensor, Tensor] | None:
        """Mixup: the first example's share in each run (R, 1), and the batch position of the second example (R, B); None without mixup."""
        if not self.mixes:
            return None
        drawn = [_mixing(seed, alpha, step, examples) for seed, alpha in zip(self.seeds[rows], self.mixup[rows], strict=True)]
        share_R1 = self.input_R.new_tensor([[share] for share, _ in drawn])
        return share_R1, torch.tensor(np.stack([place for _, place in drawn]), device=self.input_R.device)


def _mixing(seed: int, alpha: float, step: int, examples: int) -> tuple[float, np.ndarray]:
    rng = np.random.default_rng(mixed(seed, "noise", MIXUP, step))
    place = rng.permutation(examples)
    return (float(rng.beta(alpha, alpha)), place) if alpha else (1.0, place)
