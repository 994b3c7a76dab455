"""The history of comparisons."""

from __future__ import annotations

import streamlit as st

from core.ui.pages import history as listing
from core.ui.shell import shell

shell("History")

st.title("History", anchor=False)
listing.history()
