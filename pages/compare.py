"""The workbench: settings in the sidebar, and their results."""

from __future__ import annotations

from core.experiments.home import DEFAULT
from core.ui.form import forms
from core.ui.pages import origin, workbench
from core.ui.results import live
from core.ui.shell import shell

shell("Compare")

origin.draw()
comparison = forms.comparison(workbench.PAGE, DEFAULT)
live.show(comparison, workbench.draw)
