"""Distillation: what a small network learns from a larger one's outputs."""

from __future__ import annotations

from core.ui import forms, live
from core.ui.panels import distillation
from core.ui.shell import shell

shell("Distillation")

asked = forms.comparison(distillation.PAGE, distillation.START)
live.show(distillation.with_teacher(asked), distillation.draw)
