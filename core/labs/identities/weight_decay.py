"""Weight decay, w <- w (1 - lr s), against the penalty s/2 ||w||^2 in the loss: they are equal for plain SGD only.

SGD with the penalty: w - lr (g + s w) = (1 - lr s) w - lr g, which is the decay. With momentum, the penalty's gradient goes through the
velocity and the decay does not. Adam divides the penalty's gradient by sqrt(v), so weights with large gradients decay less. AdamW
decays all weights alike.

torch's `weight_decay` of SGD and Adam is the penalty; that of AdamW is the decay. It also applies to biases, unlike a penalty; here all
parameters are weights, so that both apply to the same parameters.

The problem is least squares with features of unequal size, L = mean((x . w - y)^2), by full batches in float64, with torch's optimizers.

Shapes: N examples, D weights, T updates. Source: Loshchilov & Hutter 2019 (arXiv:1711.05101), propositions 1 and 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from pandas import DataFrame, concat

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer

Way = Literal["weight_decay", "l2_in_loss", "decoupled"]
WAYS: tuple[Way, ...] = ("weight_decay", "l2_in_loss", "decoupled")
"""torch's coupled `weight_decay`; s/2 ||w||^2 added to the loss; w multiplied by 1 - lr s before each step (for Adam: AdamW)."""

EXAMPLES, WEIGHTS = 60, 8
SPREAD = 10.0
"""The largest feature's standard deviation divided by the smallest's; with equal ones, Adam would treat all weights alike."""

UPDATES = 100
STRENGTHS = tuple(float(strength) for strength in np.geomspace(1e-5, 1.0, 21))


class Method(NamedTuple):
    """An optimizer with its fixed settings: kind, learning rate, strength s, momentum (only for SGD)."""

    kind: Literal["sgd", "adam"] = "sgd"
    lr: float = 0.05
    strength: float = 0.5
    momentum: float = 0.0


METHODS = {"SGD": Method(), "SGD with momentum": Method(momentum=0.9), "Adam": Method("adam")}


