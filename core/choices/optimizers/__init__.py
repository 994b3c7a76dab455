"""All optimizers. To add one, add its class to one of the files imported here, and its name to the union."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from core.choices.base import ByKind
from core.choices.optimizers.of_torch import (
    Adadelta,
    Adafactor,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Asgd,
    Lbfgs,
    Muon,
    NAdam,
    RAdam,
    RmsProp,
    Rprop,
    Sgd,
)
from core.choices.optimizers.others import AdaBelief, Custom, Lamb, Lion, Prodigy, ScheduleFreeAdamW, Soap

__all__ = [
    "AdaBelief",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Asgd",
    "Custom",
    "Lamb",
    "Lbfgs",
    "Lion",
    "Muon",
    "NAdam",
    "Optimizer",
    "Prodigy",
    "RAdam",
    "RmsProp",
    "Rprop",
    "ScheduleFreeAdamW",
    "Sgd",
    "Soap",
]

Optimizer = Annotated[
    Sgd | Adam | AdamW | RmsProp | Adagrad | NAdam | RAdam | Adamax | Adadelta | Adafactor | Asgd | Rprop | Lbfgs | Muon
    | Lion | Lamb | Prodigy | ScheduleFreeAdamW | Soap | AdaBelief | Custom,
    Field(discriminator="kind"),
    ByKind,
]  # fmt: skip
