"""The gradient of an RNN against the lag, for recurrent matrices whose largest eigenvalue has a given size at the start.

Without inputs the state of a tanh network stays near 0, where tanh is the identity: with an orthogonal matrix scaled by rho, the gradient's
norm is rho^lag. With inputs, tanh has a slope below 1, and the gradient is smaller.

Source: Pascanu, Mikolov & Bengio 2013 (arXiv:1211.5063), section 2.1. The measure is that of `gradient_lag`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from pandas import DataFrame, Series, concat

from core.labs.threads import one_thread
from core.settings import RunSettings

if TYPE_CHECKING:
    from core.labs.networks.gradient_lag import Inputs

RADII = (0.5, 0.9, 1.0, 1.1, 1.5)
STEPS, HIDDEN = 50, 32


def lags(inputs: Inputs = "zeros", radii: Sequence[float] = RADII, seeds: int = 4) -> DataFrame:
    """Untrained networks on the adding problem: inputs, radius, seed, lag (steps), norm. Imports torch."""
    from core.labs.networks import gradient_lag

    frames = []
    with one_thread():
        for radius in radii:
            for seed in range(seeds):
                norm = gradient_lag.measure(_run(radius, seed), inputs=inputs)
                frames.append(DataFrame({"inputs": inputs, "radius": radius, "seed": seed, "lag": range(len(norm)), "norm": norm}))
    return concat(frames, ignore_index=True)


def _run(radius: float, seed: int) -> RunSettings:
    model = {"kind": "recurrent", "cell": "rnn", "hidden": HIDDEN, "spectral_radius": radius}
    data = {"kind": "adding", "samples": 200, "steps": STEPS}
    return RunSettings.model_validate({"data": data, "model": model, "seed": seed})


def errors(frame: DataFrame) -> Series:
    """For each seed: the largest relative difference of the norm from radius^lag."""
    off = (frame["norm"] / frame["radius"] ** frame["lag"] - 1).abs()
    return off.groupby(frame["seed"]).max()


def slopes(frame: DataFrame) -> DataFrame:
    """The slope of ln norm against the lag by least squares, one row for each radius and seed: radius, seed, slope, predicted (ln
    radius).
    """
    rows = []
    for _, group in frame.groupby(["radius", "seed"]):
        radius, seed = float(group["radius"].iloc[0]), int(group["seed"].iloc[0])
        slope = float(np.polyfit(group["lag"], np.log(group["norm"]), 1)[0])
        rows.append({"radius": radius, "seed": seed, "slope": slope, "predicted": math.log(radius)})
    return DataFrame(rows)
