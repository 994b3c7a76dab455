"""All questions, found by the names of their files."""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence
from functools import cache
from importlib import import_module

import core.questions
from core.questions.question import Question
from core.settings import SettingsError


@cache
def questions() -> dict[str, Question]:
    """Every question by its id, in order."""
    names = sorted(module.name for module in pkgutil.iter_modules(core.questions.__path__) if module.name.startswith("q"))
    found = [import_module(f"core.questions.{name}").QUESTION for name in names if name != "question"]
    return {question.id: question for question in found}


@cache
def comparison_ids() -> frozenset[str]:
    """The ids of the comparisons of questions; lists of the user's own comparisons leave them out."""
    return frozenset(comparison.id for question in questions().values() for comparison in question.comparisons.values())


def chosen(ids: Sequence[str]) -> list[Question]:
    """The questions with these ids, or all if there are none. Raises SettingsError for an unknown id."""
    known = questions()
    if unknown := [name for name in ids if name not in known]:
        raise SettingsError(f"{unknown[0]}: no such question; there are: {', '.join(known)}")
    return [known[name] for name in ids] if ids else list(known.values())
