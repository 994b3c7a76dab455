"""Gradient flow: gradients and activations by layer, against depth, and the activation functions with their derivatives."""

from __future__ import annotations

from core.ui.form import forms
from core.ui.pages.gradient_flow import gradient_flow
from core.ui.results import live
from core.ui.shell import shell

shell("Gradient flow")

comparison = forms.comparison(gradient_flow.PAGE, gradient_flow.START)
live.show(comparison, gradient_flow.draw)