def drawn(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Examples (N, D), targets (N,) of a noisy teacher, and a start (D,). The features' mean square is 1 / D on average."""
    rng = np.random.default_rng(seed)
    scale_D = np.geomspace(1, SPREAD, WEIGHTS)
    x_ND = rng.standard_normal((EXAMPLES, WEIGHTS)) * scale_D / np.sqrt(np.sum(scale_D**2))
    y_N = x_ND @ (rng.standard_normal(WEIGHTS) / x_ND.std(axis=0)) + 0.5 * rng.standard_normal(EXAMPLES)
    return x_ND, y_N, rng.standard_normal(WEIGHTS)


def path(method: Method, way: Way, seed: int = 0, updates: int = UPDATES) -> np.ndarray:
    """The weights after t = 0, 1, ..., T updates: (T + 1, D)."""
    return _paths(method, way, [method.strength], seed, updates)[:, 0]


def _paths(method: Method, way: Way, strengths: Sequence[float], seed: int, updates: int) -> np.ndarray:
    """(T + 1, S, D), with one row for each of S strengths of the penalty in the loss. They share an optimizer, which works elementwise."""
    import torch

    curvature_DD, pull_D, start_D = (torch.from_numpy(part) for part in _quadratic(seed))
    strength_S1 = torch.tensor(strengths, dtype=torch.float64)[:, None]
    w_SD = start_D.repeat(len(strengths), 1).requires_grad_()
    optimizer, found = _optimizer(method, way, w_SD), [w_SD.detach().numpy().copy()]
    for _ in range(updates):
        loss = (curvature_DD * w_SD[:, :, None] * w_SD[:, None, :]).sum() / 2 - (pull_D * w_SD).sum()
        if way == "l2_in_loss":
            loss = loss + (strength_S1 / 2 * w_SD.square()).sum()
        (w_SD.grad,) = torch.autograd.grad(loss, w_SD)
        if way == "decoupled" and method.kind == "sgd":
            with torch.no_grad():
                w_SD *= 1 - method.lr * method.strength
        optimizer.step()
        found.append(w_SD.detach().numpy().copy())
    return np.stack(found)


def _quadratic(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """H (D, D) and c (D,) of the loss 1/2 w H w - c w (up to a constant); and the start (D,)."""
    x_ND, y_N, start_D = drawn(seed)
    return 2 * x_ND.T @ x_ND / len(x_ND), 2 * x_ND.T @ y_N / len(x_ND), start_D


def _optimizer(method: Method, way: Way, w_SD: Tensor) -> Optimizer:
    from torch import optim

    if method.kind == "sgd":
        coupled = method.strength if way == "weight_decay" else 0.0
        return optim.SGD([w_SD], lr=method.lr, momentum=method.momentum, weight_decay=coupled)
    if way == "decoupled":
        return optim.AdamW([w_SD], lr=method.lr, weight_decay=method.strength)
    return optim.Adam([w_SD], lr=method.lr, weight_decay=method.strength if way == "weight_decay" else 0.0)


def trajectories(seed: int = 0, updates: int = UPDATES) -> DataFrame:
    """One row for each method, way and step: method, way, step, length (||w||), apart, relative.

    apart: the largest absolute difference of a weight from the same weight under `l2_in_loss`. relative: the distance between the two
    vectors divided by the length of the latter.
    """
    frames = []
    for name, method in METHODS.items():
        paths = {way: path(method, way, seed, updates) for way in WAYS}
        for way, path_TD in paths.items():
            off_TD, length_T = path_TD - paths["l2_in_loss"], np.linalg.norm(path_TD, axis=1)
            distance_T = np.linalg.norm(off_TD, axis=1) / np.linalg.norm(paths["l2_in_loss"], axis=1)
            columns = {"length": length_T, "apart": np.abs(off_TD).max(axis=1), "relative": distance_T}
            frames.append(DataFrame({"method": name, "way": way, "step": np.arange(updates + 1), **columns}))
    return concat(frames, ignore_index=True)


def nearest(method: Method, seed: int = 0, strengths: Sequence[float] = STRENGTHS) -> DataFrame:
    """How close the penalty comes to the decay: strength (of the penalty, including the decay's strength), relative (final distance)."""
    decayed_D, tried = path(method, "decoupled", seed)[-1], sorted({*strengths, method.strength})
    penalised_SD = _paths(method, "l2_in_loss", tried, seed, UPDATES)[-1]
    relative = np.linalg.norm(penalised_SD - decayed_D, axis=1) / np.linalg.norm(decayed_D)
    return DataFrame({"strength": tried, "relative": relative})


def errors(seed: int = 0) -> dict[str, float]:
    """sgd: the largest difference of a weight from the same weight under the penalty, over all updates, for decay and `weight_decay`.

    coupled: the same between `weight_decay` and `l2_in_loss` for SGD with momentum and for Adam, where both are the same penalty.
    """
    apart = trajectories(seed).groupby(["method", "way"])["apart"].max()
    plain = apart["SGD", "weight_decay"], apart["SGD", "decoupled"]
    coupled = apart["SGD with momentum", "weight_decay"], apart["Adam", "weight_decay"]
    return {"sgd": float(max(plain)), "coupled": float(max(coupled))}


def distances(seed: int = 0) -> dict[str, float]:
    """The final distance between decay and penalty, divided by the length of the weights; claims that they differ have a lower bound for
    it.

    momentum: SGD with momentum, at the same strength. adam: Adam, at the same strength. nearest_sgd, nearest_adam: the smallest distance
    over `STRENGTHS` of the penalty and the strength of the decay; 0 if some penalty equals the decay.
    """
    found = trajectories(seed)
    last = found[(found["way"] == "decoupled") & (found["step"] == found["step"].max())].set_index("method")["relative"]
    least = {name: float(nearest(METHODS[name], seed)["relative"].min()) for name in ("SGD", "Adam")}
    same = {"momentum": float(last["SGD with momentum"]), "adam": float(last["Adam"])}
    return {**same, "nearest_sgd": least["SGD"], "nearest_adam": least["Adam"]}
