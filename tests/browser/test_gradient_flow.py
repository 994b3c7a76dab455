"""The page of gradient flow in a browser: a cold link, one click, and the picture is there; both labs by a cold link."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from core.ui.panels import gradient_flow
from tests.browser.content import assert_no_error, open_page, see, until
from tests.browser.workbench import LONG_S, state


def test_one_click_trains_the_pages_comparison_and_draws_it(page, server):
    open_page(page, f"{server.url}/gradient_flow")
    page.get_by_test_id("stMain").get_by_role("button", name="Run", exact=False).last.click()
    until(page, lambda: state(server, gradient_flow.START) == "finished", "the comparison is trained", timeout_s=LONG_S)
    see(page, "First against last layer")
    expect(page.get_by_test_id("stVegaLiteChart").first.locator("svg, canvas").first).to_be_visible()
    see(page, "runs stored")
    assert_no_error(page)


@pytest.mark.parametrize(
    ("tab", "text"), [(gradient_flow.DEPTH, "factor per layer between"), (gradient_flow.FUNCTIONS, "Is ReLU differentiable")]
)
def test_a_lab_opens_by_a_cold_link(page, server, tab, text):
    page.goto(f"{server.url}/gradient_flow?{urlencode({'gradient_flow.tab': tab})}")  # not waiting for rest: it imports torch first
    see(page, text, timeout_ms=LONG_S * 1000)
    expect(page.get_by_test_id("stVegaLiteChart").first.locator("svg, canvas").first).to_be_visible(timeout=LONG_S * 1000)
    assert_no_error(page)
