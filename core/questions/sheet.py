"""The study sheet: all questions with their answers and the reader's own figures, as Markdown, and as HTML that prints to good pages."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from core.questions.question import TOPICS, Question

TITLE = "Questions on training neural networks"
STYLE = """
body { font: 11pt/1.45 Georgia, serif; max-width: 46em; margin: 2em auto; padding: 0 1em; color: #1c2733; background: #fff; }
h1, h2, h3 { font-family: system-ui, sans-serif; line-height: 1.2; }
h2 { border-bottom: 1px solid #ccc; margin-top: 2em; }
article { break-inside: avoid; margin: 1.4em 0; }
.measured { border-left: 3px solid #1f5fa8; padding-left: 0.8em; }
.small { font-size: 0.85em; color: #566; }
math { font-size: 1.05em; }
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
    ordered = sorted(questions, key=lambda question: TOPICS.index(question.topic))
    return [(topic, list(group)) for topic, group in groupby(ordered, key=lambda question: question.topic)]


def _in_markdown(question: Question, row: Mapping[str, Any] | None) -> list[str]:
    parts = [f"### {question.id}. {question.text}", question.answer]
    parts += [f"$$\n{question.formula}\n$$"] if question.formula else []
    parts += [f"**What is usually said.** {question.usual}"] if question.usual else []
    if row is None:
        parts.append("*Not measured here yet.*")
    else:
        parts += [f"**Measured here.** {row['headline']}", "\n".join(f"- {part['sentence']}" for part in row["parts"])]
    return [*parts, f"*Sources: {' · '.join(question.sources)}*"]


def _in_html(question: Question, row: Mapping[str, Any] | None) -> str:
    parts = [f"<h3>{question.id}. {html.escape(question.text)}</h3>", _prose(question.answer)]
    parts += [f"<p>{_math(question.formula)}</p>"] if question.formula else []
    parts += [_prose(f"**What is usually said.** {question.usual}")] if question.usual else []
    if row is None:
        parts.append('<p class="small">Not measured here yet.</p>')
    else:
        claims = "".join(f"<li>{html.escape(part['sentence'])}</li>" for part in row["parts"])
        parts.append(f'<div class="measured"><p>{html.escape(row["headline"])}</p><ul class="small">{claims}</ul></div>')
    return f"<article>{''.join(parts)}<p class='small'>{html.escape(' · '.join(question.sources))}</p></article>"


def _prose(text: str) -> str:
    """Markdown as HTML, in which HTML of its own is text."""
    from markdown_it import MarkdownIt

    return str(MarkdownIt("commonmark", {"html": False}).render(text))


def _math(formula: str) -> str:
    from latex2mathml.converter import convert

    return str(convert(formula, display="block"))
