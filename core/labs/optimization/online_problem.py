"""The online problem on which Adam goes to the wrong end, and AMSGrad does not.

There is one number x in [-1, 1], and at step t a linear loss: f_t(x) = large * x once in a period, f_t(x) = -small * x at its other steps.
Over a period the losses sum to (large - small * (period - 1)) x, which is lowest at x = -1. If Adam forgets fast, the rare large gradient
is divided by its own size, and the many small ones are not: they win, and x goes to +1. AMSGrad keeps the largest mean square so far.

The steps are those of torch's own optimizers, with the rate lr / sqrt(t), and x is limited to [-1, 1] after each step.

Source: Reddi, Kale & Kumar 2018, "On the convergence of Adam and beyond" (arXiv:1904.09237), theorem 1 and section 5.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame
from pydantic import Field

from core.choices.base import Choice, Decay, LearningRate

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Name = Literal["Adam", "AMSGrad", "AdamW", "NAdam", "SGD"]
NAMES: tuple[Name, ...] = get_args(Name)
MOST_ROWS = 1_000
"""Number of rows to which a path is thinned."""


class Online(Choice):
    """The problem and the optimizers' settings; the defaults are those of theorem 1 with C = 3, where beta2 = 1 / (1 + C^2)."""

    large: float = Field(3.0, gt=0, le=1e6, description="The gradient of the rare loss.")
    small: float = Field(1.0, gt=0, le=1e6, description="The negative gradient of the other losses.")
    period: int = Field(3, ge=2, le=1_000, description="One loss in each period is the large one.")
    order: Literal["periodic", "random"] = Field(
        "periodic", description="Whether the large loss comes at the first step of a period, or at random."
    )
    betas: tuple[Decay, Decay] = Field((0.0, 0.1), description="Decay of Adam's mean gradient and mean square; SGD has none.")
    lr: LearningRate = 0.5
    decay: Literal["sqrt", "none"] = Field("sqrt", description="Whether the rate is divided by the root of the step.")
    start: float = Field(0.0, ge=-1, le=1, description="Initial value of x.")
    steps: int = Field(3_000, ge=1, le=200_000, description="Number of steps of each optimizer.")


def best_end(problem: Online) -> float:
    """The end of [-1, 1] at which the sum of the losses is lowest; 0 if all points are equally good."""
    total = problem.large - problem.small * (problem.period - 1)
    return -math.copysign(1.0, total) if total else 0.0


def gradients(problem: Online, seed: int = 0) -> NDArray[np.float64]:
    """The gradient of each step's loss (steps,); `seed` determines where the large ones fall if their order is random."""
    steps = np.arange(problem.steps)
    rare = steps % problem.period == 0
    if problem.order == "random":
        rare = np.random.default_rng(seed).random(problem.steps) < 1 / problem.period
    return np.where(rare, problem.large, -problem.small)


def paths(problem: Online | None = None, names: Sequence[Name] = NAMES, seed: int = 0) -> DataFrame:
    """x of each optimizer over the steps: optimizer, step, x, regret; thinned to about 1,000 rows each, including the last one.

    `regret`: the mean so far of f_t(x_t) - f_t(x*), with x* the best end. It goes to 0 for an optimizer that converges.
    """
    problem = problem or Online()
    g_T = gradients(problem, seed)
    parts = []
    for name in names:
        x_T = walk(problem, name, g_T)
        regret_T = np.cumsum(g_T * (x_T[:-1] - best_end(problem))) / np.arange(1, problem.steps + 1)
        shown = np.unique(np.linspace(0, problem.steps, min(problem.steps, MOST_ROWS) + 1).astype(int))
        columns = {"step": shown, "x": x_T[shown], "regret": np.concatenate([[np.nan], regret_T])[shown]}
        parts.append(DataFrame({"optimizer": name, **columns}))
    import pandas as pd

    return pd.concat(parts, ignore_index=True)


def walk(problem: Online, name: Name, g_T: NDArray[np.float64]) -> NDArray[np.float64]:
    """x before the first step and after each one (steps + 1,), in float64."""
    import torch

    x = torch.tensor([problem.start], dtype=torch.float64, requires_grad=True)
    x.grad = torch.zeros_like(x)
    optimizer, found = _optimizer(problem, name, x), [problem.start]
    for step, gradient in enumerate(g_T.tolist(), start=1):
        x.grad.fill_(gradient)
        optimizer.param_groups[0]["lr"] = problem.lr / math.sqrt(step) if problem.decay == "sqrt" else problem.lr
        optimizer.step()
        with torch.no_grad():
            x.clamp_(-1, 1)
        found.append(x.item())
    return np.array(found)


def _optimizer(problem: Online, name: Name, x: Tensor) -> torch.optim.Optimizer:
    import torch

    lr, betas = problem.lr, problem.betas
    match name:
        case "Adam":
            return torch.optim.Adam([x], lr, betas, foreach=False)
        case "AMSGrad":
            return torch.optim.Adam([x], lr, betas, amsgrad=True, foreach=False)
        case "AdamW":
            return torch.optim.AdamW([x], lr, betas, foreach=False)
        case "NAdam":
            return torch.optim.NAdam([x], lr, betas, foreach=False)
        case "SGD":
            return torch.optim.SGD([x], lr, foreach=False)
