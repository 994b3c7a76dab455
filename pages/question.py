"""One question: your expectation, the result, and the reason."""

from __future__ import annotations

from core.ui.pages.questions import one
from core.ui.shell import shell

shell("Question")

one.draw()
