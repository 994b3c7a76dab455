"""The answer to a question: whether the guess was right, the options, the measured results, the reason, and the settings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import streamlit as st

from core.charts import guesses as guess_charts
from core.charts.parts import legends, specs
from core.experiments.claims.claim import Evidence, Lab
from core.questions import measuring
from core.questions.catalogue import questions
from core.questions.question import LETTERS, Question
from core.runs.store import Store
from core.ui.form import links
from core.ui.markdown import escaped
from core.ui.pages.questions.asked import is_right

PAGE = "question"
ASIDES = re.compile(r"\s*(Torch is imported|Shapes:|Sources?:)[^\n]*(\n(?!\n)[^\n]*)*")
"""The part of a module's docstring about its code and sources, up to the end of the paragraph; the page shows the sources separately."""
SAID = "you expected this one"
CLAIMS = (
    "The claims were fixed before the experiment was run. Brackets contain the 95 % interval of the mean over seeds; a seed decides the "
    "initial weights, the order of the data and all other random numbers."
)


class Drawn(NamedTuple):
    """The shown parts of an answer: its numbers, the chart's specification, and further charts with their captions."""

    row: dict[str, Any]
    picture: dict[str, Any]
    further: tuple[tuple[str, dict[str, Any]], ...]


def expected(question: Question, guess: int) -> str:
    """A sentence with the reader's guess; empty if there was none."""
    return f"You expect {LETTERS[guess]}: {escaped(question.options[guess].text)}." if 0 <= guess < len(question.options) else ""


def judged(question: Question, guess: int) -> None:
    """One line that tells whether the guess was right; never in red."""
    right = f"It is {question.letter}: {escaped(question.right.text)}."
    if not 0 <= guess < len(question.options):
        st.info(f"**{right}** {escaped(question.right.why)}", icon=":material/lightbulb:")
        return
    option = question.options[guess]
    said = f"You expected {LETTERS[guess]}: {escaped(option.text)}."
    if is_right(question, guess):
        st.success(f"**{said} This is right.** {escaped(option.why)}", icon=":material/check:")
    else:
        st.warning(f"**{said} {right}** {escaped(option.why)}", icon=":material/close:")


def options(question: Question, guess: int, *, revealed: bool) -> None:
    """The question with all its options, in a closed expander."""
    with st.expander("The question and its options", type="compact"):
        st.markdown(f"{escaped(question.premise)} **{escaped(question.ask)}**")
        for place, option in enumerate(question.options):
            marks = ["your guess"] * (place == guess) + ["right"] * (revealed and option.right)
            said = f" *({', '.join(marks)})*" if marks else ""
            why = f" {escaped(option.why)}" if revealed else f" {escaped(option.belief)}"
            st.markdown(f"**{LETTERS[place]}** {escaped(option.text)}.{said}{why}")


def measured(question: Question, store: Store, guess: int) -> None:
    """The finding, the charts, and the verdict on each claim."""
    drawn = _drawn(store.url, question.id, question.key, guess, store)
    with st.container(key="question-headline"):
        st.markdown(escaped(drawn.row["headline"]))
    st.caption(escaped(verdict(question, drawn.row)), help=CLAIMS)
    st.vega_lite_chart(drawn.picture, key=f"{PAGE}.picture", width="stretch")
    for place, (said, picture) in enumerate(drawn.further):
        st.caption(escaped(said))
        st.vega_lite_chart(picture, key=f"{PAGE}.figure.{place}", width="stretch")
    with st.expander("Claims and figures", type="compact"):
        parts = [f"{part['sentence'][0].upper()}{part['sentence'][1:]}." for part in drawn.row["parts"]]
        st.caption(CLAIMS)
        st.markdown("\n".join(f"- {escaped(part)}" for part in dict.fromkeys(parts)))


def verdict(question: Question, row: Mapping[str, Any]) -> str:
    """The results of the claims in one line: the first claim with its interval and number of seeds, how many hold, and why one may fail."""
    sentences = [str(part["sentence"]) for part in row["parts"]]
    held = sum(part["verdict"] == "holds" for part in row["parts"])
    others = f" {held} of {len(sentences)} claims hold." if len(sentences) > 1 else ""
    doubt = f" {question.doubt}" if question.doubt and held < len(sentences) else ""
    return f"{sentences[0][0].upper()}{sentences[0][1:]}.{others}{doubt}"


