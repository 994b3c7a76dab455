"""Which question is asked: that of the address, which is always the one that is shown; and the interview that it is part of."""

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
"""In the address: the question's number, and when the interview began, in seconds since 1970."""
LATEST = "question.latest"


class Asked(NamedTuple):
    """The question that is shown.

    guess: what was guessed of it, in this interview where it is part of one; None: nothing yet.
    earlier: all guesses, by question. answered: those of them that were made in this interview; None outside of one.
    """

    question: Question
    guess: int | None
    earlier: Mapping[str, int]
    answered: Mapping[str, int] | None


def now(store: Store) -> Asked:
    """The question of the address, else the one that was seen last, else the next one. The address then says which it is."""
    known, earlier = questions(), guesses.known(store)
    began = _began()
    answered = None if began is None else guesses.known(store, since=began)
    name = st.query_params.get(NAME, "") or st.session_state.get(LATEST, "")
    if name and name not in known:
        st.warning(escaped(f"There is no question {name[:20]!r}; this is the next one."))
    question = known.get(name) or next_of(list(known.values()), earlier)
    st.session_state[LATEST] = question.id
    st.query_params[NAME] = question.id  # also where it is said already: a link from this page to itself leaves the address as it was
    guessed = earlier if answered is None else answered
    return Asked(question, guessed.get(question.id), earlier, answered)


def _began() -> int | None:
    said = st.query_params.get(INTERVIEW, "")
    return int(said) if said.isascii() and said.isdigit() and len(said) <= 10 else None


def begin(store: Store) -> Query:
    """The link to an interview that begins now: first what was never answered, then what was answered wrong, then the others."""
    return {NAME: next_of(list(questions().values()), guesses.known(store)).id, INTERVIEW: str(int(time.time()))}


def following(asked: Asked) -> Query | None:
    """The link to the next question, in the same interview; None where that is over."""
    known = list(questions().values())
    if asked.answered is None:
        return {NAME: next_of(known, asked.earlier, asked.question.id).id}
    left = [question for question in known if question.id not in asked.answered]
    if not left or left == [asked.question]:
        return None
    return {NAME: next_of(known, asked.earlier, asked.question.id, left).id, INTERVIEW: str(_began())}


def place(asked: Asked) -> str:
    """Where one is in the interview, and why this question was chosen; empty outside of one."""
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
    return "all others are answered, and this one you got right" if is_right(asked.question, guess) else "you got it wrong"


def next_of(known: Sequence[Question], guessed: Mapping[str, int], after: str = "", left: Sequence[Question] | None = None) -> Question:
    """The next one to be asked: first what was not guessed yet, then what was guessed wrong, then the others, in turn after `after`.

    left: those that may still be asked; all where it is not given.
    """
    at = next((at for at, question in enumerate(known) if question.id == after), -1)
    turn = [question for question in [*known[at + 1 :], *known[: at + 1]] if left is None or question in left]
    return min(turn, key=lambda question: (question.id == after, _rank(question, guessed)))


def _rank(question: Question, guessed: Mapping[str, int]) -> int:
    if question.id not in guessed:
        return 0
    return 2 if is_right(question, guessed[question.id]) else 1


def is_right(question: Question, guess: int) -> bool:
    """Whether that option was the right one."""
    return 0 <= guess < len(question.options) and question.options[guess].right
