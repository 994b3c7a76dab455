"""Measures every question and experiment and writes docs/verdicts.md: `make verdicts`. Stored results are not measured again.

Exit status 1, with one line for each, if something could not be run, or if a claim fails or is unclear and its declaration gives no likely
reason (`doubt`).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from core.experiments.catalogue import experiments
from core.experiments.claims import measuring as experimental
from core.experiments.claims.measuring import Row
from core.experiments.experiment import Experiment
from core.questions import measuring
from core.questions.catalogue import questions
from core.questions.question import Question
from core.runs.computing.executors import make_executor
from core.runs.configuration import Configuration
from core.runs.store import Store

FILE = Path(__file__).resolve().parents[1] / "docs" / "verdicts.md"
HEAD = """# Verdicts

What came of the claims of the questions, and of what the pages state of the comparisons that they offer, measured on one machine by
`make verdicts`; do not edit it by hand. A claim was fixed before it was run; one that fails or stays unclear is shown as that, and what a
page states is then changed. Where settings were changed after a first measurement, a list says so. Effects are
with their 95 % intervals over seeds; "seconds" are of one core.
"""


def page(asked: Sequence[Question], of_questions: dict[str, Row], offered: Sequence[Experiment], of_experiments: dict[str, Row]) -> str:
    """Returns the page, made from questions and experiments and their rows."""
    first = ["| # | question | claim | verdict |", "|---|---|---|---|"]
    first += [line for each in asked for line in _lines([each.id, each.text], of_questions.get(each.id))]
    second = ["| page | experiment | claim | verdict |", "|---|---|---|---|"]
    second += [line for each in offered for line in _lines([each.page, each.title], of_experiments.get(each.id))]
    parts = [
        HEAD,
        *("## Questions", "", _counted(of_questions, "questions"), "", *first, *_reasons(asked, of_questions), *_chosen_again(asked), ""),
        *("## Experiments of the pages", "", "`make claims` measures these alone.", ""),
        *(_counted(of_experiments, "experiments"), "", *second, *_reasons(offered, of_experiments)),
    ]
    return "\n".join(parts) + "\n"


def _lines(about: Sequence[str], row: Row | None) -> list[str]:
    """Returns one line of a table for each claim."""
    said = [(part["sentence"].removesuffix(f": {part['verdict']}"), part["verdict"]) for part in (row["parts"] if row else [])]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in (*about, *each)) + " |" for each in said]


def _counted(rows: dict[str, Row], what: str) -> str:
    judged = [part["verdict"] for row in rows.values() for part in row["parts"]]
    counts = ", ".join(f"{judged.count(verdict)} {verdict}" for verdict in ("holds", "fails", "unclear"))
    return f"{len(judged)} claims of {len(rows)} {what}: {counts}. {sum(row['seconds'] for row in rows.values()):.0f} s of one core."


def _reasons(things: Sequence[Question] | Sequence[Experiment], rows: dict[str, Row]) -> list[str]:
    notes = [f"- **{thing.id}**: {thing.doubt}" for thing in things if thing.doubt and _in_doubt(rows.get(thing.id))]
    return ["", "The likely reasons of those that fail or stay unclear:", "", *notes] if notes else []


def _chosen_again(asked: Sequence[Question]) -> list[str]:
    """Returns the questions whose settings were chosen again after a first measurement, whatever came of the second."""
    notes = [f"- **{question.id}**: {question.tried}" for question in asked if question.tried]
    return ["", "Settings that were chosen again after a first measurement, while the claim stayed as it was:", "", *notes]


def _in_doubt(row: Row | None) -> list[str]:
    """Returns the sentences of the claims that fail or are unclear."""
    return [part["sentence"] for part in (row["parts"] if row else []) if part["verdict"] != "holds"]


def unexplained(things: Sequence[Question] | Sequence[Experiment], rows: dict[str, Row]) -> list[str]:
    """Returns one line for each claim that fails or is unclear and whose declaration gives no likely reason."""
    silent = [thing.id for thing in things if not thing.doubt]
    return [f"{name}: no likely reason is given: {said}" for name in silent for said in _in_doubt(rows.get(name))]


def main() -> int:
    """Measures all questions and experiments, writes the page, and returns the exit status."""
    asked, offered = list(questions().values()), [each for each in experiments().values() if each.claims]
    configuration = Configuration()
    store = Store(configuration.store)
    with make_executor(configuration.workers) as executor:
        failed = experimental.measure([*asked, *offered], store, executor)
    of_questions, of_experiments = measuring.rows(asked, store), experimental.rows(offered, store)
    FILE.write_text(page(asked, of_questions, offered, of_experiments), encoding="utf-8")
    print(f"written to {FILE}")
    problems = [f"{name} could not be run: {why}" for name, why in failed.items()]
    problems += unexplained(asked, of_questions) + unexplained(offered, of_experiments)
    print("\n".join(problems), file=sys.stderr, end="\n" * bool(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
