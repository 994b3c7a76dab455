"""Early stopping: one overfitting run, where every rule stops it, and what each gives."""

from __future__ import annotations

from core.ui import forms, live
from core.ui.panels import early_stopping
from core.ui.shell import shell

shell("Early stopping")

comparison = forms.comparison(early_stopping.PAGE, early_stopping.START)
live.show(comparison, early_stopping.draw)
