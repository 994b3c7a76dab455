"""The answer to a question: whether the guess was right, the options, what was measured, why, and what was run."""

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
"""What a module says of its code and of its sources, which stand below: from there to the paragraph's end."""
SAID = "you expected this one"
CLAIMS = (
    "What is claimed was fixed before it was run. Brackets hold the 95 % interval of the mean over seeds; a seed sets the initial weights, "
    "the order of the data and whatever else is drawn by chance."
)


class Drawn(NamedTuple):
    """What is shown of an answer: the row of its figures, its picture's specification, and those of further pictures with their lines."""

    row: dict[str, Any]
    picture: dict[str, Any]
    further: tuple[tuple[str, dict[str, Any]], ...]


def expected(question: Question, guess: int) -> str:
    """What was expected, in a sentence; empty where nothing was."""
    return f"You expect {LETTERS[guess]}: {escaped(question.options[guess].text)}." if 0 <= guess < len(question.options) else ""


def judged(question: Question, guess: int) -> None:
    """Whether the guess was right, in a line; never in red."""
    right = f"It is {question.letter}: {escaped(question.right.text)}."
    if not 0 <= guess < len(question.options):
        st.info(f"**{right}** {escaped(question.right.why)}", icon=":material/lightbulb:")
        return
    option = question.options[guess]
    said = f"You expected {LETTERS[guess]}: {escaped(option.text)}."
    if is_right(question, guess):
        st.success(f"**{said} So it is.** {escaped(option.why)}", icon=":material/check:")
    else:
        st.warning(f"**{said} {right}** {escaped(option.why)}", icon=":material/close:")


def options(question: Question, guess: int, *, revealed: bool) -> None:
    """What was asked, and all that could be expected, folded."""
    with st.expander("The question and its options", type="compact"):
        st.markdown(f"{escaped(question.premise)} **{escaped(question.ask)}**")
        for place, option in enumerate(question.options):
            marks = ["your guess"] * (place == guess) + ["right"] * (revealed and option.right)
            said = f" *({', '.join(marks)})*" if marks else ""
            why = f" {escaped(option.why)}" if revealed else f" {escaped(option.belief)}"
            st.markdown(f"**{LETTERS[place]}** {escaped(option.text)}.{said}{why}")


def measured(question: Question, store: Store, guess: int) -> None:
    """The finding, the pictures, and the verdict on each claim."""
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
    """What came of the claims in a line: the first with its interval and number of seeds, how many hold, and why one may not."""
    sentences = [str(part["sentence"]) for part in row["parts"]]
    held = sum(part["verdict"] == "holds" for part in row["parts"])
    others = f" {held} of {len(sentences)} claims hold." if len(sentences) > 1 else ""
    doubt = f" {question.doubt}" if question.doubt and held < len(sentences) else ""
    return f"{sentences[0][0].upper()}{sentences[0][1:]}.{others}{doubt}"


@st.cache_data(show_spinner=False, max_entries=64)
def _drawn(_url: str, question_id: str, _key: str, guess: int, _store: Store) -> Drawn:
    """The answer as it is shown, made once of what is stored."""
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
    """The picture, and in it what was expected, where that is one of the things that it names."""
    picture = question.picture(evidence)
    name = question.options[guess].marks
    return guess_charts.named(picture, name, SAID) if name else picture


def why(question: Question) -> None:
    """The explanation, with its formulas, one a line."""
    with st.container(key="question-why"):
        st.subheader("Why", anchor=False)
        st.markdown(question.answer)
        for formula in question.formulas:
            st.latex(formula)
        if question.usual:
            st.markdown(f"**What is usually said.** {question.usual}")


def below(question: Question) -> None:
    """What would change the answer, what was run, and where it is from."""
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
    """What was run, exactly."""
    if question.code:
        with st.expander("The code", type="compact", expanded=True):
            st.code(question.code, language="python", height=360)
    with st.expander("The experiment, exactly", type="compact"):
        if question.tried:
            st.markdown(f"**Chosen anew.** {escaped(question.tried)}")
        for name, comparison in question.comparisons.items():
            runs = len(comparison.runs())
            st.caption(f"{escaped(name)}: {runs} networks, seeds {comparison.seed_list[0]} to {comparison.seed_list[-1]}")
            st.code(comparison.to_toml(), language="toml", height=240)
        for name, lab in question.labs.items():
            st.caption(f"{escaped(name)}: computed here; it does not open in the workbench")
            st.code(f"{setup(lab)}\n\n{told(lab)}", language=None, wrap_lines=True)


def setup(lab: Lab) -> str:
    """What a lab computes and from what, in the words of its module; of the checks of identities, of those that are asked for."""
    asked = lab.arguments.get("module")
    module = inspect.getmodule(lab.function) if asked is None else import_module(f"{lab.function.__module__}.{asked}")
    paragraphs = ASIDES.sub("", inspect.getdoc(module) or "").split("\n\n")
    return "\n\n".join(_joined(paragraph) for paragraph in paragraphs if paragraph.strip())


def _joined(paragraph: str) -> str:
    """The paragraph as one line, which is wrapped where it is shown; formulas, which are set in, as they are."""
    lines = paragraph.split("\n")
    return paragraph if any(line.startswith("    ") for line in lines) else " ".join(lines)


def told(lab: Lab) -> str:
    """The function that was called, with all of its arguments, those among them that are its defaults."""
    bound = inspect.signature(lab.function).bind(**lab.arguments)
    bound.apply_defaults()
    return f"{lab.name}({', '.join(f'{argument}={value!r}' for argument, value in bound.arguments.items())})"
