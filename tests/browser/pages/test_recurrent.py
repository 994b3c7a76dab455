"""The page of recurrent networks in a browser: a cold link, one click, and the picture is there; tabs keep what was set in them."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from core.ui.pages.recurrent import parts
from tests.browser.content import assert_no_error, open_page, see, settle, until
from tests.browser.workbench import LONG_S, state


def address(server, tab):
    return f"{server.url}/recurrent?{urlencode({'recurrent.tab': tab})}"


@pytest.mark.parametrize("tab", parts.PARTS)
def test_one_click_trains_the_tabs_comparison_and_draws_it(page, server, tab):
    open_page(page, address(server, tab))
    page.get_by_test_id("stMain").get_by_role("button", name="Run", exact=False).last.click()
    until(page, lambda: state(server, parts.PARTS[tab].start) == "finished", "the comparison is trained", timeout_s=LONG_S)
    see(page, "Gradient norm")
    expect(page.get_by_test_id("stVegaLiteChart").first.locator("svg, canvas").first).to_be_visible()
    see(page, "runs stored")
    assert_no_error(page)


def test_the_gradient_against_the_lag_opens_by_a_cold_link(page, server):
    page.goto(address(server, parts.LAG))  # not waiting for rest: torch is imported first
    expect(page.get_by_test_id("stVegaLiteChart").first.locator("svg, canvas").first).to_be_visible(timeout=LONG_S * 1000)
    assert_no_error(page)


def test_each_tab_keeps_its_own_settings(page, server):
    open_page(page, address(server, parts.ADDING))
    hidden = page.get_by_test_id("stSidebar").get_by_label("Hidden", exact=True)
    hidden.fill("9")
    hidden.press("Enter")
    settle(page)
    page.get_by_role("tab", name=parts.CLIPPING).click()
    settle(page)
    expect(hidden).to_have_value("24")
    page.get_by_role("tab", name=parts.ADDING).click()
    settle(page)
    expect(hidden).to_have_value("9")
    assert_no_error(page)
