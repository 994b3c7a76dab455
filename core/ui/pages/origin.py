"""The question that leads to a comparison in the workbench, shown above the comparison with a link back."""

from __future__ import annotations

import streamlit as st

from core.ui.form.links import ASKED_BY
from core.ui.markdown import escaped

QUESTION = "pages/question.py"


def draw() -> None:
    """A line that names the question; empty if no question led here, or an unknown one."""
    name, _, turn = st.query_params.get(ASKED_BY, "").partition(".")
    if not name:
        return
    from core.questions.catalogue import questions  # imported here, because all declarations of questions come with it

    if (question := questions().get(name)) is None:
        return
    asked = question.text
    if turn.isascii() and turn.isdigit() and 1 <= int(turn) <= len(question.turns):
        chosen = question.turns[int(turn) - 1]
        asked = f"{chosen.change}. {chosen.look}"
    with st.container(key="origin", horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"From question {escaped(question.id)}: **{escaped(asked)}**", width="content")
        st.page_link(QUESTION, label="Back to the question", icon=":material/arrow_back:", query_params={"q": question.id})
