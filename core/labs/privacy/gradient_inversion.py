"""Gradient inversion: recovers the examples of a batch from the gradient of their mean loss, by a search for examples with the same
gradient.

With the network's weights and the labels known, L-BFGS looks for x in

    min over x of |g(x) - g|^2 / |g|^2,      g(x) = the gradient of the mean loss of the batch x by all weights

beginning with random x, in float64. g comes from two checkpoints that are one step of plain SGD apart, as in `data_recovery`:
(before - after) / lr. The gradient does not depend on the order of the examples, so the found examples are matched to the originals with
the smallest sum of errors.

Activations must be smooth: the objective is flat where a ReLU is inactive.

Sources: Zhu, Liu & Han 2019, "Deep leakage from gradients" (arXiv:1906.08935); known labels: Zhao et al. 2020 (arXiv:2001.02610).

Shapes: B examples of the batch, D features, S side of a picture, P parameters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from pandas import DataFrame
from pydantic import Field

from core.choices.base import Choice
from core.data.loading import load_data
from core.labs.privacy.data_recovery import DATA, Activation, Floats, Leak, batch_rows, checkpoints, pictures, relative_errors
from core.labs.threads import one_thread

if TYPE_CHECKING:
    from torch import Tensor, nn

CLOSE = 0.01
"""Largest relative error of an example that counts as recovered by search."""

START = 0.1
"""Standard deviation of the random examples at the start of the search: small, so that no unit begins in a flat region."""

HISTORY = 100
"""Number of past steps from which L-BFGS estimates the curvature."""


class Inversion(Choice):
    """The network, the batch, and the length of the search."""

    activation: Activation = Field("sigmoid", description="Activation of the hidden units.")
    hidden: int = Field(32, ge=1, le=512, description="Hidden units.")
    batch_size: int = Field(8, ge=1, le=32, description="Number of examples in the batch.")
    iterations: int = Field(500, ge=1, le=2_000, description="Largest number of L-BFGS iterations.")


class Inverted(NamedTuple):
    """The recovered examples.

    examples: row (in the training part), label, error (relative, of the recovered example that is matched to it). One row for each example.
    trace: evaluation, mismatch (the objective). One row for each evaluation of the objective.
    originals, recovered: (B, S, S), pixels from 0 to 1 (recovered pixels may lie outside), matched to each other.
    """

    examples: DataFrame
    trace: DataFrame
    originals: Floats
    recovered: Floats


def invert(inversion: Inversion | None = None, seed: int = 0) -> Inverted:
    """Searches for the examples of a batch. The seed decides weights, examples and the start of the search.

    Takes about 2 seconds by default, and 4 seconds for 32 examples.
    """
    from scipy.optimize import linear_sum_assignment

    inversion = inversion or Inversion()
    rows, split = batch_rows(inversion.batch_size, seed), load_data(DATA)
    x_BD, y_B = split.x_train[rows], split.y_train[rows]
    with one_thread():
        found_BD, trace = _search(inversion, rows, seed)
    error_BB = relative_errors(found_BD, x_BD)
    found, original = linear_sum_assignment(error_BB)
    matched = found[np.argsort(original)]
    examples = DataFrame({"row": rows, "label": y_B, "error": error_BB[matched, np.arange(len(rows))]})
    trace_frame = DataFrame({"evaluation": np.arange(1, len(trace) + 1), "mismatch": trace})
    return Inverted(examples, trace_frame, pictures(x_BD), pictures(found_BD[matched]))


def share_recovered(inversion: Inversion, seed: int, within: float = CLOSE) -> float:
    """Returns the fraction of the batch's examples that are found with at most this relative error: a number of question 30."""
    return float((invert(inversion, seed).examples["error"] <= within).mean())


def shares(seeds: int, **settings: Any) -> DataFrame:
    """Returns `share_recovered` for the seeds 0, 1, ...: seed, share."""
    inversion = Inversion.model_validate(settings)
    return DataFrame({"seed": range(seeds), "share": [share_recovered(inversion, seed) for seed in range(seeds)]})


def _search(inversion: Inversion, rows: np.ndarray, seed: int) -> tuple[Floats, list[float]]:
    """Returns the found examples (B, D), and the mismatch at each evaluation."""
    import torch

    leak = Leak(activation=inversion.activation, hidden=inversion.hidden, batch_size=inversion.batch_size)
    model, target_P = _target(leak, rows, seed)
    y_B = torch.tensor(load_data(DATA).y_train[rows])
    drawn_BD = np.random.default_rng([seed, 1]).standard_normal((len(rows), load_data(DATA).x_train.shape[1]))
    x_BD = torch.tensor(START * drawn_BD, requires_grad=True)
    searcher = torch.optim.LBFGS([x_BD], max_iter=inversion.iterations, max_eval=2 * inversion.iterations, tolerance_grad=1e-14,
                                 tolerance_change=1e-16, history_size=HISTORY, line_search_fn="strong_wolfe")  # fmt: skip
    trace: list[float] = []

    def closure() -> Tensor:
        mismatch = (gradient(model, x_BD, y_B) - target_P).square().sum() / target_P.square().sum()
        (x_BD.grad,) = torch.autograd.grad(mismatch, [x_BD])
        trace.append(mismatch.item())
        return mismatch

    searcher.step(closure)
    return x_BD.detach().numpy(), trace


def _target(leak: Leak, rows: np.ndarray, seed: int) -> tuple[nn.Module, Tensor]:
    """Returns the network before the step, and the gradient computed from the checkpoints (P,)."""
    import torch

    from core.engine.network.networks import build_model

    before, after = checkpoints(leak, rows, seed)
    model = build_model(leak.run(seed))
    return model, torch.cat([(before[name] - after[name]).flatten() / leak.lr for name, _ in model.named_parameters()])


def gradient(model: nn.Module, x_BD: Tensor, y_B: Tensor) -> Tensor:
    """Returns the gradient of the mean loss by all parameters (P,); it can be differentiated by x."""
    import torch
    from torch.nn import functional

    grads = torch.autograd.grad(functional.cross_entropy(model(x_BD), y_B), list(model.parameters()), create_graph=True)
    return torch.cat([grad.flatten() for grad in grads])
