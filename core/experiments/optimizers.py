"""The optimizers on each surface of the page on optimizers, and those on a real network."""

from __future__ import annotations

from typing import Any

import numpy as np
from pandas import Series

from core.analysis.claims import Above, Below
from core.choices.words.writing import write
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence, Lab
from core.experiments.experiment import RUNS, Experiment
from core.labs.optimization import paths, surfaces

PAGE = "optimizers"


def _sgd(lr: float, momentum: float = 0.0) -> dict[str, Any]:
    return {"kind": "sgd", "lr": lr} | ({"momentum": momentum} if momentum else {})


def _of(kind: str, lr: float) -> dict[str, Any]:
    return {"kind": kind, "lr": lr}


_LBFGS: dict[str, Any] = {"kind": "lbfgs", "lr": 1, "max_iter": 5}
_PLAIN, _SADDLE_PLAIN = _sgd(0.09), _sgd(0.1)


def _rows(evidence: Evidence, optimizer: dict[str, Any]) -> Any:
    frame = evidence[RUNS].frame
    return frame[frame["variant"] == write(optimizer)]


def _one(value: float) -> Series:
    """A number of a path, which has no seed."""
    return Series([value], index=[0])


def _ends(evidence: Evidence, optimizer: dict[str, Any]) -> float:
    return float(_rows(evidence, optimizer)["excess"].iloc[-1])


def _from_closed_form(evidence: Evidence) -> Series:
    """The largest distance of x from start * (1 - lr)^t on the quadratic, whose curvature along x is 1."""
    path = _rows(evidence, _PLAIN)
    expected = path["x"].iloc[0] * (1 - _PLAIN["lr"]) ** path["step"]
    return _one(float((path["x"] - expected).abs().max()))


def _leaves(evidence: Evidence, optimizer: dict[str, Any]) -> float:
    """The update at which a path is half a unit away from the saddle's ridge."""
    path = _rows(evidence, optimizer)
    off = path.loc[path["y"].abs() > 0.5, "step"]
    return float(off.iloc[0]) if len(off) else np.inf


def _lingers(kind: str, lr: float) -> Claim:
    return Claim(
        f"updates that plain SGD takes to leave the ridge over those of {kind}",
        "exact",
        Above(3),
        lambda evidence: _one(_leaves(evidence, _SADDLE_PLAIN) / _leaves(evidence, _of(kind, lr))),
    )


def _surface(name: surfaces.Name, *optimizers: dict[str, Any], claims: tuple[Claim, ...] = (), doubt: str = "") -> Experiment:
    lab = Lab(paths.walks, {"surface": name, "optimizers": list(optimizers)})
    return Experiment(PAGE, name, surfaces.make(name).about, lab, claims, doubt=doubt)


SURFACES: dict[surfaces.Name, Experiment] = {
    "quadratic": _surface(
        "quadratic",
        _PLAIN,
        _sgd(0.05, 0.9),
        _of("rmsprop", 0.05),
        _of("adam", 0.1),
        _LBFGS,
        claims=(Claim("distance of plain SGD along x from its closed form, at most", "exact", Below(1e-12), _from_closed_form),),
    ),
    "rosenbrock": _surface(
        "rosenbrock",
        _sgd(0.001),
        _sgd(0.001, 0.9),
        _of("rmsprop", 0.02),
        _of("adam", 0.1),
        _LBFGS,
        claims=(
            Claim(
                "loss above the lowest after 200 updates, momentum over plain SGD",
                "exact",
                Below(0.5),
                lambda evidence: _one(_ends(evidence, _sgd(0.001, 0.9)) / _ends(evidence, _sgd(0.001))),
            ),
            Claim("loss above the lowest of L-BFGS", "exact", Below(1e-6), lambda evidence: _one(_ends(evidence, _LBFGS))),
        ),
    ),
    "beale": _surface("beale", _sgd(0.005), _sgd(0.002, 0.9), _of("rmsprop", 0.02), _of("adam", 0.1), _LBFGS),
    "himmelblau": _surface("himmelblau", _sgd(0.01), _sgd(0.01, 0.9), _of("rmsprop", 0.05), _of("adam", 0.1), _LBFGS),
    "saddle": _surface(
        "saddle",
        _SADDLE_PLAIN,
        _sgd(0.05, 0.9),
        _of("rmsprop", 0.02),
        _of("adam", 0.05),
        _of("lion", 0.05),
        claims=(_lingers("adam", 0.05), _lingers("lion", 0.05)),
    ),
    "noisy valley": _surface("noisy valley", _sgd(0.1), _sgd(0.02, 0.9), _of("rmsprop", 0.1), _of("adam", 0.1), _LBFGS),
}
"""The rates are chosen for each surface. On the saddle, Adam and Lion have the same rate, because their steps are about as long as the
rate.
"""

NETWORK = Experiment(
    PAGE,
    "on a real network",
    "Every optimizer trains the network of the sidebar from the same initial weights, on the same batches, with several seeds. You will "
    "see how fast each loss decreases, how large the updates are compared with the weights, and how much time they take. The learning "
    "rates are chosen for this network, because a good rate for a surface may be wrong for a network.",
    Comparison.load(
        {
            "base": {"model": {"kind": "mlp", "hidden": (32,)}, "training": {"epochs": 6}},
            "variants": [
                {"name": "SGD", "optimizer": {"kind": "sgd", "lr": 0.2}},
                {"name": "SGD momentum", "optimizer": {"kind": "sgd", "lr": 0.05, "momentum": 0.9}},
                {"name": "RMSprop", "optimizer": {"kind": "rmsprop", "lr": 0.005}},
                {"name": "Adam", "optimizer": {"kind": "adam", "lr": 0.005}},
                {"name": "L-BFGS", "optimizer": {"kind": "lbfgs", "max_iter": 2}},
            ],
            "seeds": 3,
        }
    ),
)
"""On the handwritten digits; trained in a few seconds."""

START = NETWORK.comparison

EXPERIMENTS = (*SURFACES.values(), NETWORK)