@st.cache_data(show_spinner=False, max_entries=64)
def _drawn(_url: str, question_id: str, _key: str, guess: int, _store: Store) -> Drawn:
    """The shown answer, computed once from the stored results."""
    question = questions()[question_id]
    found = measuring.evidence_of(question, _store)
    if found is None:
        raise measuring.IncompleteError(f"question {question_id} is not measured yet")
    evidence = found[0]
    further = tuple((figure.said, specs.spec(legends.fitting(figure.draw(evidence)))) for figure in question.figures)
    return Drawn(
        measuring.rows([question], _store)[question_id], specs.spec(legends.fitting(with_guess(question, evidence, guess))), further
    )


def with_guess(question: Question, evidence: Evidence, guess: int) -> specs.Picture:
    """The chart, with the reader's guess marked if the chart contains it."""
    picture = question.picture(evidence)
    name = question.options[guess].marks
    return guess_charts.named(picture, name, SAID) if name else picture


def why(question: Question) -> None:
    """The explanation, with its formulas, one per line."""
    with st.container(key="question-why"):
        st.subheader("Why", anchor=False)
        st.markdown(question.answer)
        for formula in question.formulas:
            st.latex(formula)
        if question.usual:
            st.markdown(f"**The usual answer.** {question.usual}")


def below(question: Question) -> None:
    """Variations that change the answer, the settings, and the sources."""
    if question.turns:
        st.subheader("What would change this", anchor=False)
        grid = st.grid(3, min_column_width=260, gap="small")
        for place, turn in enumerate(question.turns, start=1):
            with grid.cell(), st.container(border=True, gap="xsmall", height="stretch"):
                query = links.query_for("compare", turn.experiment, asked_by=f"{question.id}.{place}")
                st.page_link(links.COMPARE, label=f"**{escaped(turn.change)}**", icon=":material/arrow_forward:", query_params=query)
                st.caption(escaped(turn.look))
    _settings(question)
    st.caption(f"Sources: {escaped(' · '.join(question.sources))}")


def _settings(question: Question) -> None:
    """The exact settings of the experiments."""
    if question.code:
        with st.expander("The code", type="compact", expanded=True):
            st.code(question.code, language="python", height=360)
    with st.expander("Exact settings of the experiment", type="compact"):
        if question.tried:
            st.markdown(f"**Settings chosen again.** {escaped(question.tried)}")
        for name, comparison in question.comparisons.items():
            runs = len(comparison.runs())
            st.caption(f"{escaped(name)}: {runs} networks, seeds {comparison.seed_list[0]} to {comparison.seed_list[-1]}")
            st.code(comparison.to_toml(), language="toml", height=240)
        for name, lab in question.labs.items():
            st.caption(f"{escaped(name)}: computed here; it does not open in the workbench")
            st.code(f"{setup(lab)}\n\n{told(lab)}", language=None, wrap_lines=True)


def setup(lab: Lab) -> str:
    """The description of a lab from its module's docstring; for the checks of identities, from the requested module."""
    asked = lab.arguments.get("module")
    module = inspect.getmodule(lab.function) if asked is None else import_module(f"{lab.function.__module__}.{asked}")
    paragraphs = ASIDES.sub("", inspect.getdoc(module) or "").split("\n\n")
    return "\n\n".join(_joined(paragraph) for paragraph in paragraphs if paragraph.strip())


def _joined(paragraph: str) -> str:
    """The paragraph as one line, because the page wraps it; indented formulas are not changed."""
    lines = paragraph.split("\n")
    return paragraph if any(line.startswith("    ") for line in lines) else " ".join(lines)


def told(lab: Lab) -> str:
    """The called function with all arguments, including the defaults."""
    bound = inspect.signature(lab.function).bind(**lab.arguments)
    bound.apply_defaults()
    return f"{lab.name}({', '.join(f'{argument}={value!r}' for argument, value in bound.arguments.items())})"
