"""Learning-rate sweeps, of which the first is where that page begins."""

from __future__ import annotations

from typing import Any

from core.analysis import claim_measures
from core.analysis.claims import Above, Below
from core.comparison import Comparison
from core.experiments.claims import claiming
from core.experiments.claims.claim import Claim, Evidence, Numbers
from core.experiments.claims.claiming import each_ends, ends, over_own_lowest, ratio
from core.experiments.experiment import Experiment

PAGE = "learning_rate"

RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0)
"""Learning rates half a decade apart."""

WORKS = 0.8
"""Share of the digits that a network gets right at a rate that works."""

_SMALL = {"model": {"kind": "mlp", "hidden": (32,)}, "training": {"epochs": 6, "batch_size": 32}}
_DEEP = {"model": {"kind": "mlp", "hidden": (32,) * 6}, "training": {"epochs": 6, "batch_size": 32}}
_OPTIMIZERS = ({"kind": "sgd"}, {"kind": "sgd", "momentum": 0.9}, {"kind": "adam"})


def _sweep(base: dict[str, Any], **varied: Any) -> Comparison:
    return Comparison.load({"base": base, "vary": {**varied, "optimizer.lr": RATES}, "seeds": 3})


def _curve(name: str) -> list[str]:
    """The names of a curve's variants."""
    return list(_at(name).values())


def _at(name: str) -> dict[float, str]:
    return {rate: f"{name}, lr={rate:g}" for rate in RATES}


def _own_rate(name: str, rate: float) -> Claim:
    words = f"validation loss of {name} at {rate:g} over its lowest at any rate"
    return over_own_lowest(words, Below(1.2), "val_loss", f"{name}, lr={rate:g}", _curve(name))


def _at_best(first: str, second: str) -> Any:
    """The validation loss of two curves, each at the best rate of its own."""

    def numbers(evidence: Evidence) -> Numbers:
        found = claim_measures.at_best(claiming.places(evidence, "val_loss", {name: _at(name) for name in (first, second)}))
        return found[first], found[second]

    return numbers


def _decades(evidence: Evidence) -> Numbers:
    """How many decades of rates end within twice the lowest loss: cosine, constant."""
    wide = claim_measures.range_width(claiming.places(evidence, "val_loss", {name: _at(name) for name in ("cosine", "constant")}))
    return wide["decades"].xs("cosine"), wide["decades"].xs("constant")


EXPERIMENTS = (
    Experiment(
        PAGE,
        "Optimizers",
        "Each has a rate of its own: about 0.3 for SGD, 0.03 with momentum, 0.01 for Adam. At one rate for all, the rate decides who wins.",
        _sweep(_SMALL, optimizer=_OPTIMIZERS),
        claims=(
            _own_rate("sgd", 0.3),
            _own_rate("sgd momentum=0.9", 0.03),
            _own_rate("adam", 0.01),
            ratio("validation loss at 0.3, SGD over Adam", Below(1), "val_loss", "sgd, lr=0.3", "adam, lr=0.3"),
            ratio("validation loss at 0.01, SGD over Adam", Above(1), "val_loss", "sgd, lr=0.01", "adam, lr=0.01"),
        ),
        doubt="The best rate moves by half a decade from seed to seed. On average the stated ones end 10 to 20 % above a seed's own "
        "lowest, about where the threshold lies.",
    ),
    Experiment(
        PAGE,
        "Warmup",
        "Momentum on six layers. In six epochs warmup shows no gain at the best rates; at the largest, look how many seeds diverge.",
        _sweep(_DEEP | {"optimizer": {"kind": "sgd", "momentum": 0.9}}, **{"schedule.warmup": (0.0, 1.0, 2.0)}),
        claims=tuple(
            Claim(
                f"validation loss at the best rate, {epochs} of warmup over none",
                "ratio",
                Above(0.9),
                _at_best(f"warmup={epochs[0]}", "warmup=0"),
            )
            for epochs in ("1 epoch", "2 epochs")
        ),
        doubt="The losses at the best rates are small and scatter by tens of percent from seed to seed, more than a warmup changes. "
        "The page said that it gains nothing.",
    ),
    Experiment(
        PAGE,
        "Schedules",
        "With a falling rate 0.03 ends not far above 0.01 that is held. Look at how low and how wide each basin is: they hardly differ.",
        _sweep(_SMALL, schedule=("constant", "polynomial", "cosine", "one_cycle")),
        claims=(
            *(
                ratio(
                    f"validation loss, {name} at 0.03 over constant at 0.01",
                    Below(1.2),
                    "val_loss",
                    f"{name}, lr=0.03",
                    "constant, lr=0.01",
                )
                for name in ("polynomial", "cosine", "one_cycle")
            ),
            Claim("lowest validation loss, cosine over constant", "ratio", Above(0.8), _at_best("cosine", "constant")),
            Claim("decades of rates within twice the lowest loss, cosine minus constant", "difference", Above(0), _decades),
        ),
        doubt="A rate of 0.03 that falls ends 20 to 40 % above one of 0.01 that is held, and the basin is no wider. The page said as "
        "good, and wider.",
    ),
    Experiment(
        PAGE,
        "Normalization",
        "SGD on six layers: with batch norm rates of 0.1 to 1 all work, with layer norm or none 0.1 to 0.3; a rate of 1 is then too large.",
        _sweep(_DEEP | {"optimizer": "sgd"}, **{"model.normalization": ("none", "batch", "layer")}),
        claims=(
            each_ends(
                "lowest validation accuracy with batch norm at 0.1, 0.3 and 1",
                Above(WORKS),
                "val_accuracy",
                ("batch, lr=0.1", "batch, lr=0.3", "batch, lr=1"),
            ),
            each_ends(
                "lower validation accuracy with layer norm at 0.1 and 0.3", Above(WORKS), "val_accuracy", ("layer, lr=0.1", "layer, lr=0.3")
            ),
            ends("validation accuracy with layer norm at 1", Below(WORKS), "val_accuracy", "layer, lr=1"),
            ends("validation accuracy without a norm at 0.1", Above(WORKS), "val_accuracy", "none, lr=0.1"),
            each_ends(
                "higher validation accuracy without a norm at 0.03 and 0.3", Below(WORKS), "val_accuracy", ("none, lr=0.03", "none, lr=0.3")
            ),
        ),
        doubt="Without a norm 0.03 and 0.3 work, too, with 84 and 88 % right. The page said that only about 0.1 does.",
    ),
)
"""The page begins with the first."""

START = EXPERIMENTS[0].comparison
