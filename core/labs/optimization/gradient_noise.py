"""How much the gradient of a mini-batch varies from draw to draw, against the batch size, at a network's initial weights.

For B examples drawn with replacement the gradient's variance is that of one example over B:

    noise(B) = sqrt(E |g_B - E g_B|^2) = sigma / sqrt(B),    sigma^2 = mean over examples of |g_i - g|^2

and without replacement, from N examples, sigma / sqrt(B) * sqrt((N - B) / (N - 1)), which is 0 for all N examples.

Here |.| is the Euclidean norm over all parameters, g_i one example's gradient and g their mean. The batch size at which noise and gradient
have the same norm, sigma^2 / |g|^2, is the simple noise scale of McCandlish et al. 2018 (arXiv:1812.06162).

Torch is imported inside the functions. Shapes: N examples, B of a batch, P parameters, K draws.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from core.choices.models import has_batch_norm
from core.data.loading import load_data
from core.labs.threads import one_thread
from core.settings import RunSettings

if TYPE_CHECKING:
    from torch import Tensor, nn

MOST_EXAMPLES = 2_048
"""Number of training examples, from the first on, from which batches are drawn."""

MOST_NUMBERS = 20_000_000
"""The most examples times parameters for which every example's own gradient is kept (80 MB in float32)."""

ROUNDING = 3e-6
"""The noise that float32 rounding can cause without any real noise, as a share of the largest number, for each parameter."""

FITTED_SHARE = 10
"""The line is fitted to batches of at most this fraction of the examples, because larger batches without replacement are less noisy."""


DIGITS: dict[str, Any] = {"kind": "digits", "validation_fraction": 0.33, "test_fraction": 0.1}
"""1,024 training examples, which every power of two up to that number divides."""


class GradientNoise(NamedTuple):
    """The results.

    table: batch_size, draws, noise (standard deviation of the gradient, over draws and all parameters together), ci_low, ci_high (95 %,
    from the spread of the draws' squared lengths), expected (the closed form; NaN for a network that mixes examples, as batch norm does).
    slope, intercept: of the line through log10 noise against log10 batch_size, for batches of at most a tenth of the examples. gradient:
    |g|, the norm of the mean gradient; sigma: of one example (NaN as above); noise_scale: sigma^2 / |g|^2, in examples.
    """

    table: pd.DataFrame
    slope: float
    intercept: float
    gradient: float
    sigma: float
    noise_scale: float
    examples: int


def measure(run: RunSettings, draws: int = 64, *, replacement: bool = True) -> GradientNoise:
    """The noise of a run's network at its initial weights, for batches of 1, 2, 4, ... up to all training examples.

    Args:
        run: determines network, data and initial weights. Dropout and other training noise is off: the network is in eval mode, except that
            batch norm uses each batch's own statistics, and therefore begins at 2 examples.
        draws: number of mini-batches of each size.
        replacement: draw the examples of a batch with replacement, or each at most once.

    Raises ValueError below two draws, DataError and SettingsError as `build_model`.
    """
    if draws < 2:
        raise ValueError(f"draws must be at least 2 for a standard deviation, not {draws}")
    model, x_ND, y_N = _prepared(run)
    examples, mixes = len(x_ND), has_batch_norm(run.model)
    each_NP = None if mixes or examples * _parameters(model) > MOST_NUMBERS else _of_each(model, x_ND, y_N)
    mean_P = _gradients(model, x_ND, y_N, [np.arange(examples)])[0]
    sigma = math.nan if each_NP is None else float(np.sqrt(((each_NP - mean_P) ** 2).sum(1).mean()))
    rng = np.random.default_rng(run.seed)
    rows = []
    for size in sizes(examples, smallest=2 if mixes else 1):
        batches = [_drawn(rng, examples, size, replacement=replacement) for _ in range(draws)]
        found_KP = _gradients(model, x_ND, y_N, batches) if each_NP is None else _averaged(each_NP, batches)
        rows.append({"batch_size": size, "draws": draws, **_spread(found_KP), "expected": expected(sigma, size, examples, replacement)})
    table, length = pd.DataFrame(rows), float(np.linalg.norm(mean_P))
    slope, intercept = fitted_slope(table, examples)
    return GradientNoise(table, slope, intercept, length, sigma, sigma**2 / length**2 if length else math.inf, examples)


def sizes(examples: int, smallest: int = 1) -> list[int]:
    """Powers of two from `smallest` on below the number of examples, and that number itself."""
    powers = [2**power for power in range(examples.bit_length()) if smallest <= 2**power < examples]
    return [*powers, examples]


def expected(sigma: float, size: int, examples: int, replacement: bool) -> float:
    """The closed form above."""
    left = 1.0 if replacement or examples < 2 else (examples - size) / (examples - 1)
    return sigma / math.sqrt(size) * math.sqrt(left)


