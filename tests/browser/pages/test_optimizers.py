"""The page of optimizers in a browser: a cold link, a click into the surface, one click that trains."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from core.experiments.optimizers import START as OPTIMIZERS
from tests.browser.content import assert_no_error, open_page, settle, until
from tests.browser.server import Server
from tests.browser.workbench import LONG_S, button, standing, state

PICTURE = ".st-key-optimizers-on-quadratic-picture"


def test_a_cold_link_opens_a_surface_with_its_paths_and_a_click_moves_the_start(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/optimizers?optimizers.on.condition=5&optimizers.on.quadratic.x=2")
    expect(page.get_by_role("button", name="paths.csv")).to_be_visible(timeout=60_000)
    settle(page)
    expect(page.get_by_role("spinbutton", name="Start x")).to_have_value("2")
    place = page.locator(PICTURE).bounding_box()
    assert place
    page.mouse.click(place["x"] + 0.4 * place["width"], place["y"] + 0.3 * place["height"])
    until(page, lambda: "optimizers.on.quadratic.y=" in page.url, "the start has moved")
    settle(page)
    expect(page.get_by_role("spinbutton", name="Start x")).not_to_have_value("2")
    assert_no_error(page)


def test_one_click_trains_the_same_optimizers_on_a_network(page: Page, server: Server) -> None:
    open_page(page, f"{server.url}/optimizers")
    button(page, "Run")
    until(page, lambda: standing(page).startswith("All 15 runs stored"), "all runs are stored", timeout_s=LONG_S)
    assert state(server, OPTIMIZERS) == "finished"
    settle(page)
    expect(page.get_by_role("heading", name="Update size")).to_be_visible()
    assert_no_error(page)
