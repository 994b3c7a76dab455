"""Mistakes: runs with one classic bug each beside a correct one; the reader finds which is which."""

from __future__ import annotations

from core.ui.pages.mistakes import mistakes
from core.ui.shell import shell

shell("Mistakes")

mistakes.draw()
