"""Optimizers: their paths on surfaces of two numbers, a real network, their update rules and their costs."""

from __future__ import annotations

import streamlit as st

from core.ui.form import forms
from core.ui.pages.optimizers import optimizers
from core.ui.pages.optimizers import paths as optimizer_paths
from core.ui.pages.optimizers import rules as optimizer_rules
from core.ui.results import live
from core.ui.shell import shell

shell("Optimizers")

st.title("Optimizers", anchor=False)
st.caption(
    "How each optimizer turns a gradient into an update: first on a loss of two numbers, where the whole path is visible, then on a "
    "network."
)
comparison = forms.comparison(optimizers.PAGE, optimizers.START)
asked = optimizer_paths.controls()
place = st.container()
live.show(comparison, optimizers.network)
optimizer_rules.draw()
with place:  # last, because the first paths wait until torch is loaded
    optimizer_paths.draw(asked)
