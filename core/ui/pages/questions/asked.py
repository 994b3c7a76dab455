"""The question in the URL, which is always the shown one, and the interview that it belongs to."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import streamlit as st

from core.questions.catalogue import questions
from core.questions.question import Question
from core.runs.store import Store, guesses
from core.ui.form.links import Query
from core.ui.markdown import escaped

NAME, INTERVIEW = "q", "interview"
"""Names in the URL: the question's number, and the start of the interview, in seconds since 1970."""
LATEST = "question.latest"


class Asked(NamedTuple):
    """The question that is shown.

    guess: the reader's guess, in this interview if it belongs to one; None: no guess yet.
    earlier: all guesses, by question. answered: the guesses in this interview; None outside an interview.
    """

    question: Question
    guess: int | None
    earlier: Mapping[str, int]
    answered: Mapping[str, int] | None


def now(store: Store) -> Asked:
    """The question in the URL, otherwise the last one seen, otherwise the next one. Writes its number into the URL."""
    known, earlier = questions(), guesses.known(store)
    began = _began()
    answered = None if began is None else guesses.known(store, since=began)
    name = st.query_params.get(NAME, "") or st.session_state.get(LATEST, "")
    if name and name not in known:
        st.warning(escaped(f"There is no question {name[:20]!r}; this is the next one."))
    question = known.get(name) or next_of(list(known.values()), earlier)
    st.session_state[LATEST] = question.id
    st.query_params[NAME] = question.id  # always, because a link from this page to itself does not change the URL
    guessed = earlier if answered is None else answered
    return Asked(question, guessed.get(question.id), earlier, answered)


def _began() -> int | None:
    said = st.query_params.get(INTERVIEW, "")
    return int(said) if said.isascii() and said.isdigit() and len(said) <= 10 else None


def begin(store: Store) -> Query:
    """The link to a new interview: first the questions without an answer, then those with a wrong answer, then the others."""
    return {NAME: next_of(list(questions().values()), guesses.known(store)).id, INTERVIEW: str(int(time.time()))}


def following(asked: Asked) -> Query | None:
    """The link to the next question, in the same interview; None at the end of the interview."""
    known = list(questions().values())
    if asked.answered is None:
        return {NAME: next_of(known, asked.earlier, asked.question.id).id}
    left = [question for question in known if question.id not in asked.answered]
    if not left or left == [asked.question]:
        return None
    return {NAME: next_of(known, asked.earlier, asked.question.id, left).id, INTERVIEW: str(_began())}


def place(asked: Asked) -> str:
    """The position in the interview, and why this question was chosen; empty outside an interview."""
    if asked.answered is None:
        return ""
    every = questions()
    before = sum(name in every and name != asked.question.id for name in asked.answered)
    said = f"Question {before + 1} of {len(every)} in this interview"
    return f"{said}." if asked.guess is not None else f"{said}, chosen because {_reason(asked)}."


def _reason(asked: Asked) -> str:
    guess = asked.earlier.get(asked.question.id)
    if guess is None:
        return "you have not answered it"
    if guess == guesses.SHOWN:
        return "you looked at its answer without guessing"
    return (
        "all others are answered, and your answer to this one was right"
        if is_right(asked.question, guess)
        else "your last answer was wrong"
    )


def next_of(known: Sequence[Question], guessed: Mapping[str, int], after: str = "", left: Sequence[Question] | None = None) -> Question:
    """The next question: first those without a guess, then those with a wrong guess, then the others, in order after `after`.

    left: the questions that may still be asked; all by default.
    """
    at = next((at for at, question in enumerate(known) if question.id == after), -1)
    turn = [question for question in [*known[at + 1 :], *known[: at + 1]] if left is None or question in left]
    return min(turn, key=lambda question: (question.id == after, _rank(question, guessed)))


def _rank(question: Question, guessed: Mapping[str, int]) -> int:
    if question.id not in guessed:
        return 0
    return 2 if is_right(question, guessed[question.id]) else 1


def is_right(question: Question, guess: int) -> bool:
    """Whether this option is the right one."""
    return 0 <= guess < len(question.options) and question.options[guess].right
