"""Comparisons of normalizations over batch sizes, and in a deeper network."""

from __future__ import annotations

from pandas import Series

from core.analysis import claim_measures
from core.analysis.claims import Above, Below
from core.comparison import Comparison
from core.experiments.batch_sizes import rate
from core.experiments.claims.claim import Claim, Evidence
from core.experiments.claims.claiming import before_training, last
from core.experiments.experiment import Experiment

PAGE = "normalization"

KINDS = ("none", "batch", "layer", "rms")
SIZES = (2, 4, 8, 16, 64, 256)
USUAL = 64
"""The batch size of the learning rate; for other sizes, the rate grows with the batch."""

_LR = 0.4

START = Comparison.load(
    {
        "base": {
            "data": {"kind": "digits", "validation_fraction": 0.33, "test_fraction": 0.1},
            "model": {"kind": "mlp", "hidden": (32,)},
            "optimizer": {"kind": "sgd", "lr": _LR},
            "training": {"epochs": 2},
        },
        "vary": {"model.normalization": KINDS, "training.batch_size": SIZES},
        "seeds": 3,
    }
)
"""Number of training digits: each batch size divides it, so no last batch is smaller."""


def _name(kind: str, size: int) -> str:
    return f"{kind}, batch_size={size}"


def _scaled() -> Comparison:
    """The comparison with each rate multiplied by its batch size over the usual one."""
    variants = [
        {
            "name": _name(kind, size),
            "model.normalization": kind,
            "training.batch_size": size,
            "optimizer.lr": rate(_LR, size / USUAL, 1.0),
        }
        for kind in KINDS
        for size in SIZES
    ]
    return Comparison.load({"base": START.base, "variants": variants, "seeds": START.seeds})


def _deep() -> Comparison:
    """Each normalization once, in eight hidden layers."""
    shared = {"training.batch_size": USUAL, "training.epochs": 8, "model.depth": 8}
    variants = [{"name": kind, "model.normalization": kind, **shared} for kind in KINDS]
    return Comparison.load({"base": START.base, "variants": variants, "seeds": START.seeds})


def _lost(evidence: Evidence, kind: str, to: int) -> tuple[Series, Series]:
    """Validation accuracy at the usual batch size, and at another one."""
    usual, other = (last(evidence, "val_accuracy", _name(kind, size)) for size in (USUAL, to))
    return usual, other


def _lost_more(evidence: Evidence) -> Series:
    """The loss of accuracy of batch norm from the usual batch size to two, minus that of layer norm."""
    return claim_measures.difference_of_differences(_lost(evidence, "batch", 2), _lost(evidence, "layer", 2))


def _falls(kind: str) -> Claim:
    """A claim that its accuracy falls from the usual batch size to the largest."""
    words = f"validation accuracy of {kind}, batches of {USUAL} minus {SIZES[-1]}"
    return Claim(words, "difference", Above(0), lambda evidence: _lost(evidence, kind, SIZES[-1]))


def _apart_at_first(evidence: Evidence) -> Series:
    """The largest relative difference of a layer's standard deviation between batch norm and none before training, by seed."""
    batch, none = (before_training(evidence, "activation_std", kind) for kind in ("batch", "none"))
    return ((batch - none).abs() / none).iloc[:, :-1].max(axis=1)


EXPERIMENTS = (
    Experiment(
        PAGE,
        "batch sizes",
        "The outputs of each hidden layer are brought to one scale. Batch norm computes mean and variance from the examples of the "
        "batch, for "
        "which two examples are a poor estimate; layer and RMS norm use one example at a time. On the right, all fall a little, because "
        "two "
        "epochs have only eight updates.",
        START,
        claims=(
            Claim(
                "validation accuracy of batch norm, batches of 64 minus 2",
                "difference",
                Above(0.1),
                lambda evidence: _lost(evidence, "batch", 2),
            ),
            Claim("what batch norm loses from 64 to 2 minus what layer norm loses", "mean", Above(0.1), _lost_more),
            *map(_falls, KINDS),
        ),
        trained=_scaled(),
        seeds=16,
    ),
    Experiment(
        PAGE,
        "eight layers",
        "The outputs of eight hidden layers, before training and now. Before training, batch norm's running averages are still mean "
        "0 and variance 1, so in evaluation mode its curve equals that of no normalization.",
        START,
        claims=(Claim("largest relative difference of a layer's spread, batch norm from none", "exact", Below(1e-3), _apart_at_first),),
        trained=_deep(),
        view={"part": "Activations"},
    ),
)
