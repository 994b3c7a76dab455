"""Optimizers: their paths on surfaces that can be seen, the same on a real network, their rules and what they cost."""

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
st.caption("What each optimizer makes of a gradient: first on a loss of two numbers, where the whole path can be seen, then on a network.")
comparison = forms.comparison(optimizers.PAGE, optimizers.START)
asked = optimizer_paths.controls()
place = st.container()
live.show(comparison, optimizers.network)
optimizer_rules.draw()
with place:  # last: the first paths wait for torch to load
    optimizer_paths.draw(asked)
