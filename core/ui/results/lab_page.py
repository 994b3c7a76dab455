"""The common parts of lab pages: what to look at, the result in a sentence, and below the charts the reason, what to try, and sources."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import streamlit as st

from core.experiments.claims.claim import Lab
from core.experiments.experiment import Experiment
from core.ui import errors
from core.ui.form.controls import Controls, Values
from core.ui.markdown import escaped
from core.ui.results import labs
from core.ui.results.labs import Found


@dataclass(frozen=True)
class LabPage:
    """The texts around the results of a lab, or of a part of its page.

    experiment: the first experiment of the page. look: what to look at, for all values of the controls; if empty, the experiment's text.
    controls: the controls. failed: title of the error message. why: the reason, in Markdown. formula: LaTeX, may be empty. sources: the
    sources. question: the number of the question on this topic.
    """

    experiment: Experiment
    controls: Controls
    failed: str
    why: str
    sources: str
    question: str
    look: str = ""
    formula: str = ""

    @property
    def page(self) -> str:
        """The beginning of its keys."""
        return self.experiment.page


def draw(words: LabPage, wanted: Mapping[str, Lab], show: Callable[[Found], None]) -> None:
    """Requests the labs, and calls `show` with the results, now and whenever more of them arrive."""
    with errors.shown(words.failed):
        labs.follow(words.page, wanted, show)


def look(words: LabPage) -> None:
    """Draws what to look at."""
    st.markdown(f":small[**What to look at:** {escaped(words.look or words.experiment.look)}]")


def sentence(words: LabPage, found: Found, said: str, small: str, names: Mapping[str, str] | None = None) -> None:
    """Draws the result in a sentence with its small print, if there are results, and names the labs that are still being computed.

    names: names of the labs in the sentence, if they differ from their own names.
    """
    so_far = ":gray[So far:] " if said and found.waiting else ""
    with st.container(key=f"{words.page}-headline"):
        nothing = ":gray[The first results will be here in a moment.]" if found.waiting else ":gray[There is nothing to show yet.]"
        st.markdown(f"{so_far}{escaped(said)}" if said else nothing)
    called = [(names or {}).get(name, name) for name in found.waiting]
    waiting = f"Still computing: {', '.join(called)}. " if called else ""
    st.caption(escaped(waiting + small) or " ")


def why(words: LabPage) -> None:
    """Draws the reason of the result."""
    st.subheader("Why", anchor=False)
    st.markdown(words.why)
    if words.formula:
        st.latex(words.formula)


def try_this(words: LabPage, held: Values) -> None:
    """Draws links that change a control, the question on this topic, and the sources."""
    st.subheader("Try this", anchor=False)
    controls = words.controls
    for chip in controls.offered(held):
        with st.container(border=True, gap="xsmall"):
            changed = controls.query(controls.changed(held, chip))
            st.page_link(controls.path, label=f"**{escaped(chip.change)}**", icon=":material/arrow_forward:", query_params=changed)
            st.caption(escaped(chip.look))
    st.page_link("pages/question.py", label="Question on this topic", icon=":material/quiz:", query_params={"q": words.question})
    st.caption(escaped(words.sources))
