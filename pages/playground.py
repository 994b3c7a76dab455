"""Playground: networks in the plane, epoch by epoch."""

from __future__ import annotations

from core.ui.pages.playground import playground
from core.ui.shell import shell

shell("Playground")

playground.draw()
