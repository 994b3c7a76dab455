"""Back: one click returns to what was seen, with the form, the address and the comparison of then."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest
from playwright.sync_api import Page, expect

from core.experiments.catalogue import experiments
from core.ui.shell import PAGES
from tests.browser.content import open_page, settle
from tests.browser.server import Server

STARTS = [page for page in PAGES if len([each for each in experiments().values() if f"pages/{each.page}.py" == page.path]) > 1]
"""Pages that begin with one of several experiments."""

_FORM = """sidebar => {
    const fields = 'input, textarea, [aria-pressed="true"], [data-testid="stSelectbox"], [data-baseweb="tag"]';
    return [...sidebar.querySelectorAll(fields)].map(held => [held.ariaLabel, held.checked, held.value ?? held.innerText].join(':'));
}"""


class Seen(NamedTuple):
    """What a page says it shows: its address, all that its form holds, and what stands above the results."""

    address: str
    form: tuple[str, ...]
    title: str


def seen(page: Page) -> Seen:
    settle(page)
    form = page.get_by_test_id("stSidebar").evaluate(_FORM)
    return Seen(page.url, tuple(form), page.get_by_role("heading", level=1).inner_text())


def after(page: Page, act: Callable[[], object]) -> Seen:
    """What is seen once the address has changed by what is done."""
    address = page.url
    act()
    page.wait_for_url(lambda url: url != address)
    return seen(page)


@pytest.mark.parametrize("start", STARTS, ids=lambda page: page.title)
def test_a_second_start_is_all_of_the_page_and_back_brings_the_first_again(page: Page, server: Server, start) -> None:
    name = start.path.removeprefix("pages/").removesuffix(".py")
    open_page(page, f"{server.url}/{name}")
    links = page.locator(f"[class*=st-key-{name}-comparisons] a")
    first = after(page, links.nth(1).click)
    second = after(page, links.last.click)
    assert first.form != second.form
    assert after(page, links.nth(1).click) == first
    assert after(page, page.go_back) == second
    assert after(page, page.go_back) == first


def test_back_leaves_a_page_with_one_click_whatever_link_led_there(page: Page, server: Server) -> None:
    open_page(page, server.url)
    page.locator(".st-key-examples a").first.click()
    expect(page.get_by_role("heading", name="Compare", level=1)).to_be_visible()
    settle(page)
    page.go_back()
    expect(page.get_by_role("heading", name="See what each training choice does", level=1)).to_be_visible()
