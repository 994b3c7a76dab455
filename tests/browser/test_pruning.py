"""Pruning in a browser: a cold link, one click, and its pictures."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.content import assert_no_error, open_page, see
from tests.browser.server import Server
from tests.browser.workbench import LONG_S, button


def test_one_click_trains_the_comparison_and_shows_it(page: Page, server: Server) -> None:
    open_page(page, f"{server.url}/pruning")
    button(page, "Run")
    see(page, "runs stored", timeout_ms=1000 * LONG_S)
    see(page, "Where the zeros are")
    expect(page.get_by_test_id("stVegaLiteChart").first.locator("svg, canvas").first).to_be_visible()
    assert_no_error(page)
