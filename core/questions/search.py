"""Search for questions by words of their texts, and by the terms of the field that each question declares."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from core.questions.question import Question

LETTERS_AFTER = "abcdefghijklmnopqrstuvwxyz"


def matching(known: Sequence[Question], wanted: str) -> list[Question]:
    """The question with this number, if it is a number (18 also finds 18b), otherwise the questions that contain all words.

    A word matches by its beginning, in British or American spelling, singular or plural. Without words, all questions match.
    """
    number = re.fullmatch(r"0*(\d+)([a-z]?)", wanted.strip().lower())
    if number is not None:
        found = [question for question in known if _has_number(question.id, *number.groups())]
        if found:
            return found
    parts = [_stem(word) for word in _words(wanted)]
    return [question for question in known if _has_all(index(question), parts)]


def _has_all(words: frozenset[str], parts: Sequence[str]) -> bool:
    return all(any(word.startswith(part) for word in words) for part in parts)


def index(question: Question) -> frozenset[str]:
    """The words of a question for the search: its terms, all texts before the guess, and its answer."""
    options = [text for option in question.options for text in (option.text, option.belief)]
    texts = [question.id, question.text, *question.terms, question.topic, question.premise, question.ask, *options]
    return _indexed(" ".join([*texts, question.answer, question.usual]))


@cache
def _indexed(text: str) -> frozenset[str]:
    return frozenset(_words(text))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower().replace("isation", "ization"))


def _stem(word: str) -> str:
    """Returns the word without the s of a plural."""
    return word.removesuffix("s") if len(word) > 3 else word


def _has_number(name: str, number: str, letter: str) -> bool:
    mine = name.lstrip("0")
    return mine == number + letter if letter else mine.rstrip(LETTERS_AFTER) == number
