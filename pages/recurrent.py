"""Recurrent networks: the adding problem, the gradient against the lag, clipping, truncation."""

from __future__ import annotations

from core.ui.pages.recurrent import recurrent
from core.ui.shell import shell

shell("Recurrent")

recurrent.draw()
