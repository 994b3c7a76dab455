"""The catalogue of questions: cards by topic, what was guessed, and the verdicts as measured here."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

import streamlit as st

from core.questions import measuring, sheet
from core.questions.catalogue import questions
from core.questions.measuring import Standing
from core.questions.question import TOPICS, Question
from core.runs.configuration import check
from core.runs.store import Store, guesses
from core.ui import errors, service
from core.ui.markdown import escaped

PAGE = "questions"
ONE = "pages/question.py"
EVERY = 2.0
VERDICTS = {"holds": ("claim holds", "green"), "fails": ("claim fails", "orange"), "unclear": ("unclear", "gray")}


def draw() -> None:
    """The whole page."""
    st.title("Questions", anchor=False)
    st.caption("Each is answered by an experiment that runs here. Say first what you expect: that is how one learns.")
    with errors.shown("The questions cannot be read"):
        _body(service.store())


def _body(store: Store) -> None:
    known = list(questions().values())
    active = measuring.underway(known, store)
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    wanted = left.text_input("Search", key=f"{PAGE}.search", bind="query-params", placeholder="dead ReLU, batch norm, lottery ticket …")
    with right:
        _steering(known, store, active=active)

    @st.fragment(run_every=EVERY if active else None)
    def cards() -> None:
        standing = measuring.standings(known, store)
        if active and not any(each.active for each in standing.values()):
            st.rerun()
        with st.container(key="question-cards"):
            _cards([question for question in known if _matches(question, wanted or "")], standing, store)

    cards()
    _sheet(known, store)


def _sheet(known: list[Question], store: Store) -> None:
    """All answers with the reader's own figures, to take away."""
    if not st.toggle("Study sheet", key=f"{PAGE}.sheet", help="All answers, with the figures measured here."):
        return
    rows = measuring.rows(known, store)
    with st.container(horizontal=True, gap="small"):
        st.download_button("To print (HTML)", sheet.page(known, rows), "questions.html", "text/html", on_click="ignore", key=f"{PAGE}.html")
        st.download_button("Markdown", sheet.markdown(known, rows), "questions.md", "text/markdown", on_click="ignore", key=f"{PAGE}.md")


def _steering(known: list[Question], store: Store, *, active: bool) -> None:
    """To all of them: the next one, run all, pause."""
    with st.container(horizontal=True, horizontal_alignment="right", gap="small"):
        following = next_of(known, guesses.known(store))
        st.page_link(ONE, label="Interview me", icon=":material/record_voice_over:", query_params={"q": following.id})
        if active:
            if st.button("Pause", icon=":material/pause:", key=f"{PAGE}.pause"):
                measuring.pause(known, store)
                st.rerun()
        elif st.button("Run all", icon=":material/play_arrow:", key=f"{PAGE}.run", help="Measures every question here; some minutes."):
            start(known, store)


def start(wanted: list[Question], store: Store) -> None:
    """Has them measured; says why where that cannot be."""
    with errors.shown("This cannot be run"):
        for question in wanted:
            for comparison in question.comparisons.values():
                check(comparison, service.configuration())
        service.ensure_runner()
        measuring.ask(wanted, store)
        st.rerun()


def next_of(known: list[Question], guessed: dict[str, int], after: str = "") -> Question:
    """The next one to be asked: first what was not guessed yet, then what was guessed wrong, then the others, in turn after `after`."""
    place = next((place for place, question in enumerate(known) if question.id == after), -1)
    turn = [*known[place + 1 :], *known[: place + 1]]
    return min(turn, key=lambda question: (question.id == after, _rank(question, guessed)))


def _rank(question: Question, guessed: dict[str, int]) -> int:
    if question.id not in guessed:
        return 0
    return 2 if is_right(question, guessed[question.id]) else 1


def is_right(question: Question, guess: int) -> bool:
    """Whether that option was the right one."""
    return 0 <= guess < len(question.options) and question.options[guess].right


def _matches(question: Question, wanted: str) -> bool:
    text = f"{question.id} {question.text} {question.topic} {question.premise} {question.answer}".lower()
    return all(word in text for word in wanted.lower().split())


def _cards(shown: list[Question], standing: Mapping[str, Standing], store: Store) -> None:
    found, guessed = measuring.rows(shown, store, standing), guesses.known(store)
    answered = sum(question.id in guessed for question in shown)
    st.caption(f"{answered} of {len(shown)} answered · {len(found)} measured here")
    if not shown:
        st.info("No question has these words.")
    for topic, group in groupby(sorted(shown, key=lambda question: TOPICS.index(question.topic)), key=lambda question: question.topic):
        st.subheader(topic.capitalize(), anchor=False)
        grid = st.grid(3, min_column_width=300, gap="small")
        for question in group:
            with grid.cell(), st.container(border=True, height="stretch", gap="xsmall"):
                _card(question, standing[question.id], found.get(question.id), guessed.get(question.id))


def _card(question: Question, standing: Standing, row: dict[str, Any] | None, guess: int | None) -> None:
    st.page_link(ONE, label=f"**{escaped(question.text)}**", query_params={"q": question.id})
    if guess is None:
        st.caption(escaped(question.premise))
        st.badge("guess first", icon=":material/help:", color="blue")
        return
    with st.container(horizontal=True, gap="small"):
        if guess != guesses.SHOWN:
            st.badge(
                "as expected" if is_right(question, guess) else "not as expected", color="green" if is_right(question, guess) else "orange"
            )
        if row is not None:
            words, colour = VERDICTS[row["verdict"]]
            st.badge(words, color=colour)  # type: ignore[arg-type]
        else:
            st.badge(f"{standing.done:.0%} measured" if standing.active or standing.paused else "not run yet", color="gray")
    if row is not None:
        st.caption(escaped(row["headline"]))
