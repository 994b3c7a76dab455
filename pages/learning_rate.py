"""Learning rate: too small, right, too large; schedules; the range test."""

from __future__ import annotations

from core.ui.form import forms
from core.ui.pages import learning_rate
from core.ui.shell import shell

shell("Learning rate")

comparison = forms.comparison(learning_rate.PAGE, learning_rate.START)
learning_rate.draw(comparison)
