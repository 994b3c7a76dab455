"""Back: one click returns to what was seen before."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.content import open_page, settle
from tests.browser.server import Server


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
