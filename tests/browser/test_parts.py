"""The parts of pages behind tabs: each opens by a cold link."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page

from core.ui.pages.gradient_flow import gradient_flow
from core.ui.pages.normalization import normalization
from core.ui.pages.regularization import regularization
from tests.browser.content import assert_no_error, see
from tests.browser.server import Server
from tests.browser.workbench import LONG_S
from tests.sources import parts_behind_tabs

SAID = {
    ("learning_rate.part", "Schedules"): "and how far",
    ("learning_rate.part", "Range test"): "One run, all rates",
    ("batch_size.part", "Scaling the rate"): "With a batch k times as large",
    ("batch_size.part", "Gradient noise"): "Noise scale",
    ("normalization.part", normalization.AXES): "averaged together",
    ("normalization.part", normalization.MODES): "How the running averages come about",
    ("normalization.part", normalization.ACTIVATIONS): "One click trains each normalization",
    ("gradient_flow.tab", gradient_flow.DEPTH): "factor per layer between",
    ("gradient_flow.tab", gradient_flow.FUNCTIONS): "Is ReLU differentiable",
    ("regularization.tab", regularization.GEOMETRY): "first touches the ball",
    ("regularization.tab", regularization.PATHS): "a line is a weight",
}
"""What each part says; a new one needs a line here. The first of each row is what the page opens with."""
PARTS = [(key, part) for key, shown in parts_behind_tabs().items() for part in shown[1:]]


@pytest.mark.parametrize(("key", "part"), PARTS, ids=[f"{key.partition('.')[0]}, {part}" for key, part in PARTS])
def test_a_part_opens_by_a_cold_link(page: Page, server: Server, key: str, part: str) -> None:
    page.goto(f"{server.url}/{key.partition('.')[0]}?{urlencode({key: part})}")  # not waiting for rest: some import torch first
    see(page, SAID[key, part], timeout_ms=LONG_S * 1000)
    assert_no_error(page)
