"""Comparisons that are worth a look, ready to run."""

from __future__ import annotations

from core.comparison import Comparison
from core.settings import RunSettings

DEFAULT = Comparison.load(
    {
        "base": RunSettings(),
        "variants": [
            {"name": "SGD momentum", "optimizer": {"kind": "sgd", "lr": 0.05, "momentum": 0.9}},
            {"name": "SGD Nesterov", "optimizer": {"kind": "sgd", "lr": 0.05, "momentum": 0.9, "nesterov": True}},
            {"name": "RMSprop", "optimizer": {"kind": "rmsprop", "lr": 0.001}},
            {"name": "Adam", "optimizer": {"kind": "adam", "lr": 0.001}},
            {"name": "AdamW", "optimizer": {"kind": "adamw", "lr": 0.001}},
        ],
        "seeds": 5,
    }
)
"""Five optimizers on the handwritten digits, five seeds each."""
