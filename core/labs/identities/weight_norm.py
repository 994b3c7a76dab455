"""Weight normalization, w = g v / ||v||: its effect on a gradient, and how v and g move.

With the gradient G = dL/dw of the effective weights,

    dL/dg = G . v / ||v||,    dL/dv = g / ||v|| (G - (G . v) v / ||v||^2)

so dL/dv has no part along v: it is orthogonal to v. A step of plain gradient descent therefore makes v longer,

    ||v'||^2 = ||v||^2 + lr^2 ||dL/dv||^2

and a longer v gets smaller gradients, since dL/dv is proportional to 1 / ||v||: a rate that is slightly too high lowers itself.

The problem is one unit with least squares, L = mean((x . w - y)^2). Shapes: N examples, D weights, T updates. All in float64.

Source: Salimans & Kingma 2016 (arXiv:1602.07868), section 2.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from pandas import DataFrame, concat

EXAMPLES, WEIGHTS = 40, 8
RATE, UPDATES = 0.1, 100
STRETCHES = (0.5, 3.0)
"""Factors by which v is stretched, to check that the gradient shrinks by the same factor."""


class Parts(NamedTuple):
    """The loss and its gradients with respect to the length g and the direction v (D,)."""

    loss: float
    by_g: float
    by_v_D: np.ndarray


class Unit(NamedTuple):
    """Examples and targets of the problem, and the initial v and g."""

    x_ND: np.ndarray
    y_N: np.ndarray
    v_D: np.ndarray
    g: float


def drawn(seed: int = 0) -> Unit:
    """Normal examples, a normal teacher with noise on its targets, a normal v, and the g for which w = v."""
    rng = np.random.default_rng(seed)
    x_ND = rng.standard_normal((EXAMPLES, WEIGHTS))
    y_N = x_ND @ rng.standard_normal(WEIGHTS) + 0.5 * rng.standard_normal(EXAMPLES)
    v_D = rng.standard_normal(WEIGHTS)
    return Unit(x_ND, y_N, v_D, float(np.linalg.norm(v_D)))


def gradients(unit: Unit) -> Parts:
    """Loss and gradients by the formulas above."""
    length = np.linalg.norm(unit.v_D)
    off_N = unit.x_ND @ (unit.g * unit.v_D / length) - unit.y_N
    by_w_D = 2 * unit.x_ND.T @ off_N / len(off_N)
    along = by_w_D @ unit.v_D
    by_v_D = unit.g / length * (by_w_D - along * unit.v_D / length**2)
    return Parts(float(np.mean(off_N**2)), float(along / length), by_v_D)


def by_autograd(unit: Unit) -> Parts:
    """The same by torch's own weight norm and autograd."""
    import torch
    from torch.nn.utils.parametrizations import weight_norm

    layer = torch.nn.Linear(len(unit.v_D), 1, bias=False).double()
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(unit.v_D)[None])
    g, v = weight_norm(layer).parametrizations.weight.parameters()
    with torch.no_grad():
        g.fill_(unit.g)
    loss = torch.nn.functional.mse_loss(layer(torch.from_numpy(unit.x_ND))[:, 0], torch.from_numpy(unit.y_N))
    by_g, by_v = torch.autograd.grad(loss, (g, v))
    return Parts(float(loss.detach()), float(by_g), by_v[0].numpy())


def trajectory(lr: float = RATE, updates: int = UPDATES, seed: int = 0) -> DataFrame:
    """Gradient descent with and without weight norm from the same w: one row for each variant (none, weight) and step.

    Columns: variant, step, loss, length (||w||), turned (degrees between w and its start); and only for `weight`: v_length (||v||), cosine
    (of dL/dv and v), grown (||v||^2 minus the closed form's sum, divided by ||v||^2). A path ends where its loss is no longer finite.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        frames = [_plain(lr, updates, drawn(seed)), _normed(lr, updates, drawn(seed))]
    return concat(frames, ignore_index=True)


def limit(unit: Unit) -> float:
    """The rate above which gradient descent without weight norm diverges: 2 / the largest eigenvalue of 2 X^T X / N."""
    return float(2 / np.linalg.eigvalsh(2 * unit.x_ND.T @ unit.x_ND / len(unit.y_N)).max())


def lengths(factors: Sequence[float] = (0.3, 1.2), updates: int = UPDATES) -> DataFrame:
    """The length of v along the path with weight norm, at multiples of `limit`: factor, step, v_length."""
    at_limit = limit(drawn())
    paths = [trajectory(factor * at_limit, updates).query("variant == 'weight'").assign(factor=factor) for factor in factors]
    return concat(paths, ignore_index=True)[["factor", "step", "v_length"]]


def _plain(lr: float, updates: int, unit: Unit) -> DataFrame:
    w_D, rows = unit.v_D, []
    for step in range(updates + 1):
        off_N = unit.x_ND @ w_D - unit.y_N
        if not np.isfinite(loss := float(np.mean(off_N**2))):
            break
        rows.append({"variant": "none", "step": step, "loss": loss, **_seen(w_D, unit.v_D)})
        w_D = w_D - lr * 2 * unit.x_ND.T @ off_N / len(off_N)
    return DataFrame(rows)


def _normed(lr: float, updates: int, unit: Unit) -> DataFrame:
    start_D, rows, square = unit.v_D, [], float(unit.v_D @ unit.v_D)
    for step in range(updates + 1):
        parts = gradients(unit)
        if not np.isfinite(parts.loss):
            break
        length = float(np.linalg.norm(unit.v_D))
        pushed = float(np.linalg.norm(parts.by_v_D))
        seen = _seen(unit.g * unit.v_D / length, start_D)
        angle = {"v_length": length, "cosine": float(parts.by_v_D @ unit.v_D / (length * pushed)), "grown": length**2 / square - 1}
        rows.append({"variant": "weight", "step": step, "loss": parts.loss, **seen, **angle})
        square += lr**2 * pushed**2
        unit = unit._replace(v_D=unit.v_D - lr * parts.by_v_D, g=unit.g - lr * parts.by_g)
    return DataFrame(rows)


def _seen(w_D: np.ndarray, start_D: np.ndarray) -> dict[str, float]:
    length = float(np.linalg.norm(w_D))
    cosine = float(w_D @ start_D / (length * np.linalg.norm(start_D)))
    return {"length": length, "turned": float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))}


def errors(seed: int = 0) -> dict[str, float]:
    """orthogonal: the largest |cosine| of dL/dv and v along the path. growth: the largest |grown|.

    gradient: the largest difference of both gradients from autograd's, at the start. scale: the largest difference between the gradient of
    v and that of a stretched v times the stretch.
    """
    path = trajectory(seed=seed)
    unit, normed = drawn(seed), path[path["variant"] == "weight"]
    ours, theirs = gradients(unit), by_autograd(unit)
    stretched = [np.abs(gradients(unit._replace(v_D=by * unit.v_D)).by_v_D * by - ours.by_v_D).max() for by in STRETCHES]
    return {
        "orthogonal": float(normed["cosine"].abs().max()),
        "growth": float(normed["grown"].abs().max()),
        "gradient": float(max(np.abs(ours.by_v_D - theirs.by_v_D).max(), abs(ours.by_g - theirs.by_g))),
        "scale": float(max(stretched)),
    }
