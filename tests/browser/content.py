"""Waiting on what a page shows. Streamlit's own script state flaps under `run_every`, so only content is looked at."""

from __future__ import annotations

import time
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

PATIENCE_MS = 20_000
QUIET_S = 0.8

# Everything that a viewer could see change: text, the number of elements, and what charts have drawn. Skeletons and
# elements of a former run are not content yet.
_SNAPSHOT = """() => {
    const app = document.querySelector('[data-testid="stAppViewContainer"]');
    if (!app || document.querySelector('[data-testid="stSkeleton"], [data-testid="stAppSkeleton"], [data-stale="true"]')) return null;
    const hollow = [...document.querySelectorAll('[data-testid="stVegaLiteChart"]')].some(chart => !chart.querySelector('svg, canvas'));
    if (hollow || !app.innerText.trim()) return null;
    return [app.innerText, app.querySelectorAll('*').length, app.scrollHeight].join('|');
}"""


def open_page(page: Page, url: str) -> None:
    """Opens `url` cold and waits until it has come to rest; an error shown on the page is a failure."""
    page.goto(url)
    settle(page)
    assert_no_error(page)


def settle(page: Page, *, quiet_s: float = QUIET_S, timeout_s: float = PATIENCE_MS / 1000) -> None:
    """Returns once nothing on the page has changed for `quiet_s`; a page that never rests raises `TimeoutError`."""
    deadline = time.monotonic() + timeout_s
    last, since = None, time.monotonic()
    while time.monotonic() < deadline:
        seen = page.evaluate(_SNAPSHOT)
        if seen is None or seen != last:
            last, since = seen, time.monotonic()
        elif time.monotonic() - since >= quiet_s:
            return
        page.wait_for_timeout(100)
    raise TimeoutError(f"{page.url} was still changing after {timeout_s:.0f} s")


def see(page: Page, text: str, *, timeout_ms: float = PATIENCE_MS) -> Locator:
    """The first element that shows `text`, once it is visible."""
    found = page.get_by_text(text).first
    expect(found).to_be_visible(timeout=timeout_ms)
    return found


def until(page: Page, condition: Callable[[], bool], what: str, *, timeout_s: float = PATIENCE_MS / 1000) -> None:
    """Waits until `condition()` holds, letting the page run meanwhile; `what` names it when it never does."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {timeout_s:.0f} s on {page.url}")
        page.wait_for_timeout(100)


def assert_no_error(page: Page) -> None:
    """Fails, with its text, when the page shows an exception."""
    shown = page.get_by_test_id("stException").all_inner_texts()
    assert not shown, f"{page.url} shows an error: {shown}"


def sideways(page: Page) -> int:
    """By how many pixels the page is wider than its window: what one would have to scroll sideways."""
    return int(page.get_by_test_id("stMain").evaluate("main => main.scrollWidth - main.clientWidth"))
