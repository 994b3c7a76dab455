"""The catalogue of questions: cards by topic, the reader's guesses, and the verdicts measured here."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

import streamlit as st

from core.experiments.claims.reading import UNBROKEN
from core.questions import measuring, sheet
from core.questions.catalogue import questions
from core.questions.measuring import Standing
from core.questions.question import LETTERS, TOPICS, Question
from core.questions.search import matching
from core.runs.configuration import check
from core.runs.store import Store, guesses
from core.ui import errors, service
from core.ui.markdown import escaped
from core.ui.pages.questions import asked

PAGE = "questions"
ONE = "pages/question.py"
EVERY = 2.0
VERDICTS = {
    "holds": ("measured here: as claimed", "green"),
    "fails": ("measured here: not as claimed", "orange"),
    "unclear": ("measured here: unclear", "gray"),
}
STYLE = """<style>
[class*="st-key-question-card-"] { position: relative; transition: border-color 0.15s; }
[class*="st-key-question-card-"]:hover { border-color: currentcolor; }
.st-key-question-cards [class*="st-key-question-card-"] :is([data-testid="stPageLink"], [data-testid="stElementContainer"]) {
    position: static;
}
.st-key-question-cards [class*="st-key-question-card-"] [data-testid="stPageLink"] a { margin-left: -0.5rem; }
[class*="st-key-question-card-"] [data-testid="stPageLink"] a::after { content: ""; position: absolute; inset: 0; }
</style>"""
"""A click anywhere on a card opens its question, because the link covers the whole card."""


def draw() -> None:
    """Draws the page."""
    st.html(STYLE)
    st.title("Questions", anchor=False)
    st.caption("An experiment on your machine answers each question. Say first what you expect, because guessing helps you to learn.")
    with errors.shown("The questions cannot be read"):
        _body(service.store())


def _body(store: Store) -> None:
    known = list(questions().values())
    looked = [measuring.standings(known, store)]
    active, complete = (any(each.active for each in looked[0].values()), all(each.complete for each in looked[0].values()))
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    wanted = left.text_input("Search", key=f"{PAGE}.search", placeholder="25, dead ReLU, batch norm, lottery ticket …")
    with right:
        _steering(known, store, active=active, paused=any(each.paused for each in looked[0].values()), complete=complete)

    @st.fragment(run_every=EVERY if active else None)
    def cards() -> None:
        standing = (
            looked.pop() if looked else measuring.standings(known, store)
        )  # the first drawing uses the standings that the page's head has read
        if active and not any(each.active for each in standing.values()):
            st.rerun()
        _overall(standing)
        with st.container(key="question-cards"):
            _cards(matching(known, wanted or ""), len(known), standing, store)

    cards()


def _overall(standing: Mapping[str, Standing]) -> None:
    """The progress of all measurements, while some are running or paused."""
    active = sum(each.active for each in standing.values())
    if not active and not any(each.paused for each in standing.values()):
        return
    measured = f"{sum(each.complete for each in standing.values())} of {len(standing)} questions are measured"
    doing = f"Measuring {active} question{'s' * (active != 1)}" if active else "Measuring is paused"
    st.progress(sum(each.done for each in standing.values()) / len(standing), text=f"{doing}; {measured}.")


def _sheet(known: list[Question], store: Store) -> None:
    """A download with all answers and the numbers measured here."""
    with st.popover("Study sheet", icon=":material/description:", help="All questions with their answers and the numbers measured here."):
        st.download_button(
            "To print (HTML)",
            lambda: sheet.page(known, measuring.rows(known, store)),
            "questions.html",
            "text/html",
            key=f"{PAGE}.html",
            on_click="ignore",
        )
        st.download_button(
            "Markdown",
            lambda: sheet.markdown(known, measuring.rows(known, store)),
            "questions.md",
            "text/markdown",
            key=f"{PAGE}.md",
            on_click="ignore",
        )


def _steering(known: list[Question], store: Store, *, active: bool, paused: bool, complete: bool) -> None:
    """The buttons for all questions: an interview, measuring, pause, the study sheet."""
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", gap="small"):
        st.page_link(
            ONE,
            label="Interview me",
            icon=":material/record_voice_over:",
            query_params=asked.begin(store),
            help="Asks all questions one by one: first those that you have not answered, then those with a wrong answer.",
        )
        if active:
            if st.button("Pause measuring", icon=":material/pause:", key=f"{PAGE}.pause"):
                measuring.pause(known, store)
                st.rerun()
        elif not complete:
            label = "Continue measuring" if paused else "Measure all"
            told = "Runs the experiments of all questions here. You can close this page meanwhile, or pause the measurements."
            if st.button(label, icon=":material/play_arrow:", key=f"{PAGE}.run", help=told):
                start(known, store)
        _sheet(known, store)


def start(wanted: list[Question], store: Store) -> None:
    """Requests the measurement of these questions; shows an error if this is not possible."""
    with errors.shown("This cannot be run"):
        for question in wanted:
            for comparison in question.comparisons.values():
                check(comparison, service.configuration())
        service.ensure_runner()
        measuring.ask(wanted, store)
        st.rerun()


def _cards(shown: list[Question], every: int, standing: Mapping[str, Standing], store: Store) -> None:
    found, guessed = measuring.rows(shown, store, standing), guesses.known(store)
    answered = sum(question.id in guessed for question in shown)
    only = "" if len(shown) == every else f"{len(shown)} of {every} questions contain these words · "
    st.caption(f"{only}{answered} of {len(shown)} answered · {len(found)} measured here")
    if not shown:
        st.info("No question contains these words.")
    ordered = sorted(shown, key=lambda question: (TOPICS.index(question.topic), question.id))
    for topic, group in groupby(ordered, key=lambda question: question.topic):
        st.subheader(topic.capitalize(), anchor=False)
        grid = st.grid(3, min_column_width=300, gap="small")
        for question in group:
            with grid.cell(), st.container(border=True, height="stretch", gap="xsmall", key=f"question-card-{question.id}"):
                _card(question, standing[question.id], found.get(question.id), guessed.get(question.id))


def _card(question: Question, standing: Standing, row: dict[str, Any] | None, guess: int | None) -> None:
    """A card with the question; before the guess with its premise, afterwards with the guess and the result."""
    st.page_link(ONE, label=f"{question.id} **{escaped(question.text)}**", query_params={"q": question.id}, width="stretch")
    st.caption(escaped(question.premise if guess is None else said(question, guess)))
    with st.container(horizontal=True, gap="small"):
        if guess is None:
            st.badge("guess first", icon=":material/help:", color="blue")
        if guess is None or row is None:
            st.badge(state(standing), color="orange" if standing.problem and not standing.active else "gray")
            return
        if guess != guesses.SHOWN:
            right = asked.is_right(question, guess)
            st.badge("as expected" if right else "not as expected", color="green" if right else "orange")
        words, colour = VERDICTS[row["verdict"]]
        st.badge(words, color=colour)  # type: ignore[arg-type]
    st.caption(escaped(row["headline"]))


def said(question: Question, guess: int) -> str:
    """A sentence with the reader's guess."""
    if not 0 <= guess < len(question.options):
        return "You opened the answer without a guess."
    return f"You predicted {LETTERS[guess]}: {question.options[guess].text}."


def state(standing: Standing) -> str:
    """The progress of a question, in words that reveal nothing about its answer."""
    if standing.complete:
        return "measured"
    share = f"{100 * standing.done:.0f}{UNBROKEN}%"
    if standing.active:
        return f"measuring {share}" if standing.done else "waiting to be measured"
    if standing.problem:
        return "could not be measured"
    return f"paused at {share}" if standing.paused else f"{share} measured" if standing.done else "not run yet"
