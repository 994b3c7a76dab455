"""The catalogue of questions: your expectation for each, and the result measured here."""

from __future__ import annotations

from core.ui.pages.questions import catalogue
from core.ui.shell import shell

shell("Questions")

catalogue.draw()
