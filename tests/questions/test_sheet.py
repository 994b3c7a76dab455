"""The study sheet has every question, the reader's own figures, and nothing from elsewhere."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest
from pandas import Series

from core.analysis.claims import Above, Below, judge
from core.experiments.claims.claim import Claim
from core.experiments.claims.measuring import figures
from core.questions import sheet
from core.questions.catalogue import questions
from core.questions.measuring import Answer
from tests.questions import made_up

KNOWN = list(questions().values())


@pytest.fixture(scope="module")
def rows():
    question = next(question for question in KNOWN if not question.labs)
    evidence = made_up.evidence(question)
    answered = Answer(question, tuple(claim.judge(evidence) for claim in question.claims), "Seen: 3 < 5 & more.", 1.0)
    return {question.id: answered.row()}


class Reader(HTMLParser):
    """Counts what is opened, and what is asked for from elsewhere."""

    def __init__(self):
        super().__init__()
        self.opened, self.elsewhere, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        self.opened.append(tag)
        self.elsewhere += [value for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_has_every_question_with_its_formula_and_asks_for_nothing(rows):
    reader = Reader()
    reader.feed(sheet.page(KNOWN, rows))
    assert reader.opened.count("article") == len(KNOWN)
    assert reader.opened.count("math") == sum(len(question.formulas) for question in KNOWN)
    assert not reader.elsewhere
    text = "".join(reader.text)
    assert all(question.text in text for question in KNOWN)
    assert "Seen: 3 < 5 & more." in text
    assert text.count("Not measured yet.") == len(KNOWN) - 1
    for part in next(iter(rows.values()))["parts"]:
        assert part["sentence"] in text, "each claim with its effect, interval, seeds and verdict"


def test_the_markdown_has_answers_figures_and_sources(rows):
    text = sheet.markdown(KNOWN, rows)
    for question in KNOWN:
        assert f"### {question.id}. {question.text}" in text
        assert question.answer in text
        assert all(f"$$\n{formula}\n$$" in text for formula in question.formulas)
        assert f"{question.premise} *{question.ask}*" in text
        options = text.split(f"### {question.id}. ")[1].split("### ")[0]
        assert all(option.text in options for option in question.options)
        assert options.count("(right)") == 1
        assert f"**{question.letter}. {question.right.text}** (right)" in options
        assert f"**In short.** {question.right.text}. {question.right.why}" in options
        assert all(source in text for source in question.sources)
    (row,) = rows.values()
    assert f"**Measured here: {row['verdict']}**" in text
    assert row["headline"] in text
    assert text.count("*Not measured yet.*") == len(KNOWN) - 1


def test_each_claim_is_told_with_its_interval_and_its_verdict_and_a_failed_one_with_its_likely_reason():
    question = replace(KNOWN[0], doubt="One seed is on the edge.")
    loss = judge("mean", Below(0.5), Series([0.2, 0.21, 0.22]), words="loss of 2 * w_1")
    gain = judge("difference", Above(0.0), Series([0.1, -0.1, 0.05]), Series([0.0, 0.0, 0.0]), "gain")
    both = figures([Claim("loss", "mean", Below(0.5), None), Claim("gain", "difference", Above(0.0), None)], [loss, gain])
    row = both | {"headline": "It was so."}
    told = sheet.markdown([question], {question.id: row})
    assert "**Measured here: unclear** (1 of 2 claims hold). It was so. *One seed is on the edge.*" in told
    assert r"- loss of 2 \* w\_1: 0.21 (0.19 to 0.23, 3 seeds), claimed below 0.5: **holds**" in told
    assert "claimed above 0: **unclear**, the interval reaches to both sides" in told
    assert "<li>loss of 2 * w_1: 0.21 (0.19 to 0.23, 3 seeds), claimed below 0.5: <strong>holds</strong></li>" in sheet.page(
        [question], {question.id: row}
    )
