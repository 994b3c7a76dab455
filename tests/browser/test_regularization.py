"""The pages of regularization and early stopping in a browser: a cold link, one click, and the picture is there."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from core.ui.panels import early_stopping, regularization
from tests.browser.content import assert_no_error, open_page, see, until
from tests.browser.workbench import LONG_S, state

PAGES = {
    "regularization": (regularization.START, "Training against validation"),
    "early_stopping": (early_stopping.START, "What each rule would have given"),
}


@pytest.mark.parametrize("name", PAGES)
def test_one_click_trains_the_pages_comparison_and_draws_it(page, server, name):
    comparison, heading = PAGES[name]
    open_page(page, f"{server.url}/{name}")
    page.get_by_test_id("stMain").get_by_role("button", name="Run", exact=False).last.click()
    until(page, lambda: state(server, comparison) == "finished", "the comparison is trained", timeout_s=LONG_S)
    see(page, heading)
    expect(page.get_by_test_id("stVegaLiteChart").first.locator("svg, canvas").first).to_be_visible()
    see(page, "runs stored")
    assert_no_error(page)


@pytest.mark.parametrize("tab", [regularization.GEOMETRY, regularization.PATHS])
def test_a_lab_opens_by_a_cold_link(page, server, tab):
    page.goto(f"{server.url}/regularization?regularization.tab={tab}")  # not waiting for rest: the path trains, and imports torch first
    drawn = page.get_by_test_id("stVegaLiteChart").first.locator("svg, canvas").first
    expect(drawn).to_be_visible(timeout=LONG_S * 1000)
    assert_no_error(page)