def fitted_slope(table: pd.DataFrame, examples: int) -> tuple[float, float]:
    """Slope and intercept of log10 noise against log10 batch_size by least squares, over batches of at most a tenth of the examples.

    NaN if fewer than two such batches have any noise.
    """
    used = table[(table["batch_size"] * FITTED_SHARE <= examples) & (table["noise"] > 0)]
    if len(used) < 2:
        return math.nan, math.nan
    slope, intercept = np.polyfit(np.log10(used["batch_size"]), np.log10(used["noise"]), 1)
    return float(slope), float(intercept)


def _prepared(run: RunSettings) -> tuple[nn.Module, Tensor, Tensor]:
    """The network without dropout, and the examples."""
    import torch

    from core.engine.network.networks import build_model

    split = load_data(run.data)
    model = build_model(run).float().eval()
    for module in model.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.train()
    x_ND = torch.tensor(split.x_train[:MOST_EXAMPLES], dtype=torch.float32)
    y_N = torch.tensor(split.y_train[:MOST_EXAMPLES])
    return model, x_ND, y_N.float() if y_N.is_floating_point() else y_N


def _parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def _of_each(model: nn.Module, x_ND: Tensor, y_N: Tensor) -> np.ndarray:
    """Every example's own gradient: (N, P). All at once by torch.func if the layers allow it (recurrent ones do not)."""
    import torch
    from torch.func import functional_call, grad, vmap

    weights: dict[str, Tensor] = {name: parameter.detach() for name, parameter in model.named_parameters()}

    def loss(weights: dict[str, Tensor], x_D: Tensor, y: Tensor) -> Tensor:
        return loss_of(functional_call(model, weights, (x_D[None],)), y[None])

    try:
        found = vmap(grad(loss), in_dims=(None, 0, 0), chunk_size=256)(weights, x_ND, y_N)
    except RuntimeError:
        return _gradients(model, x_ND, y_N, [np.array([place]) for place in range(len(x_ND))])
    return torch.cat([part.reshape(len(x_ND), -1) for part in found.values()], 1).detach().numpy()


def _averaged(each_NP: np.ndarray, batches: list[np.ndarray]) -> np.ndarray:
    """The gradients of the batches, each the mean of its examples' gradients: (K, P)."""
    share_KN = np.stack([np.bincount(batch, minlength=len(each_NP)) / len(batch) for batch in batches])
    return np.asarray(share_KN.astype(each_NP.dtype) @ each_NP)


def _gradients(model: nn.Module, x_ND: Tensor, y_N: Tensor, batches: list[np.ndarray]) -> np.ndarray:
    """The gradient of the mean loss of each batch, as rows over all parameters: (K, P)."""
    return np.stack(list(_each(model, x_ND, y_N, batches)))


def _each(model: nn.Module, x_ND: Tensor, y_N: Tensor, batches: list[np.ndarray]) -> Iterator[np.ndarray]:
    import torch

    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    for batch in batches:
        rows = torch.as_tensor(batch)
        loss = loss_of(model(x_ND[rows]), y_N[rows])
        grads = torch.autograd.grad(loss, parameters, allow_unused=True, materialize_grads=True)
        yield torch.cat([grad.reshape(-1) for grad in grads]).numpy()


def loss_of(output: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy for classification (for K positions per example, averaged over them), else the mean squared error."""
    from torch.nn import functional

    if target.is_floating_point():
        return functional.mse_loss(output.reshape(target.shape), target)
    positions = target.reshape(-1)
    return functional.cross_entropy(output.reshape(len(positions), -1), positions)


def _drawn(rng: np.random.Generator, examples: int, size: int, *, replacement: bool) -> np.ndarray:
    return rng.integers(0, examples, size) if replacement else rng.permutation(examples)[:size]


def _spread(found_KP: np.ndarray) -> dict[str, float]:
    """The standard deviation over the K draws with Bessel's correction, and its interval."""
    squares = ((found_KP - found_KP.mean(0)) ** 2).sum(1) * len(found_KP) / (len(found_KP) - 1)
    variance, half = float(squares.mean()), 1.96 * float(squares.std(ddof=1)) / math.sqrt(len(squares))
    if variance < (ROUNDING * float(np.abs(found_KP).max())) ** 2 * found_KP.shape[1]:
        return {"noise": 0.0, "ci_low": 0.0, "ci_high": 0.0}
    return {"noise": math.sqrt(variance), "ci_low": math.sqrt(max(variance - half, 0.0)), "ci_high": math.sqrt(variance + half)}


def slopes(seeds: int = 8, draws: int = 256) -> pd.DataFrame:
    """The noise of a small network on digits, drawn without replacement: batch_size, noise, seed, slope (of the seed)."""
    frames = []
    for seed in range(seeds):
        run = RunSettings.model_validate({"data": DIGITS, "model": {"kind": "mlp", "hidden": [32]}, "seed": seed})
        with one_thread():
            found = measure(run, draws, replacement=False)
        frames.append(found.table[["batch_size", "noise"]].assign(seed=seed, slope=found.slope))
    return pd.concat(frames, ignore_index=True)
