"""Measuring what the questions ask for: their comparisons by the runner, their labs by the same workers; and reading it back."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from pandas import DataFrame

from core.analysis.claims import Judgement, together
from core.comparison import Comparison
from core.questions.question import Evidence, Lab, Measured, Question
from core.runs import labs
from core.runs.executors import Pool
from core.runs.runner import Runner
from core.runs.store import Store


@dataclass(frozen=True)
class Answer:
    """What came of a question: the judgement of each claim, in order, and of all together; and the seconds of one core that it took."""

    question: Question
    parts: tuple[Judgement, ...]
    seconds: float

    @property
    def whole(self) -> Judgement:
        """It fails where a claim fails, and holds where all hold."""
        return together(self.parts)

    def row(self) -> dict[str, Any]:
        """As plain values."""
        whole = self.whole
        parts = [{"claim": claim.words, **_figures(judgement)} for claim, judgement in zip(self.question.claims, self.parts, strict=True)]
        said = {"id": self.question.id, "question": self.question.text, "claim": whole.sentence}
        return said | _figures(whole) | {"seconds": round(self.seconds, 2), "parts": parts}


def _figures(judgement: Judgement) -> dict[str, Any]:
    names = ("verdict", "effect", "ci_low", "ci_high", "n", "threshold")
    return {name: getattr(judgement, name) for name in names}


def measure(questions: Sequence[Question], store: Store, executor: Executor) -> dict[str, str]:
    """Has everything computed that the store lacks for these questions; returns what could not be, by question, and why."""
    futures = {lab.key: (lab, executor.submit(computed, lab)) for lab in _labs(questions) if labs.stored(store, lab.key) is None}
    failed = _train([comparison for question in questions for comparison in question.comparisons.values()], store, executor)
    for key, (lab, future) in futures.items():
        try:
            frame, seconds = future.result()
        except Exception as error:  # whatever it is, it concerns the questions of this lab alone
            failed[key] = f"{lab.name}: {type(error).__name__}: {error}"
        else:
            labs.keep(store, key, lab.name, frame, seconds)
    return {question.id: failed[key] for question in questions for key in _keys(question) if key in failed}


def _labs(questions: Sequence[Question]) -> list[Lab]:
    return list({lab.key: lab for question in questions for lab in question.labs.values()}.values())


def _keys(question: Question) -> list[str]:
    """Of its comparisons and labs."""
    return [comparison.id for comparison in question.comparisons.values()] + [lab.key for lab in question.labs.values()]


def computed(lab: Lab) -> tuple[DataFrame, float]:
    """The frame of a lab, and the seconds of one core that it took."""
    began = time.process_time()
    frame = lab.compute()
    return frame, time.process_time() - began


def _train(comparisons: Sequence[Comparison], store: Store, executor: Executor) -> dict[str, str]:
    """All of them side by side, so that no core waits for the last run of one; returns why some did not finish."""
    ids = [store.request(comparison, "run") for comparison in comparisons]
    if ids:
        Runner(store, Pool.around(executor)).run(threading.Event(), until=lambda: not any(store.progress(name).active for name in ids))
    reached = {name: store.progress(name) for name in ids}
    return {name: last.message or f"it was {last.state}" for name, last in reached.items() if last.state != "finished"}


def evidence_of(question: Question, store: Store) -> tuple[Evidence, float] | None:
    """What is stored for a question, and the seconds of one core that it took; None while something is missing."""
    found: dict[str, Measured] = {}
    seconds = 0.0
    for name, lab in question.labs.items():
        kept = labs.stored(store, lab.key)
        if kept is None:
            return None
        found[name], seconds = Measured(frame=kept[0]), seconds + kept[1]
    for name, comparison in question.comparisons.items():
        progress = store.progress(comparison)
        if progress.runs_done < progress.runs:
            return None
        runs = store.runs(comparison)
        found[name] = Measured(store.history(comparison)[0], store.layers(comparison)[0], runs)
        seconds += float(runs["seconds"].sum())
    return found, seconds


def answer(question: Question, store: Store) -> Answer | None:
    """The verdict on a question from what is stored; None while something is missing."""
    found = evidence_of(question, store)
    return None if found is None else Answer(question, tuple(claim.judge(found[0]) for claim in question.claims), found[1])
