"""Batch size: updates, epochs and seconds, scaling rules, the noise of the gradient."""

from __future__ import annotations

from core.ui.form import forms
from core.ui.pages import batch_size
from core.ui.shell import shell

shell("Batch size")

comparison = forms.comparison(batch_size.PAGE, batch_size.START)
batch_size.draw(comparison)
