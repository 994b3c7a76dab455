"""Train mode against eval mode: the same network and the same batches in both, and how batch norm's running averages develop.

In train mode batch norm uses mean and variance of the current batch; in eval mode it uses running averages over past batches:

    running <- (1 - momentum) running + momentum * batch

They begin at mean 0 and variance 1, so after k batches (1 - momentum)^k of the start remains. The running variance is of batch variances
with Bessel's correction (divided by B - 1), as in torch. All other norms are the same in both modes.

Torch is imported inside the functions. Shapes: N examples, B of a batch, O outputs, C units, K batches.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DataFrame

from core.data.loading import load_data
from core.labs.threads import one_thread
from core.settings import RunSettings

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

Floats = NDArray[np.float64]

EXAMPLES = 64
"""Number of examples that are put through a network, in several batches; one batch if it is larger."""

WATCHED = 1_024
"""Number of training examples, from the first on, with which the running averages are compared."""


class Modes(NamedTuple):
    """The outputs of one network in both modes.

    outputs: example, output, train, evaluation: one row for each number. largest: the largest difference between the modes; typical: the
    root mean square difference, divided by the standard deviation of the outputs in eval mode. disagree: share of the examples to which
    the two modes give different classes (NaN for a regression). train, evaluation: share of the examples that each mode classifies
    correctly (NaN for a regression).
    """

    outputs: DataFrame
    largest: float
    typical: float
    disagree: float
    train: float
    evaluation: float


def compare_modes(run: RunSettings, weights: bytes | None = None, warm_up: int = 0) -> Modes:
    """A run's network in both modes on the same batches of its training examples, with the run's batch size. Dropout is off.

    Args:
        run: determines network, data, batch size, and by its seed the drawn examples.
        weights: trained weights, as the store keeps them; None: the initial ones.
        warm_up: number of batches that first pass in train mode, which changes only batch norm's running averages.

    Raises DataError and SettingsError as `build_model`.
    """
    import torch

    model = _network(run, weights)
    x_ND, y_N = _examples(run, next(model.parameters()).dtype)
    batches = _batches(run, len(x_ND))
    for _ in range(warm_up):
        in_train_mode(model, x_ND[next(batches)], keep=True)
    size = _size(run, len(x_ND))
    rows = [next(batches) for _ in range(max(EXAMPLES // size, 1))]
    with torch.no_grad():
        train_NO = torch.cat([in_train_mode(model, x_ND[batch]) for batch in rows])
        eval_NO = torch.cat([model(x_ND[batch]) for batch in rows])
    return _summed(train_NO, eval_NO, y_N[np.concatenate(rows)])


def _network(run: RunSettings, weights: bytes | None) -> nn.Module:
    """The network of a run as it starts, or with these weights; in eval mode."""
    from core.engine.network.networks import build_model, trained_model

    return (build_model(run) if weights is None else trained_model(run, weights)).eval()


def differences(norms: Sequence[str], sizes: Sequence[int], seeds: int, warm_up: int = 50) -> DataFrame:
    """How far the two modes are apart on digits: norm, size (of the batch), seed, largest and typical (see `Modes`).

    The weights are the initial ones. So many batches pass before, so that batch norm's running averages are no longer where they begin.
    """
    rows = []
    for norm in norms:
        for size in sizes:
            for seed in range(seeds):
                settings = {"model": {"kind": "mlp", "normalization": norm}, "training": {"batch_size": size}, "seed": seed}
                with one_thread():
                    found = compare_modes(RunSettings.model_validate(settings), warm_up=warm_up)
                rows.append({"norm": norm, "size": size, "seed": seed, "largest": found.largest, "typical": found.typical})
    return DataFrame(rows)


def in_train_mode(model: nn.Module, x_BD: Tensor, *, keep: bool = False) -> Tensor:
    """The outputs of a network in train mode without dropout; afterwards it is in eval mode, and unchanged unless `keep`."""
    import torch

    used = model if keep else copy.deepcopy(model)
    for module in used.modules():
        module.training = not isinstance(module, torch.nn.Dropout)
    with torch.no_grad():
        outputs: Tensor = used(x_BD)
    used.eval()
    return outputs


def _summed(train_NO: Tensor, eval_NO: Tensor, target_N: np.ndarray) -> Modes:
    train: Floats = train_NO.double().numpy()
    evaluation: Floats = eval_NO.double().numpy()
    example, output = (axis.ravel() for axis in np.indices(train.shape))
    frame = DataFrame({"example": example, "output": output, "train": train.ravel(), "evaluation": evaluation.ravel()})
    apart, spread = train - evaluation, float(evaluation.std())
    typical = float(np.sqrt((apart**2).mean())) / spread if spread else np.nan
    disagree = right_train = right_eval = np.nan
    if np.issubdtype(target_N.dtype, np.integer) and target_N.ndim == 1:
        first, second = train.argmax(1), evaluation.argmax(1)
        disagree, right_train, right_eval = (float(share.mean()) for share in (first != second, first == target_N, second == target_N))
    return Modes(frame, float(np.abs(apart).max()), typical, disagree, right_train, right_eval)


def running_averages(run: RunSettings, sizes: Sequence[int], batches: int = 60, weights: bytes | None = None) -> DataFrame:
    """The distance of the first batch norm's running averages from the whole training set's, after each batch, for several batch sizes.

    The network's weights do not change; the examples of a batch are drawn with replacement.

    Returns:
        size, batches (0 to `batches`); mean and variance: root mean square over the units of (running mean - mean) / standard deviation,
        and of running variance / variance - 1; expected_mean and expected_variance: the square roots of their expected squares in closed
        form (NaN for a convnet, whose positions are not independent draws).

    Raises ValueError for a network without batch norm; DataError and SettingsError as `build_model`.
    """
    import torch

    model = _network(run, weights)
    norm = next((module for module in model.modules() if isinstance(module, torch.nn.modules.batchnorm._BatchNorm)), None)
    if norm is None:
        raise ValueError("this network has no batch norm")
    x_ND, _ = _examples(run, next(model.parameters()).dtype)
    h_NC = _before(model, norm, x_ND)
    frames = [_followed(norm, h_NC, size, batches, np.random.default_rng(run.seed)) for size in sizes]
    return pd.concat(frames, ignore_index=True)


def _followed(norm: nn.modules.batchnorm._BatchNorm, h_NC: Tensor, size: int, batches: int, rng: np.random.Generator) -> DataFrame:
    norm = copy.deepcopy(norm).train()
    norm.reset_running_stats()
    over = [axis for axis in range(h_NC.dim()) if axis != 1]
    mean_C, var_C = h_NC.mean(over), h_NC.var(over, correction=0)
    used_C = var_C > 0
    rows = []
    for number in range(batches + 1):
        assert norm.running_mean is not None
        assert norm.running_var is not None
        apart = (norm.running_mean - mean_C) / var_C.sqrt(), norm.running_var / var_C - 1
        rows.append((size, number, *(float(part[used_C].square().mean().sqrt()) for part in apart)))
        norm(h_NC[rng.integers(0, len(h_NC), size)])
    frame = DataFrame(rows, columns=["size", "batches", "mean", "variance"])
    if h_NC.dim() > 2:
        return frame.assign(expected_mean=np.nan, expected_variance=np.nan)
    fourth = float((((h_NC - mean_C) / var_C.sqrt())[:, used_C] ** 4).mean())
    noise = {"mean": 1 / size, "variance": (fourth - (size - 3) / (size - 1)) / size}
    momentum = norm.momentum or 0.0
    return frame.assign(**{f"expected_{name}": expected(frame[name][0], noise[name], frame["batches"], momentum) for name in noise})


def expected(start: float, variance: float, batches: pd.Series, momentum: float) -> pd.Series:
    """Square root of the expected squared error of a running average after `batches` batches.

    (1 - m)^k of the initial error remains, and the batches' own errors, which have this variance, are averaged with weights that decrease
    by (1 - m) each: sqrt((1-m)^2k start^2 + variance * m / (2 - m) * (1 - (1-m)^2k)).
    """
    left = (1 - momentum) ** (2 * batches)
    return (left * start**2 + variance * momentum / (2 - momentum) * (1 - left)) ** 0.5


def _before(model: nn.Module, norm: nn.Module, x_ND: Tensor) -> Tensor:
    """The input of a module, for all examples."""
    import torch

    caught: list[Tensor] = []
    handle = norm.register_forward_pre_hook(lambda _, inputs: caught.append(inputs[0].detach()))
    with torch.no_grad():
        model(x_ND)
    handle.remove()
    return caught[0]


def _examples(run: RunSettings, dtype: torch.dtype) -> tuple[Tensor, np.ndarray]:
    import torch

    split = load_data(run.data)
    return torch.tensor(split.x_train[:WATCHED], dtype=dtype), split.y_train[:WATCHED]


def _size(run: RunSettings, examples: int) -> int:
    size = run.training.batch_size
    return examples if size == "full" else min(size, examples)


def _batches(run: RunSettings, examples: int) -> Iterator[np.ndarray]:
    """Endless batches of the run's size, reshuffled in each pass; the rest of a pass that is smaller than a batch is left out."""
    rng, size = np.random.default_rng(run.seed), _size(run, examples)
    while True:
        order = rng.permutation(examples)
        yield from (order[begin : begin + size] for begin in range(0, examples - size + 1, size))
