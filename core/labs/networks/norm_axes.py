"""Which numbers of a small tensor each normalization averages together, and the results. NumPy alone.

    y = (x - mean) / sqrt(variance + eps)   batch, layer, group, instance: over a set of cells, with the variance divided by their number
    y = x / sqrt(mean of x^2 + eps)         rms
    w = g v / ||v||                         weight: for a layer's weights instead of outputs, a set being all weights into one unit

and then y * gamma + beta, which are 1 and 0 at the start of training (and so is g here: w has length 1).

Shapes: N examples, C units (channels), P positions; for weight norm, C units with N * P weights each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, concat

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Kind = Literal["batch", "layer", "group", "instance", "rms", "weight"]

EPS = 1e-5
UNITS, EXAMPLES, POSITIONS = 6, 4, 4
CONVOLVED_EXAMPLES = 3
"""A convnet gets fewer examples, because each of its units has several positions."""


class Normalized(NamedTuple):
    """The results.

    cells: one row for each number: example, unit, position, x, set, y.
    sets: one row for each statistic: set, name, cells (their number), mean, variance (NaN if it is not used), square (mean of x^2),
    scale: the
        divisor of x - mean (of x itself for rms and weight).
    """

    cells: DataFrame
    sets: DataFrame


def tensor(seed: int, *, convolved: bool) -> Floats:
    """Outputs of a layer, (N, C, P), with P = 1 if it is fully connected: units with different mean and spread, to one decimal."""
    rng = np.random.default_rng(seed)
    shape = (CONVOLVED_EXAMPLES, UNITS, POSITIONS) if convolved else (EXAMPLES, UNITS, 1)
    scale_C, shift_C = rng.uniform(0.5, 2.5, UNITS), rng.uniform(-2, 2, UNITS)
    brightness_N = rng.uniform(0.6, 1.6, shape[0])
    x_NCP = (rng.normal(0, 1, shape) * scale_C[:, None] + shift_C[:, None]) * brightness_N[:, None, None]
    return np.asarray(np.round(x_NCP, 1) + 0.0)  # turns -0.0 into 0.0


def sets(kind: Kind, shape: tuple[int, int, int], groups: int = 2) -> Whole:
    """The number of the set that each cell of (N, C, P) belongs to, from 0 on.

    Raises ValueError for groups that do not divide the units, and for sets of a single number, whose variance is 0.
    """
    examples, units, positions = shape
    if kind == "group" and units % groups:
        raise ValueError(f"{groups} groups do not divide the {units} units")
    if kind == "group" and units == groups and positions == 1:
        raise ValueError(f"{groups} groups leave only 1 unit each among the {units} units, so all would become 0")
    n_N11, c_1C1 = np.arange(examples)[:, None, None], np.arange(units)[None, :, None]
    if kind == "instance" and positions > 1:
        number = n_N11 * units + c_1C1
    elif kind == "group":
        number = n_N11 * groups + c_1C1 // (units // groups)
    elif kind in ("batch", "weight"):
        number = c_1C1
    elif kind in ("layer", "rms", "instance"):  # instance norm without positions
        number = n_N11
    else:
        raise ValueError(f"no sets of cells are known for the normalization {kind}")
    return np.broadcast_to(number, shape)


def normalized(x_NCP: Floats, kind: Kind, groups: int = 2, eps: float = EPS) -> Normalized:
    """Each cell with its set and its normalized value, and each set's statistics. Raises ValueError as `sets`."""
    set_NCP = sets(kind, (x_NCP.shape[0], x_NCP.shape[1], x_NCP.shape[2]), groups)
    x, of = x_NCP.ravel(), set_NCP.ravel()
    count = np.bincount(of)
    mean_S, square_S = np.bincount(of, x) / count, np.bincount(of, x**2) / count
    if centred := kind not in ("rms", "weight"):
        variance_S = np.bincount(of, (x - mean_S[of]) ** 2) / count
        scale_S = np.sqrt(variance_S + eps)
    else:
        variance_S = np.full_like(mean_S, np.nan)
        scale_S = np.sqrt(square_S + eps) if kind == "rms" else np.sqrt(square_S * count)
    y = (x - mean_S[of] * centred) / np.where(scale_S > 0, scale_S, 1.0)[of]
    example, unit, position = (axis.ravel() for axis in np.indices(x_NCP.shape))
    cells = DataFrame({"example": example, "unit": unit, "position": position, "x": x, "set": of, "y": y})
    table = DataFrame({"set": np.arange(len(count)), "name": _names(cells, kind, groups), "cells": count})
    return Normalized(cells, table.assign(mean=mean_S, variance=variance_S, square=square_S, scale=scale_S))


def tables(kinds: Sequence[Kind], seed: int = 0) -> DataFrame:
    """The same small tensor under several normalizations: kind, name (of the set), and the columns of `Normalized.cells`."""
    frames = []
    for kind in kinds:
        found = normalized(tensor(seed, convolved=False), kind)
        frames.append(found.cells.assign(kind=kind, name=found.cells["set"].map(found.sets["name"])))
    return concat(frames, ignore_index=True)


def _names(cells: DataFrame, kind: Kind, groups: int) -> list[str]:
    """The name of each set, in order."""
    first = cells.drop_duplicates("set").sort_values("set")
    if kind in ("batch", "weight"):
        return [f"unit {unit + 1}" for unit in first["unit"]]
    if kind == "group":
        return [f"example {n + 1}, group {number % groups + 1}" for n, number in zip(first["example"], first["set"], strict=True)]
    if len(first) > cells["example"].nunique():
        return [f"example {n + 1}, unit {unit + 1}" for n, unit in zip(first["example"], first["unit"], strict=True)]
    return [f"example {n + 1}" for n in first["example"]]


def through_weight_norm(v_CI: Floats, grad_CI: Floats, g: float = 1.0) -> Floats:
    """The gradient of v, given `grad_CI`, the gradient of the weight w = g v / ||v||: its part orthogonal to v, scaled by g / ||v||.

    It is orthogonal to v, so a step never shortens v. Source: Salimans & Kingma 2016 (arXiv:1602.07868), equation 3.
    """
    length_C1 = np.linalg.norm(v_CI, axis=1, keepdims=True)
    direction_CI = v_CI / length_C1
    along_C1 = (grad_CI * direction_CI).sum(1, keepdims=True)
    return np.asarray(g / length_C1 * (grad_CI - along_C1 * direction_CI))


def weight_norm_products(x_NCP: Floats, seed: int) -> tuple[Floats, Floats]:
    """For each unit and a random gradient of w: v times the gradient of w, and v times the gradient of v, which is 0; (C,).

    x_NCP: the weights v, from N inputs at P positions into C units.
    """
    v_CI = x_NCP.transpose(1, 0, 2).reshape(x_NCP.shape[1], -1)
    grad_CI = np.random.default_rng(seed).normal(size=v_CI.shape)
    return (v_CI * grad_CI).sum(1), (v_CI * through_weight_norm(v_CI, grad_CI)).sum(1)
