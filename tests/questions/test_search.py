"""A question is found by its number, its words and the terms of the field that it is about."""

from __future__ import annotations

import pytest

from core.questions.catalogue import questions
from core.questions.search import matching

KNOWN = list(questions().values())


def found(wanted):
    return [question.id for question in matching(KNOWN, wanted)]


@pytest.mark.parametrize("question", KNOWN, ids=lambda question: question.id)
def test_each_question_is_found_by_its_own_terms_and_by_its_text(question):
    assert len(question.terms) >= 3
    assert len(set(map(str.lower, question.terms))) == len(question.terms)
    for term in question.terms:
        assert question.id in found(term), term
        assert question.id in found(term.upper()), term
        assert len(found(term)) < 2 * len(KNOWN) / 3, f"{term} says too little"
    assert question.id in found(question.text)


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ("overfitting", {"01", "08", "09"}),
        ("dead ReLU", {"28"}),
        ("exploding gradients", {"06"}),
        ("lottery ticket", {"29"}),
        ("batch norm", {"14"}),
        ("weight-normalisation", {"07"}),
        ("weight normalization", {"07"}),
        ("dying relus", {"28"}),
        ("ResNet", {"05"}),
    ],
)
def test_terms_of_the_field_find_the_questions_about_them(wanted, ids):
    assert ids <= set(found(wanted))


def test_a_number_finds_that_question_and_what_nobody_wrote_finds_none():
    assert found("25") == ["25"]
    assert found("018") == ["18", "18b"]
    assert found("18b") == ["18b"]
    assert found("zebra") == []
    assert found("  ") == [question.id for question in KNOWN]


def test_a_word_is_found_by_how_it_begins_and_not_by_its_middle():
    assert "03" in found("drop")
    assert found("ropout") == []
