"""The study sheet: all questions with their answers and the reader's own figures, as Markdown, and as HTML that prints to good pages."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from core.questions.question import LETTERS, TOPICS, Question

VERDICTS = {"holds": "as claimed before it was run", "fails": "not as claimed before it was run", "unclear": "with no clear verdict"}
TITLE = "Questions on training neural networks"
STYLE = """
body { font: 11pt/1.45 Georgia, serif; max-width: 46em; margin: 2em auto; padding: 0 1em; color: #1c2733; background: #fff; }
h1, h2, h3 { font-family: system-ui, sans-serif; line-height: 1.2; }
h2 { border-bottom: 1px solid #ccc; margin-top: 2em; }
article { break-inside: avoid; margin: 1.4em 0; }
.measured { border-left: 3px solid #1f5fa8; padding-left: 0.8em; }
.small { font-size: 0.85em; color: #566; }
math { font-size: 1.05em; max-width: 100%; overflow-x: auto; }
@media print { body { margin: 0; max-width: none; } @page { margin: 18mm; } }
"""


def markdown(questions: Sequence[Question], rows: Mapping[str, Mapping[str, Any]]) -> str:
    """All of it as Markdown; `rows` are the verdicts by question, as `measuring.rows` gives them."""
    parts = [f"# {TITLE}"]
    for topic, group in _by_topic(questions):
        parts.append(f"## {topic.capitalize()}")
        parts += [part for question in group for part in _in_markdown(question, rows.get(question.id))]
    return "\n\n".join(parts) + "\n"


def page(questions: Sequence[Question], rows: Mapping[str, Mapping[str, Any]]) -> str:
    """All of it as one HTML page that needs nothing from elsewhere; formulas are MathML."""
    body = [f"<h1>{TITLE}</h1>"]
    for topic, group in _by_topic(questions):
        body.append(f"<h2>{html.escape(topic.capitalize())}</h2>")
        body += [_in_html(question, rows.get(question.id)) for question in group]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{TITLE}</title><style>{STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n' + "\n".join(body) + "\n</body></html>\n"


def _by_topic(questions: Sequence[Question]) -> list[tuple[str, list[Question]]]:
    ordered = sorted(questions, key=lambda question: (TOPICS.index(question.topic), question.id))
    return [(topic, list(group)) for topic, group in groupby(ordered, key=lambda question: question.topic)]


def _in_markdown(question: Question, row: Mapping[str, Any] | None) -> list[str]:
    return [f"### {question.id}. {question.text}", *_posed(question), *_explained(question), *_measured(row), _sources(question)]


def _in_html(question: Question, row: Mapping[str, Any] | None) -> str:
    parts = [f"<h3>{question.id}. {html.escape(question.text)}</h3>", *map(_prose, _posed(question)), _prose(question.answer)]
    parts += [f"<p>{_math(formula)}</p>" for formula in question.formulas]
    parts += map(_prose, _usual(question))
    parts += [f'<div class="measured">{_prose(said)}</div>' for said in _measured(row)]
    return f"<article>{''.join(parts)}<div class='small'>{_prose(_sources(question))}</div></article>"


def _posed(question: Question) -> list[str]:
    """What was asked, the options with the right one marked, and the answer in a line; in Markdown."""
    options = [
        f"- {f'**{letter}. {option.text}** (right)' if option.right else f'{letter}. {option.text}'}"
        for letter, option in zip(LETTERS, question.options, strict=False)
    ]
    answer = f"**In a line.** {question.right.text}. {question.right.why}"
    return [f"{question.premise} *{question.ask}*", "\n".join(options), answer]


def _explained(question: Question) -> list[str]:
    return [question.answer, *(f"$$\n{formula}\n$$" for formula in question.formulas), *_usual(question)]


def _usual(question: Question) -> list[str]:
    return [f"**What is usually said.** {question.usual}"] if question.usual else []


def _measured(row: Mapping[str, Any] | None) -> list[str]:
    return ["*Not measured here yet.*"] if row is None else [f"**Measured here**, {VERDICTS[row['verdict']]}. {row['headline']}"]


def _sources(question: Question) -> str:
    return f"*Sources: {' · '.join(question.sources)}*"


def _prose(text: str) -> str:
    """Markdown as HTML, in which HTML of its own is text."""
    from markdown_it import MarkdownIt

    return str(MarkdownIt("commonmark", {"html": False}).render(text))


def _math(formula: str) -> str:
    from latex2mathml.converter import convert

    return str(convert(formula, display="block"))
