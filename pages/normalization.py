"""Normalization: accuracy over batch sizes, the averaged axes, train mode against eval mode, activations by layer."""

from __future__ import annotations

from core.ui.form import forms
from core.ui.pages.normalization import normalization
from core.ui.shell import shell

shell("Normalization")

comparison = forms.comparison(normalization.PAGE, normalization.START)
normalization.draw(comparison)
