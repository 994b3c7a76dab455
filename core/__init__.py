"""Tandem: small PyTorch networks trained side by side, to see the effect of each training choice.

The names below are the whole Python interface. They are loaded when first used, so that `import core` needs neither torch nor pandas.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.comparison import Comparison
    from core.data.loading import Split
    from core.engine.network.networks import build_model
    from core.engine.training_data import load_data
    from core.runs.compare import compare, train
    from core.runs.result import Result
    from core.settings import RunSettings, SettingsError

_HOME = {
    "RunSettings": "core.settings",
    "SettingsError": "core.settings",
    "Comparison": "core.comparison",
    "Split": "core.data.loading",
    "load_data": "core.engine.training_data",
    "build_model": "core.engine.network.networks",
    "train": "core.runs.compare",
    "compare": "core.runs.compare",
    "Result": "core.runs.result",
}

__all__ = ["Comparison", "Result", "RunSettings", "SettingsError", "Split", "build_model", "compare", "load_data", "train"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'core' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
