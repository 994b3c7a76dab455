"""Measures every question and experiment and writes docs/verdicts.md: `make verdicts`. Stored results are not measured again."""

from __future__ import annotations

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
page states is then changed. Effects are with their 95 % intervals over seeds; "seconds" are of one core.
"""


def page(asked: Sequence[Question], of_questions: dict[str, Row], offered: Sequence[Experiment], of_experiments: dict[str, Row]) -> str:
    """Returns the page, made from questions and experiments and their rows."""
    first = ["| # | question | claim | verdict |", "|---|---|---|---|"]
    first += [line for each in asked for line in _lines([each.id, each.text], of_questions.get(each.id))]
    second = ["| page | experiment | claim | verdict |", "|---|---|---|---|"]
    second += [line for each in offered for line in _lines([each.page, each.title], of_experiments.get(each.id))]
    parts = [
        HEAD,
        *("## Questions", "", _counted(of_questions, "questions"), "", *first, *_reasons(asked), ""),
        *("## Experiments of the pages", "", "`make claims` measures these alone.", ""),
        *(_counted(of_experiments, "experiments"), "", *second, *_reasons(offered)),
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


def _reasons(things: Sequence[Question] | Sequence[Experiment]) -> list[str]:
    notes = [f"- **{thing.id}**: {thing.doubt}" for thing in things if thing.doubt]
    return ["", "The likely reasons of those that fail or stay unclear:", "", *notes] if notes else []


def main() -> None:
    """Measures all questions and experiments and writes the page."""
    asked, offered = list(questions().values()), [each for each in experiments().values() if each.claims]
    configuration = Configuration()
    store = Store(configuration.store)
    with make_executor(configuration.workers) as executor:
        for name, why in experimental.measure([*asked, *offered], store, executor).items():
            print(f"{name} could not be run: {why}")
    FILE.write_text(page(asked, measuring.rows(asked, store), offered, experimental.rows(offered, store)), encoding="utf-8")
    print(f"written to {FILE}")


if __name__ == "__main__":
    main()
