"""The catalogue of questions: what you expected of each, and what was measured here."""

from __future__ import annotations

from core.ui.pages.questions import catalogue
from core.ui.shell import shell

shell("Questions")

catalogue.draw()
