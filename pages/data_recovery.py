"""Data recovery: what updates and weights reveal about the training data."""

from __future__ import annotations

from core.ui.pages.data_recovery import data_recovery
from core.ui.shell import shell

shell("Data recovery")

data_recovery.draw()
