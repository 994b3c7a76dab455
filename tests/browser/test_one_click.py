"""Every page that trains a comparison of its own: a cold link, one click, and the pictures are there."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.content import assert_no_error, open_page, see
from tests.browser.server import Server
from tests.browser.workbench import LONG_S, button
from tests.sources import pages_that_import, stem

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
"""What each page says when all of its first comparison is there; a new page with a form needs a line here, or a test of its own."""

ELSEWHERE = {"compare", "optimizers", "recurrent", "mistakes"}
"""Pages with a file of tests of their own: three in `pages`, and `tests/pages/lab/test_mistakes.py`."""
NAMES = sorted({stem(path) for path in pages_that_import("core.ui.form.forms")} - ELSEWHERE)


@pytest.mark.parametrize("name", NAMES)
def test_one_click_trains_the_pages_comparison_and_draws_it(page: Page, server: Server, name: str) -> None:
    open_page(page, f"{server.url}/{name}")
    button(page, "Run")
    see(page, "runs stored", timeout_ms=1000 * LONG_S)
    see(page, THEN[name])
    expect(page.get_by_test_id("stVegaLiteChart").first.locator("svg, canvas").first).to_be_visible()
    assert_no_error(page)
