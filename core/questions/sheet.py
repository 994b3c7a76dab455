"""The study sheet: all questions with their answers and the numbers measured here, as Markdown and as HTML for printing."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from core.questions.question import LETTERS, TOPICS, Question

TITLE = "Questions on training neural networks"
READING = (
    "Each measured result is followed by its claims, which were fixed before the experiment was run, and their verdicts. Brackets contain "
    "the 95 % interval over seeds, and the number of seeds."
)
NOT_YET = "*Not measured yet.*"
MARKUP = re.compile(r"([\\`*_\[\]<>|$#~])")
STYLE = """
body { font: 11pt/1.45 Georgia, serif; max-width: 46em; margin: 2em auto; padding: 0 1em; color: #1c2733; background: #fff; }
h1, h2, h3 { font-family: system-ui, sans-serif; line-height: 1.2; }
h2 { border-bottom: 1px solid #ccc; margin-top: 2em; }
article { break-inside: avoid; margin: 1.4em 0; }
.measured { border-left: 3px solid #1f5fa8; padding-left: 0.8em; }
.measured ul { font-size: 0.85em; padding-left: 1.2em; margin: 0.3em 0; }
.small { font-size: 0.85em; color: #566; }
math { font-size: 1.05em; max-width: 100%; overflow-x: auto; padding: 0.4em 0; }
@media print { body { margin: 0; max-width: none; } @page { margin: 18mm; } }
"""


def markdown(questions: Sequence[Question], rows: Mapping[str, Mapping[str, Any]]) -> str:
    """Returns the sheet as Markdown; `rows` are the verdicts by question, from `measuring.rows`."""
    parts = [f"# {TITLE}", READING]
    for topic, group in _by_topic(questions):
        parts.append(f"## {topic.capitalize()}")
        parts += [part for question in group for part in _in_markdown(question, rows.get(question.id))]
    return "\n\n".join(parts) + "\n"


def page(questions: Sequence[Question], rows: Mapping[str, Mapping[str, Any]]) -> str:
    """Returns the sheet as one HTML page without external files; formulas are MathML."""
    body = [f"<h1>{TITLE}</h1>", _prose(READING)]
    for topic, group in _by_topic(questions):
        body.append(f"<h2>{html.escape(topic.capitalize())}</h2>")
        body += [_in_html(question, rows.get(question.id)) for question in group]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{TITLE}</title><style>{STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n' + "\n".join(body) + "\n</body></html>\n"


def _by_topic(questions: Sequence[Question]) -> list[tuple[str, list[Question]]]:
    ordered = sorted(questions, key=lambda question: (TOPICS.index(question.topic), question.id))
    return [(topic, list(group)) for topic, group in groupby(ordered, key=lambda question: question.topic)]


def _in_markdown(question: Question, row: Mapping[str, Any] | None) -> list[str]:
    return [f"### {question.id}. {question.text}", *_posed(question), *_explained(question), *_measured(question, row), _sources(question)]


def _in_html(question: Question, row: Mapping[str, Any] | None) -> str:
    parts = [f"<h3>{question.id}. {html.escape(question.text)}</h3>", *map(_prose, _posed(question)), _prose(question.answer)]
    parts += [f"<p>{_math(formula)}</p>" for formula in question.formulas]
    parts += map(_prose, _usual(question))
    parts.append(f'<div class="measured">{"".join(map(_prose, _measured(question, row)))}</div>')
    return f"<article>{''.join(parts)}<div class='small'>{_prose(_sources(question))}</div></article>"


def _posed(question: Question) -> list[str]:
    """The question, its options with the right one marked, and the answer in one line; in Markdown."""
    options = [
        f"- {f'**{letter}. {option.text}** (right)' if option.right else f'{letter}. {option.text}'}"
        for letter, option in zip(LETTERS, question.options, strict=False)
    ]
    answer = f"**In short.** {question.right.text}. {question.right.why}"
    return [f"{question.premise} *{question.ask}*", "\n".join(options), answer]


def _explained(question: Question) -> list[str]:
    return [question.answer, *(f"$$\n{formula}\n$$" for formula in question.formulas), *_usual(question)]


def _usual(question: Question) -> list[str]:
    return [f"**The usual answer.** {question.usual}"] if question.usual else []


def _measured(question: Question, row: Mapping[str, Any] | None) -> list[str]:
    """The verdict with the finding, and the result of each claim; in Markdown."""
    if row is None:
        return [NOT_YET]
    parts = row["parts"]
    held = sum(part["verdict"] == "holds" for part in parts)
    reason = f" *{question.doubt}*" if question.doubt and held < len(parts) else ""
    reason += f" *Settings chosen again. {question.tried}*" if question.tried else ""
    claims = f" ({held} of {len(parts)} claims hold)" if len(parts) > 1 else ""
    return [f"**Measured here: {row['verdict']}**{claims}. {row['headline']}{reason}", "\n".join(map(_claim, parts))]


def _claim(part: Mapping[str, Any]) -> str:
    """A claim as a list item, with its verdict in bold and the reason if it is unclear."""
    verdict = part["verdict"]
    said, _, why = part["sentence"].rpartition(f": {verdict}")
    return f"- {_literal(said)}: **{verdict}**{_literal(why)}"


def _literal(text: str) -> str:
    """Returns Markdown that shows the text literally."""
    return MARKUP.sub(r"\\\1", text)


def _sources(question: Question) -> str:
    return f"*Sources: {' · '.join(question.sources)}*"


def _prose(text: str) -> str:
    """Returns Markdown as HTML; HTML tags in it are shown as text."""
    from markdown_it import MarkdownIt

    return str(MarkdownIt("commonmark", {"html": False}).render(text))


def _math(formula: str) -> str:
    from latex2mathml.converter import convert

    return str(convert(formula, display="block"))
