"""Pruning: how much of a network can be removed, by which method, and what this saves."""

from __future__ import annotations

from core.ui.form import forms
from core.ui.pages.pruning import pruning
from core.ui.results import live
from core.ui.shell import shell

shell("Pruning")

asked = forms.comparison(pruning.PAGE, pruning.START)
live.show(pruning.with_dense(asked), pruning.draw)
