"""Every page that trains a comparison of its own: a cold link, one click, and the pictures are there."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.content import assert_no_error, open_page, see
from tests.browser.server import Server
from tests.browser.workbench import LONG_S, button

THEN = {
    "learning_rate": "The best learning rate of each",
    "batch_size": "Cost of an update and an epoch",
    "normalization": "gets worse for “batch”",
    "gradient_flow": "First against last layer",
    "regularization": "Training against validation",
    "early_stopping": "Result of each rule",
    "pruning": "Where the zeros are",
    "distillation": "How many labels are needed",
}
"""What each page says when all of its first comparison is there."""


@pytest.mark.parametrize("name", THEN)
def test_one_click_trains_the_pages_comparison_and_draws_it(page: Page, server: Server, name: str) -> None:
    open_page(page, f"{server.url}/{name}")
    button(page, "Run")
    see(page, "runs stored", timeout_ms=1000 * LONG_S)
    see(page, THEN[name])
    expect(page.get_by_test_id("stVegaLiteChart").first.locator("svg, canvas").first).to_be_visible()
    assert_no_error(page)
