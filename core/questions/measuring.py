"""The results of the questions: the verdict on each from the stored runs. `core.experiments.claims.measuring` contains the measurement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.analysis.claims import Judgement
from core.experiments.claims.measuring import (
    IncompleteError,
    Standing,
    ask,
    evidence_of,
    figures,
    kept_rows,
    measure,
    pause,
    progress,
    standings,
    underway,
)
from core.questions.question import Question
from core.runs.store import Store, queue

__all__ = [
    "Answer",
    "IncompleteError",
    "Standing",
    "answer",
    "ask",
    "evidence_of",
    "measure",
    "others",
    "pause",
    "progress",
    "rows",
    "standings",
    "underway",
]


@dataclass(frozen=True)
class Answer:
    """The result of a question: the judgement of each claim, in order, the finding in a sentence, and the seconds on one core."""

    question: Question
    parts: tuple[Judgement, ...]
    headline: str
    seconds: float

    def row(self) -> dict[str, Any]:
        """Returns plain values."""
        said = {"id": self.question.id, "question": self.question.text, **figures(self.question.claims, self.parts)}
        return said | {"seconds": round(self.seconds, 2), "headline": self.headline}


def rows(questions: Sequence[Question], store: Store, known: Mapping[str, Standing] | None = None) -> dict[str, dict[str, Any]]:
    """The verdicts of the questions whose experiments are stored, as `Answer.row` gives them, by id.

    known: their standings, if they were already read.
    """

    def make(question: Question) -> dict[str, Any] | None:
        made = answer(question, store)
        return None if made is None else made.row()

    return kept_rows(questions, store, make, known)


def answer(question: Question, store: Store) -> Answer | None:
    """The verdict on a question from the stored results; None while some are missing."""
    found = evidence_of(question, store)
    if found is None:
        return None
    evidence, seconds = found
    return Answer(question, tuple(claim.judge(evidence) for claim in question.claims), question.headline(evidence), seconds)


def others(question: Question, store: Store) -> int:
    """The number of other experiments that the runner measures at the same time or before."""
    compared = [comparison.id for comparison in question.comparisons.values()]
    return queue.others(store, compared, [lab.key for lab in question.labs.values()])
