"""One question: what do you expect, see what happens, and why."""

from __future__ import annotations

from core.ui.pages.questions import one
from core.ui.shell import shell

shell("Question")

one.draw()
