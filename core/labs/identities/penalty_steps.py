"""The squared norm and the plain norm as penalties: their gradients, and the effect of their steps alone on groups of weights.

    s ||w||^2: gradient 2 s w, which is large for a large group and shrinks with it: the group shrinks, but never reaches 0.
    s ||w||:   gradient s w / ||w||, of the same length for every group: a small group soon reaches 0.

A step along the plain norm's gradient jumps over 0 and back, again and again. Its proximal step stops at 0, and only then is a whole
group exactly 0. Within a group both pull in proportion to w: "shrinks large weights more" is a statement about groups.

Shapes: G groups, W weights of a group, T steps. All in float64, with the functions that the engine uses in training.

Source: Yuan & Lin 2006 (JRSS B 68) for the group's norm; Parikh & Boyd 2014, "Proximal Algorithms", section 6.5.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from pandas import DataFrame, concat

if TYPE_CHECKING:
    from torch import Tensor

Way = Literal["l2_squared", "l2_norm", "l2_norm_proximal"]
WAYS: tuple[Way, ...] = get_args(Way)

SIZES = (0.06, 0.22, 0.51, 1.04, 2.02, 4.03)
"""Initial norms of the groups. None is a multiple of the plain norm's step, because its gradient would then hit 0 by accident."""

WEIGHTS = 5
RATE, STRENGTH, STEPS = 0.1, 0.5, 60


def drawn(seed: int = 0, sizes: Sequence[float] = SIZES) -> np.ndarray:
    """Groups with those norms in random directions: (G, W)."""
    w_GW = np.random.default_rng(seed).standard_normal((len(sizes), WEIGHTS))
    return np.asarray(w_GW / np.linalg.norm(w_GW, axis=1, keepdims=True) * np.array(sizes)[:, None])


def one_step(w_GW: np.ndarray, way: Way, lr: float = RATE, strength: float = STRENGTH) -> np.ndarray:
    """The groups (G, W) after one step of the penalty alone."""
    import torch

    from core.choices import penalties

    w_1GW = torch.from_numpy(np.asarray(w_GW, dtype=float))[None]
    if way == "l2_norm_proximal":
        return penalties.shrink_groups(w_1GW, torch.full((1, 1, 1), lr * strength, dtype=torch.float64))[0].numpy()
    gradient = 2 * w_1GW if way == "l2_squared" else penalties.group_gradient(w_1GW)
    return (w_1GW - lr * strength * gradient)[0].numpy()


def closed_norms(sizes_G: np.ndarray, way: Way, lr: float, strength: float, steps: int) -> np.ndarray:
    """The groups' norms after t = 0, 1, ..., T steps: (T + 1, G).

    l2_squared: (1 - 2 lr s)^t n. l2_norm_proximal: max(n - t lr s, 0). l2_norm: the same until n is below lr s; then it alternates between
    the remainder r and lr s - r.
    """
    steps_T1, by = np.arange(steps + 1)[:, None], lr * strength
    if way == "l2_squared":
        return np.asarray(abs(1 - 2 * by) ** steps_T1 * sizes_G)
    left_TG = sizes_G - steps_T1 * by
    if way == "l2_norm_proximal":
        return np.maximum(left_TG, 0.0)
    whole_G = np.floor(sizes_G / by)
    rest_G = sizes_G - whole_G * by
    jumped_TG = np.where((steps_T1 - whole_G) % 2 == 0, rest_G, by - rest_G)
    return np.where(steps_T1 <= whole_G, left_TG, jumped_TG)


def trajectories(
    lr: float = RATE, strength: float = STRENGTH, steps: int = STEPS, sizes: Sequence[float] = SIZES, seed: int = 0
) -> DataFrame:
    """Groups under each penalty alone, one row for each way, step and group: way, step, group (from 1), norm, closed, zero (all weights
    exactly 0).

    closed: the norm by `closed_norms`.
    """
    frames = []
    for way in WAYS:
        path_TGW = _path(drawn(seed, sizes), way, lr, strength, steps)
        norm_TG = np.linalg.norm(path_TGW, axis=2)
        step, group = (places.ravel() for places in np.indices(norm_TG.shape))
        closed_TG = closed_norms(np.array(sizes), way, lr, strength, steps)
        columns = {"norm": norm_TG.ravel(), "closed": closed_TG.ravel(), "zero": (path_TGW == 0).all(axis=2).ravel()}
        frames.append(DataFrame({"way": way, "step": step, "group": group + 1, **columns}))
    return concat(frames, ignore_index=True)


def _path(w_GW: np.ndarray, way: Way, lr: float, strength: float, steps: int) -> np.ndarray:
    path = [w_GW]
    for _ in range(steps):
        path.append(one_step(path[-1], way, lr, strength))
    return np.stack(path)


def errors(seed: int = 0) -> dict[str, float]:
    """squared, norm: the largest difference of 2 w and of w / ||w|| from autograd's gradients. at_zero: the norm's gradient at w = 0.

    shortened: the difference of one step's shortening of each group from 2 lr s ||w|| and from lr s. paths: the largest difference between
    `norm` and `closed` in `trajectories`, for the squared and the proximal way.
    """
    import torch

    w_GW = drawn(seed)
    long = w_GW[np.linalg.norm(w_GW, axis=1) > RATE * STRENGTH]
    by_norm = w_GW / np.linalg.norm(w_GW, axis=1, keepdims=True)
    paths = trajectories(seed=seed)
    smooth = paths[paths["way"] != "l2_norm"]
    size = np.linalg.norm(long, axis=1)
    lost = {way: size - np.linalg.norm(one_step(long, way), axis=1) for way in WAYS}
    expected = {way: 2 * RATE * STRENGTH * size if way == "l2_squared" else RATE * STRENGTH for way in WAYS}
    return {
        "squared": float(np.abs(2 * w_GW - _by_autograd(lambda w: w.square().sum(), w_GW)).max()),
        "norm": float(np.abs(by_norm - _by_autograd(lambda w: torch.linalg.vector_norm(w, dim=1).sum(), w_GW)).max()),
        "at_zero": float(np.abs(_by_autograd(lambda w: w.norm(dim=1).sum(), np.zeros_like(w_GW))).max()),
        "shortened": float(max(np.abs(lost[way] - expected[way]).max() for way in WAYS)),
        "paths": float((smooth["norm"] - smooth["closed"]).abs().max()),
    }


def _by_autograd(penalty: Callable[[Tensor], Tensor], w_GW: np.ndarray) -> np.ndarray:
    import torch

    w = torch.tensor(w_GW, requires_grad=True)
    return torch.autograd.grad(penalty(w), w)[0].numpy()
