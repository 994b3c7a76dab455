"""Distillation: what a small network learns from a larger one's outputs."""

from __future__ import annotations

from core.ui.form import forms
from core.ui.pages.distillation import distillation
from core.ui.results import live
from core.ui.shell import shell

shell("Distillation")

asked = forms.comparison(distillation.PAGE, distillation.START)
live.show(distillation.with_teacher(asked), distillation.draw)
