"""What the pages of labs share: what to look at, the sentence, then below the pictures why it is so, what to try, and sources."""

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
    """The words around the results of a lab, or of a part of its page.

    experiment: what the page begins with. look: what to look at, whatever the controls hold; as the experiment says, if empty.
    controls: what can be changed. failed: the title of the message that it cannot be computed. why: Markdown. formula: LaTeX, empty for
    none. sources: where it is from. question: the number of the one on this.
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
        """What its keys begin with."""
        return self.experiment.page


def draw(words: LabPage, wanted: Mapping[str, Lab], show: Callable[[Found], None]) -> None:
    """Asks for the labs that are wanted, and calls `show` with what is found, now and as they come in."""
    with errors.shown(words.failed):
        labs.follow(words.page, wanted, show)


def look(words: LabPage) -> None:
    """What to look at."""
    st.markdown(f":small[**What to look at:** {escaped(words.look or words.experiment.look)}]")


def sentence(words: LabPage, found: Found, said: str, small: str, names: Mapping[str, str] | None = None) -> None:
    """What came out, once there is something to say, and its small print; and what is still computed.

    names: what the labs are called in a sentence, if not by their own names.
    """
    so_far = ":gray[So far:] " if said and found.waiting else ""
    with st.container(key=f"{words.page}-headline"):
        nothing = ":gray[The first results come in a moment.]" if found.waiting else ":gray[There is nothing to show yet.]"
        st.markdown(f"{so_far}{escaped(said)}" if said else nothing)
    called = [(names or {}).get(name, name) for name in found.waiting]
    waiting = f"Still computing: {', '.join(called)}. " if called else ""
    st.caption(escaped(waiting + small) or " ")


def why(words: LabPage) -> None:
    """Why it comes out so."""
    st.subheader("Why", anchor=False)
    st.markdown(words.why)
    if words.formula:
        st.latex(words.formula)


def try_this(words: LabPage, held: Values) -> None:
    """Links that change something, the question on this, and where it is from."""
    st.subheader("Try this", anchor=False)
    controls = words.controls
    for chip in controls.offered(held):
        with st.container(border=True, gap="xsmall"):
            changed = controls.query(controls.changed(held, chip))
            st.page_link(controls.path, label=f"**{escaped(chip.change)}**", icon=":material/arrow_forward:", query_params=changed)
            st.caption(escaped(chip.look))
    st.page_link("pages/question.py", label="The question on this", icon=":material/quiz:", query_params={"q": words.question})
    st.caption(escaped(words.sources))
