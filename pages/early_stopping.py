"""Early stopping: one overfitting run, the point where each rule stops it, and the resulting scores."""

from __future__ import annotations

from core.ui.form import forms
from core.ui.pages import early_stopping
from core.ui.results import live
from core.ui.shell import shell

shell("Early stopping")

comparison = forms.comparison(early_stopping.PAGE, early_stopping.START)
live.show(comparison, early_stopping.draw)
