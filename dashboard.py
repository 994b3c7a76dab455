"""Home: a description of Tandem, one click to a running comparison, examples, and earlier comparisons."""

from __future__ import annotations

import streamlit as st

from core.ui.pages.home import opening
from core.ui.shell import shell

shell("Tandem", opening.words)

from core.ui.pages.home import door, home  # noqa: E402  (read while the head of the page is seen already)

home.introduction()
door.bring_a_table()
left, right = st.columns([3, 2], gap="large")
with left:
    home.examples()
with right:
    place = st.container()
    home.open_file()
home.pages()
with place:
    home.recent()  # last, because it reads all questions to leave their comparisons out
