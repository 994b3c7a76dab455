"""One question from the catalogue to its verdict, and on to the workbench; what was guessed stays; a lab and a comparison each."""

from __future__ import annotations

import re
from math import ceil

import pytest
from playwright.sync_api import Page, expect

from core.questions.catalogue import questions
from core.questions.question import LETTERS, Question
from tests.browser.conftest import NARROW, WIDE
from tests.browser.content import assert_no_error, open_page, see, settle, sideways
from tests.browser.server import Server
from tests.browser.workbench import LONG_S

COMPARED, COMPUTED = "28", "24"


@pytest.mark.parametrize("name", [COMPARED, COMPUTED])
def test_a_question_goes_from_the_catalogue_to_its_verdict(page: Page, server: Server, name: str) -> None:
    question = questions()[name]
    open_page(page, f"{server.url}/questions")
    page.get_by_role("link", name=question.text).first.click()
    expect(page.get_by_role("heading", name=question.text)).to_be_visible()
    expect(page.get_by_role("button", name="See what happens")).to_be_disabled()
    assert question.answer[:60] not in page.inner_text("body")
    wrong = next(option for option in question.options if not option.right)
    page.get_by_text(wrong.text, exact=False).first.click()
    page.get_by_role("button", name="See what happens").click()
    see(page, "The measurement is running")
    assert question.answer[:60] not in page.inner_text("body")
    see(page, "You expected", timeout_ms=1000 * LONG_S)
    see(page, question.answer[:60])
    page.get_by_text("Claims and figures").click()
    see(page, "claimed")
    expect(page.get_by_test_id("stVegaLiteChart").first.locator("svg, canvas").first).to_be_visible()
    assert_no_error(page)
    page.reload()
    see(page, "You expected")
    assert_fits_a_telephone(page)
    open_page(page, f"{server.url}/questions")
    see(page, "not as expected")
    see(page, f"You predicted {LETTERS[question.options.index(wrong)]}: {wrong.text}.")
    page.get_by_role("link", name=question.text).first.click()
    page.get_by_role("link", name=question.turns[0].change).click()
    see(page, f"From question {name}: {question.turns[0].change}")
    expect(page.get_by_role("heading", name="Compare", level=1)).to_be_visible()
    assert_no_error(page)


def assert_fits_a_telephone(page: Page) -> None:
    """Nothing of a question with its answer is wider than a telephone."""
    page.set_viewport_size(NARROW)
    settle(page)
    see(page, "What would change this")
    assert sideways(page) <= 0
    page.set_viewport_size(WIDE)


def lines(question: Question) -> float:
    """About how many lines of text a question has before the guess; those of its title are as high as two."""
    options = sum(2.2 + len(option.text) // 95 + len(option.belief) // 110 for option in question.options)
    return 2 * ceil(len(question.text) / 62) + ceil(len(question.premise) / 85) + ceil(len(question.ask) / 85) + options


@pytest.mark.parametrize("question", sorted(questions().values(), key=lines)[-2:], ids=lambda question: question.id)
def test_the_longest_questions_show_text_options_and_button_without_scrolling(page: Page, server: Server, question: Question) -> None:
    open_page(page, f"{server.url}/question?q={question.id}")
    button = page.get_by_role("button", name="See what happens")
    for part in (page.get_by_role("heading", name=question.text), *page.get_by_role("radio").all(), button):
        box = part.bounding_box()
        assert box is not None
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= WIDE["height"], f"{part} ends at {box['y'] + box['height']:.0f}"


def test_the_address_and_the_question_are_one_also_after_going_back(page: Page, server: Server) -> None:
    first, second = list(questions().values())[:2]

    def assert_shown(question: Question) -> None:
        expect(page.get_by_role("heading", name=question.text)).to_be_visible()
        expect(page).to_have_url(re.compile(rf"\?q={question.id}$"))

    open_page(page, f"{server.url}/questions")
    page.get_by_role("link", name=first.text).first.click()
    assert_shown(first)
    for _ in range(2):
        page.get_by_role("link", name="Next question").click()
        assert_shown(second)
        page.go_back()
        assert_shown(first)
    page.get_by_role("link", name="Next question").click()
    assert_shown(second)
    page.get_by_text(second.options[0].text).first.click()
    expect(page.get_by_role("button", name="See what happens")).to_be_enabled()
    assert_shown(second)


def test_a_question_opens_its_comparison_in_the_workbench(page: Page, server: Server) -> None:
    open_page(page, f"{server.url}/question?q={COMPARED}")
    if (show := page.get_by_role("button", name="Show me without guessing")).count():
        show.click()
    page.get_by_role("link", name="Open in the workbench").click()
    expect(page.get_by_role("heading", name="Compare", level=1)).to_be_visible()
    see(page, "leaky ReLU, rate 0.1")
    see(page, f"From question {COMPARED}")
    assert_no_error(page)
    page.get_by_role("link", name="Back to the question").click()
    expect(page.get_by_role("heading", name=questions()[COMPARED].text)).to_be_visible()
    expect(page).to_have_url(re.compile(rf"\?q={COMPARED}$"))
    page.locator(".st-key-navigation").get_by_role("link", name="Tandem").click()
    see(page, "Practise interview questions")
    page.go_back()
    expect(page.get_by_role("heading", name=questions()[COMPARED].text)).to_be_visible()
    expect(page).to_have_url(re.compile(rf"\?q={COMPARED}$"))
