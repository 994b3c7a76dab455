"""The learning-rate, batch-size and normalization pages in a browser: a cold link, one click, and the picture is there."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from core.ui.panels import batch_size, learning_rate, normalization
from tests.browser.content import assert_no_error, open_page, see, until
from tests.browser.server import Server
from tests.browser.workbench import LONG_S, state

PAGES = {
    "learning_rate": (learning_rate.START, "The best learning rate of each"),
    "batch_size": (batch_size.START, "What an update and an epoch cost"),
    "normalization": (normalization.scaled(normalization.START, normalization.USUAL), "gets worse for “batch”"),
}
PARTS = [
    ("learning_rate", "Schedules", "and how far"),
    ("learning_rate", "Range test", "One run, all rates"),
    ("batch_size", "Scaling the rate", "When the batch grows"),
    ("batch_size", "Gradient noise", "Noise scale"),
    ("normalization", normalization.AXES, "averaged together"),
    ("normalization", normalization.MODES, "How the running averages come about"),
    ("normalization", normalization.ACTIVATIONS, "One click trains each normalization"),
]


@pytest.mark.parametrize("name", PAGES)
def test_one_click_trains_the_pages_comparison_and_draws_it(page: Page, server: Server, name: str) -> None:
    comparison, heading = PAGES[name]
    open_page(page, f"{server.url}/{name}")
    page.get_by_test_id("stMain").get_by_role("button", name="Run", exact=False).last.click()
    until(page, lambda: state(server, comparison) == "finished", "the comparison is trained", timeout_s=LONG_S)
    see(page, heading)
    expect(page.get_by_test_id("stVegaLiteChart").first.locator("svg, canvas").first).to_be_visible()
    see(page, "runs stored")
    assert_no_error(page)


@pytest.mark.parametrize(("name", "part", "text"), PARTS)
def test_a_part_opens_by_a_cold_link(page: Page, server: Server, name: str, part: str, text: str) -> None:
    page.goto(f"{server.url}/{name}?{urlencode({f'{name}.part': part})}")
    see(page, text, timeout_ms=LONG_S * 1000)
    assert_no_error(page)
