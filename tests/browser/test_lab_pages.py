"""The pages of labs in a browser: a cold link is enough to see a result, and a chip changes one control."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.content import assert_no_error, open_page, see
from tests.browser.server import Server
from tests.browser.workbench import LONG_S
from tests.sources import pages_that_import, stem

SHOWS = {
    "distributed": ("reaches a training loss of", "No straggler", "distributed.straggler=1"),
    "data_recovery": ("The division recovers the picture", "Eight pictures", "data_recovery.pictures=8"),
}
"""What each page says, a chip of it, and what that changes in the address; a new page of labs needs a line here."""
LABS = [stem(path) for path in pages_that_import("core.ui.results.lab_page")]


@pytest.mark.parametrize("path", LABS)
def test_a_cold_link_shows_a_result_and_a_chip_changes_one_control(page: Page, server: Server, path: str) -> None:
    said, chip, query = SHOWS[path]
    open_page(page, f"{server.url}/{path}")
    see(page, said, timeout_ms=1000 * LONG_S)
    expect(page.get_by_test_id("stVegaLiteChart").first.locator("svg, canvas").first).to_be_visible()
    page.get_by_role("link", name=chip).click()
    expect(page).to_have_url(re.compile(re.escape(query)))
    expect(page.get_by_role("link", name=chip)).to_have_count(0, timeout=1000 * LONG_S)
    assert_no_error(page)
