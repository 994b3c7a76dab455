"""Measuring what the questions ask for: their comparisons by the runner, their labs by the same workers; and reading it back."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from core.analysis.claims import Judgement, together
from core.questions.question import Evidence, Measured, Question
from core.runs import labs
from core.runs.computing.executors import Pool
from core.runs.runner import Runner
from core.runs.store import Store, verdicts
from core.runs.store import standings as store_standings


class IncompleteError(RuntimeError):
    """Something that is needed is not stored yet."""


@dataclass(frozen=True)
class Answer:
    """What came of a question: the judgement of each claim, in order, the finding in a sentence, the seconds of one core."""

    question: Question
    parts: tuple[Judgement, ...]
    headline: str
    seconds: float

    @property
    def whole(self) -> Judgement:
        """It fails where a claim fails, and holds where all hold."""
        return together(self.parts)

    def row(self) -> dict[str, Any]:
        """As plain values."""
        whole = self.whole
        parts = [
            {"claim": claim.words, "sentence": judgement.sentence, **_figures(judgement)}
            for claim, judgement in zip(self.question.claims, self.parts, strict=True)
        ]
        said = {"id": self.question.id, "question": self.question.text, "claim": whole.sentence}
        return said | _figures(whole) | {"seconds": round(self.seconds, 2), "headline": self.headline, "parts": parts}


def _figures(judgement: Judgement) -> dict[str, Any]:
    names = ("verdict", "effect", "ci_low", "ci_high", "n", "threshold")
    return {name: _plain(getattr(judgement, name)) for name in names}


def _plain(value: Any) -> Any:
    """None for what is no number that JSON has: the interval of a claim that has none, an effect that is infinite."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def ask(questions: Sequence[Question], store: Store) -> None:
    """Has a runner compute what the store lacks for these questions."""
    for question in questions:
        for lab in question.labs.values():
            labs.ask(store, lab.key, lab.name, lab.arguments)
        for comparison in question.comparisons.values():
            store.request(comparison, "run")


def measure(questions: Sequence[Question], store: Store, executor: Executor) -> dict[str, str]:
    """Computes what the store lacks for these questions; returns what could not be, by question, and why.

    Where another runner is at work on the store, that one computes it, and this function waits for it.
    """
    ask(questions, store)
    if underway(questions, store):
        Runner(store, Pool.around(executor)).run(threading.Event(), until=lambda: not underway(questions, store))
    return {name: reached.problem for name, reached in standings(questions, store).items() if reached.problem}


def underway(questions: Sequence[Question], store: Store) -> bool:
    """Whether any of them will change without being asked to."""
    return any(standing.active for standing in standings(questions, store).values())


def pause(questions: Sequence[Question], store: Store) -> None:
    """Leaves what is under way until it is asked for again."""
    for question in questions:
        labs.pause(store, [lab.key for lab in question.labs.values()])
        reached = store_standings.standings(store, list(question.comparisons.values()))
        for comparison in question.comparisons.values():
            if reached[comparison.id].state in ("queued", "running"):
                store.request(comparison, "pause")


@dataclass(frozen=True)
class Standing:
    """How far the experiments of a question are: the share that is done, whether something is on its way, and why something failed."""

    done: float
    active: bool
    paused: bool
    problem: str

    @property
    def complete(self) -> bool:
        """Whether all is stored."""
        return self.done == 1.0


def progress(question: Question, store: Store) -> Standing:
    """How far its experiments are, each counted alike."""
    return standings([question], store)[question.id]


def standings(questions: Sequence[Question], store: Store) -> dict[str, Standing]:
    """The same of several questions by their ids, asked of the store at once."""
    known = labs.standing(store, [lab.key for question in questions for lab in question.labs.values()])
    compared = store_standings.standings(store, [each for question in questions for each in question.comparisons.values()])
    return {question.id: _standing(question, known, compared) for question in questions}


def _standing(question: Question, known: Mapping[str, labs.Standing], compared: Mapping[str, store_standings.Standing]) -> Standing:
    computed = [known[lab.key] for lab in question.labs.values()]
    trained = [compared[comparison.id] for comparison in question.comparisons.values()]
    done = [float(found.state == "finished") for found in computed]
    done += [1.0 if each.runs_done == each.runs else 0.99 * each.epochs_done / max(each.epochs_total, 1) for each in trained]
    states = [found.state for found in computed]
    problems = [found.message for found in computed if found.state == "failed"]
    problems += [each.message or "it was cancelled" for each in trained if each.state in ("failed", "cancelled") and not each.active]
    active = any(state in ("queued", "running") for state in states) or any(each.active for each in trained)
    paused = "paused" in states or any(each.state == "paused" for each in trained)
    return Standing(sum(done) / len(done), active, paused, "; ".join(problems))


def evidence_of(question: Question, store: Store) -> tuple[Evidence, float] | None:
    """What is stored for a question, and the seconds of one core that it took; None while something is missing."""
    found: dict[str, Measured] = {}
    seconds = 0.0
    for name, lab in question.labs.items():
        kept = labs.found(store, lab.key)
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


def rows(questions: Sequence[Question], store: Store, known: Mapping[str, Standing] | None = None) -> dict[str, dict[str, Any]]:
    """The verdicts of the questions whose experiments are stored, as `Answer.row` gives them, by id.

    known: how far they are, where that was asked already.
    """
    kept, reached = verdicts.known(store), standings(questions, store) if known is None else known
    found = {}
    for question in questions:
        if not reached[question.id].complete:
            continue
        if question.id not in kept or kept[question.id][0] != question.key:
            made = answer(question, store)
            if made is None:
                continue
            kept[question.id] = question.key, made.row()
            verdicts.keep(store, question.id, *kept[question.id])
        found[question.id] = kept[question.id][1]
    return found


def answer(question: Question, store: Store) -> Answer | None:
    """The verdict on a question from what is stored; None while something is missing."""
    found = evidence_of(question, store)
    if found is None:
        return None
    evidence, seconds = found
    return Answer(question, tuple(claim.judge(evidence) for claim in question.claims), question.headline(evidence), seconds)
