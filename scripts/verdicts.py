"""Measures every question and writes docs/verdicts.md: `make verdicts`. What is stored already is not measured again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.questions import measuring
from core.questions.catalogue import questions
from core.questions.question import Question
from core.runs.computing.executors import make_executor
from core.runs.configuration import Configuration
from core.runs.store import Store

FILE = Path(__file__).resolve().parents[1] / "docs" / "verdicts.md"
HEAD = """# Verdicts

What came of the claims of the questions, measured on one machine by `make verdicts`; do not edit it by hand. A claim was fixed before it
was run; one that fails or stays unclear is shown as that. Effects are with their 95 % intervals over seeds; "seconds" are of one core.
"""


def table(known: Sequence[Question], rows: dict[str, dict[str, Any]]) -> str:
    """The page, from the questions and their rows."""
    lines = ["| # | question | claim | verdict |", "|---|---|---|---|"]
    for question in known:
        row = rows.get(question.id)
        for part in row["parts"] if row else []:
            said = part["sentence"].removesuffix(f": {part['verdict']}").replace("|", "\\|")
            lines.append(f"| {question.id} | {question.text} | {said} | {part['verdict']} |")
    seconds = sum(row["seconds"] for row in rows.values())
    judged = [part["verdict"] for row in rows.values() for part in row["parts"]]
    counts = ", ".join(f"{judged.count(verdict)} {verdict}" for verdict in ("holds", "fails", "unclear"))
    notes = [f"- **{question.id}**: {question.doubt}" for question in known if question.doubt]
    reasons = ["", "## The likely reasons of those that fail or stay unclear", "", *notes] if notes else []
    return (
        "\n".join([HEAD, f"{len(judged)} claims of {len(rows)} questions: {counts}. {seconds:.0f} s of one core.", "", *lines, *reasons])
        + "\n"
    )


def main() -> None:
    """Measures and writes."""
    known, configuration = list(questions().values()), Configuration()
    store = Store(configuration.store)
    with make_executor(configuration.workers) as executor:
        for name, why in measuring.measure(known, store, executor).items():
            print(f"{name} could not be run: {why}")
    FILE.write_text(table(known, measuring.rows(known, store)), encoding="utf-8")
    print(f"written to {FILE}")


if __name__ == "__main__":
    main()
