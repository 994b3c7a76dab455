"""Penalties, constraints and dropout: their effect on the weights, and on the gap between training and validation."""

from __future__ import annotations

from core.ui.form import forms
from core.ui.pages.regularization import regularization
from core.ui.shell import shell

shell("Regularization")

comparison = forms.comparison(regularization.PAGE, regularization.START)
regularization.draw(comparison)
