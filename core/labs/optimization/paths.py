"""The path of an optimizer on a surface over two weights: the same optimizers that train the networks, applied to a vector of two."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas import DataFrame, Series
from pydantic import TypeAdapter

from core.choices.optimizers import Lbfgs, Optimizer
from core.choices.optimizers.base import OptimizerChoice
from core.choices.words.writing import write
from core.labs.optimization import surfaces
from core.labs.optimization.surfaces import Name, Point, Surface

if TYPE_CHECKING:
    from torch import Tensor

EXCLUDED = {
    "muon": "Muon makes a weight matrix orthogonal, but two numbers are not a matrix",
    "soap": "SOAP rotates a weight matrix into its eigenbasis; on a vector it is Adam, one step late",
    "custom": "custom optimizers are code, which runs where networks train and not in the dashboard",
}
"""Kinds that have no path here, and why."""

FAR = 1e6
"""A path that is this far from the origin has diverged, and ends there."""

MOST_EVALUATIONS = 20_000
"""The most gradients for one path; only L-BFGS computes more than one per step."""


def optimizer_of(settings: dict[str, Any]) -> OptimizerChoice:
    """The settings class of an optimizer from plain values. Raises pydantic's ValidationError."""
    found: OptimizerChoice = TypeAdapter(Optimizer).validate_python(settings)
    return found


def refusal(optimizer: OptimizerChoice, steps: int) -> str | None:
    """Why an optimizer gets no path with that many steps; None if it gets one."""
    if optimizer.kind in EXCLUDED:
        return EXCLUDED[optimizer.kind]
    if isinstance(optimizer, Lbfgs) and optimizer.max_iter * steps > MOST_EVALUATIONS:
        return f"{optimizer.max_iter:,} inner iterations at each of {steps:,} steps are too many to draw; reduce one of them"
    return None


def path(surface: Surface, optimizer: OptimizerChoice, start: Point, steps: int, *, noise: float = 0.0, seed: int = 0) -> DataFrame:
    """The path from `start`: one row for each step, beginning with step 0, the start.

    Columns: step, x, y, loss (without noise), excess (above the lowest loss), grad_norm (without noise), distance (to the nearest minimum),
    evaluations (gradients computed so far), status ("running", "finished" in the last row, or "diverged": the point is no longer finite, or
    more than `FAR` away; the path ends there). Optimizers that average their weights are shown at the average. Computed in float64.

    Noise has the standard deviation `noise` in each component of the gradient: at step t the loss is tilted by a random vector that depends
    only on `seed` and t. So all optimizers get the same noise, and one that evaluates several times in a step sees one loss.

    Raises ValueError for an optimizer that is refused.
    """
    if said := refusal(optimizer, steps):
        raise ValueError(said)
    tilts_T2 = noise * np.random.default_rng(seed).standard_normal((steps, 2))
    points, evaluations = _walk(surface, optimizer, start, tilts_T2)
    return _measured(surface, np.array(points), evaluations, steps)


def walks(surface: Name, optimizers: Sequence[Mapping[str, Any]], steps: int = 200) -> DataFrame:
    """The paths of several optimizers from the start of a surface, with its noise, in one frame: `variant` is the kind's text."""
    at = surfaces.make(surface)
    parts = [path(at, optimizer_of(dict(given)), at.start, steps, noise=at.noise).assign(variant=write(given)) for given in optimizers]
    return pd.concat(parts, ignore_index=True)


def _walk(surface: Surface, optimizer: OptimizerChoice, start: Point, tilts_T2: np.ndarray) -> tuple[list[Point], list[int]]:
    """The points of the optimizer, and the number of gradients it had computed at each."""
    import torch

    w = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    (stepper,) = optimizer.build([w])
    points, evaluations, count = [start], [0], 0

    for tilt in torch.from_numpy(tilts_T2):

        def closure(tilt: Tensor = tilt) -> Tensor:
            nonlocal count
            count += 1
            stepper.zero_grad()
            loss: Tensor = surface.loss(w[0], w[1]) + tilt @ w
            loss.backward()
            return loss

        _step(stepper, optimizer, closure)
        points.append(_seen_at(stepper, optimizer, w))
        evaluations.append(count)
        if not math.hypot(*points[-1]) <= FAR or count > MOST_EVALUATIONS:
            break
    return points, evaluations


def _step(stepper: Any, optimizer: OptimizerChoice, closure: Any) -> None:
    if optimizer.averaging:
        stepper.train()
    if optimizer.closure:
        stepper.step(closure)
    else:
        closure()
        stepper.step()


def _seen_at(stepper: Any, optimizer: OptimizerChoice, w: Tensor) -> Point:
    """The point where the optimizer is evaluated: the average of its points, if it keeps one."""
    if optimizer.averaging:
        stepper.eval()
    x, y = w.detach().tolist()
    return x, y


def _measured(surface: Surface, points_T2: np.ndarray, evaluations: list[int], steps: int) -> DataFrame:
    diverged = not np.hypot(*points_T2[-1]) <= FAR
    with np.errstate(over="ignore", invalid="ignore"):
        loss = surface.loss(points_T2[:, 0], points_T2[:, 1])
        gradients_T2 = surface.gradients(points_T2)
    status = ["running"] * (len(points_T2) - 1) + ["diverged" if diverged else "finished"]
    return DataFrame(
        {
            "step": np.arange(len(points_T2)),
            "x": points_T2[:, 0],
            "y": points_T2[:, 1],
            "loss": loss,
            "excess": np.maximum(loss - surface.lowest, 0.0),
            "grad_norm": np.hypot(gradients_T2[:, 0], gradients_T2[:, 1]),
            "distance": surface.distances(points_T2),
            "evaluations": evaluations,
            "status": status,
        }
    )


def at_step(paths: DataFrame, step: int) -> DataFrame:
    """One row for each variant: its path's row at `step`, or its last row if it ended before; and `reached`.

    `reached`: the first step, up to then, at which the excess is at most a thousandth of the start's; missing if there is none.
    """
    past = paths[paths["step"] <= step]
    groups = past.groupby("variant", sort=False)
    last = groups.tail(1).set_index("variant")
    first = past[past["excess"] <= 1e-3 * groups["excess"].transform("first")].groupby("variant", sort=False)["step"].min()
    reached: Series = first.reindex(last.index).astype("Int64")
    return last.assign(reached=reached).reset_index()
