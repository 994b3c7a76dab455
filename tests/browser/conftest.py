"""The dashboard in a real browser: one server and one Chromium for the session, a fresh context for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

from tests.browser import chromium
from tests.browser.server import Server, serve

WIDE: ViewportSize = {"width": 1440, "height": 900}
NARROW: ViewportSize = {"width": 390, "height": 844}
FOLDER = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks every test of this folder as a browser test; starting a server and a browser takes its time."""
    for item in items:
        if item.path.is_relative_to(FOLDER):
            item.add_marker("browser")
            item.add_marker(pytest.mark.timeout(180))


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Path of Chromium. Without one the browser tests are skipped, and in CI they fail."""
    path = chromium.find()
    if path is None:
        say = pytest.fail if chromium.must_run() else pytest.skip
        say("no Chromium or Chrome was found: set CHROMIUM to its path, or install Debian's `chromium`")
    return path


@pytest.fixture(scope="session")
def browser(chromium_path: str) -> Iterator[Browser]:
    """Chromium, started once."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=list(chromium.ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The dashboard on a data folder of its own, shared by the session; it asks for Chromium first, so as not to start in vain."""
    with serve(tmp_path_factory.mktemp("dashboard")) as server:
        yield server


@pytest.fixture
def viewport() -> ViewportSize:
    """Size of the window in CSS pixels; parametrize a test with `viewport` for another."""
    return WIDE


@pytest.fixture
def context(browser: Browser, viewport: ViewportSize) -> Iterator[BrowserContext]:
    """A fresh browser profile: no cookies, no storage."""
    context = browser.new_context(viewport=viewport, accept_downloads=True)
    context.set_default_timeout(20_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, server: Server) -> Page:
    """An empty tab; open a page of the app with `open_page(page, server.url + "/compare")`."""
    return context.new_page()
