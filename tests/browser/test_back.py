"""Back: one click returns to what was seen before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.content import open_page, settle
from tests.browser.server import Server

ROOT = Path(__file__).resolve().parents[2]
WITH_STARTS = sorted(
    {file.stem for file in (ROOT / "core" / "ui" / "pages").rglob("*.py") if "    experiments=EXPERIMENTS,\n" in file.read_text()}
    & {file.stem for file in (ROOT / "pages").glob("*.py")}
)
"""Pages with a row of links to what they may begin with."""

_FORM = """sidebar => [...sidebar.querySelectorAll('input, textarea, [aria-pressed="true"]')]
    .map(held => [held.ariaLabel, held.checked, held.value ?? held.innerText].join(':'))"""


def test_back_leaves_a_page_with_one_click_whatever_link_led_there(page: Page, server: Server) -> None:
    open_page(page, server.url)
    page.locator(".st-key-examples a").first.click()
    expect(page.get_by_role("heading", name="Compare", level=1)).to_be_visible()
    settle(page)
    page.go_back()
    expect(page.get_by_role("heading", name="See what each training choice does", level=1)).to_be_visible()


def test_each_start_of_a_page_is_one_step_back(page: Page, server: Server) -> None:
    open_page(page, f"{server.url}/gradient_flow")
    links = page.locator("[class*=st-key-gradient_flow-comparisons] a")
    before = page.evaluate("history.length")
    seen = []
    for number in (1, 2):
        address = page.url
        links.nth(number).click()
        page.wait_for_url(lambda url, address=address: url != address)
        settle(page)
        seen.append(page.url)
    assert page.evaluate("history.length") == before + 2
    page.go_back()
    page.wait_for_url(seen[0])


def seen(page: Page) -> tuple[str, list[str]]:
    """The address, and all that the form holds."""
    settle(page)
    return page.url, page.get_by_test_id("stSidebar").evaluate(_FORM)


def after(page: Page, act: Callable[[], object]) -> tuple[str, list[str]]:
    """What is seen once the address has changed by what is done."""
    address = page.url
    act()
    page.wait_for_url(lambda url: url != address)
    return seen(page)


@pytest.mark.parametrize("name", WITH_STARTS)
def test_a_second_start_is_all_of_the_form_and_back_brings_the_first_again(page: Page, server: Server, name: str) -> None:
    open_page(page, f"{server.url}/{name}")
    begun = seen(page)
    links = page.locator(f"[class*=st-key-{name}-comparisons] a")
    second = after(page, links.last.click)
    again = after(page, links.first.click)
    assert again[1] == begun[1] != second[1]
    assert after(page, links.last.click) == second
    assert after(page, page.go_back)[1] == begun[1]


def test_pages_with_starts_are_found() -> None:
    assert len(WITH_STARTS) >= 4
