"""Every page by a cold link, in a wide and in a narrow window."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from core.questions.catalogue import questions
from core.ui.shell import PAGES
from tests.browser.conftest import NARROW, WIDE
from tests.browser.content import open_page, sideways

LINKS = {"": "See what each training choice does"} | {page.path.removeprefix("pages/").removesuffix(".py"): page.title for page in PAGES}


def heading(title: str) -> str | re.Pattern[str]:
    """What stands at the head of a page: its title, or whatever question it asks."""
    return re.compile("|".join(re.escape(question.text) for question in questions().values())) if title == "Question" else title


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("path", LINKS)
def test_a_page_opens_by_a_cold_link_and_is_no_wider_than_its_window(page, server, path):
    open_page(page, f"{server.url}/{path}")
    expect(page.get_by_role("heading", name=heading(LINKS[path]), level=1)).to_be_visible()
    assert sideways(page) <= 0


@pytest.mark.parametrize("page_of_app", [page for page in PAGES if page.listed], ids=lambda page: page.title)
def test_the_navigation_leads_to_every_page(page, server, page_of_app):
    open_page(page, server.url)
    page.locator(".st-key-navigation").get_by_role("button", name=page_of_app.group).click()
    page.get_by_test_id("stPopoverBody").get_by_role("link", name=page_of_app.title, exact=True).click()
    expect(page.get_by_role("heading", name=heading(page_of_app.title), level=1)).to_be_visible()


@pytest.mark.parametrize("viewport", [NARROW], ids=["narrow"])
@pytest.mark.parametrize("path", ["", "compare"])
def test_on_a_telephone_the_navigation_has_two_rows_beside_the_buttons_of_the_page(page, server, path):
    open_page(page, f"{server.url}/{path}")
    bar = page.locator(".st-key-navigation > *")
    boxes = [box for box in (bar.nth(place).bounding_box() for place in range(bar.count())) if box]
    rows = {round((box["y"] + box["height"] / 2) / 20) for box in boxes}
    assert len(boxes) == 1 + len({page.group for page in PAGES})
    assert len(rows) <= 2
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= NARROW["width"] for box in boxes)


@pytest.mark.parametrize("viewport", [NARROW], ids=["narrow"])
def test_on_a_telephone_the_buttons_of_a_comparison_stand_in_one_row(page, server):
    open_page(page, f"{server.url}/compare")
    buttons = [page.get_by_test_id("stMain").get_by_role("button", name=name, exact=True).first for name in ("Run", "Pause", "Cancel")]
    assert len({round(button.bounding_box()["y"]) for button in buttons}) == 1
