"""What the browser tests read of the workbench, and of the store behind it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Page, expect

from core.comparison import Comparison
from core.runs.store import Store
from core.ui.form import links
from tests.browser.content import open_page, until
from tests.browser.server import Server

LONG_S = 90.0
"""Seconds in which a comparison of some seconds must end, on a machine that does other things too."""

_LONGEST_LINE = """chart => Math.max(0, ...[...chart.querySelectorAll('g.mark-line path')].map(
    path => ((path.getAttribute('d') || '').match(/[ML]/g) || []).length))"""


def small(*rates: float, epochs: int = 3, seeds: int = 2, **base: object) -> Comparison:
    """Two features, a small network; a variant a learning rate."""
    settings = {"data": {"kind": "moons"}, "model": {"kind": "mlp", "hidden": [8]}, "training": {"epochs": epochs}} | base
    return Comparison.load({"base": settings, "vary": {"optimizer.lr": list(rates or (0.001, 0.01))}, "seeds": seeds})


def address(server: Server, comparison: Comparison, **view: str) -> str:
    """The workbench with a comparison in it, as a link leads there."""
    query = links.query_for("compare", comparison) | {f"compare.{name}": value for name, value in view.items()}
    return f"{server.url}/compare?{urlencode(query, doseq=True)}"


@contextmanager
def store_of(server: Server) -> Iterator[Store]:
    """The store that the dashboard shows."""
    store = Store(f"sqlite:///{Path(server.home) / 'tandem.db'}")
    try:
        yield store
    finally:
        store.close()


def state(server: Server, comparison: Comparison) -> str:
    """The comparison's state in the store."""
    with store_of(server) as store:
        return store.progress(comparison).state


def still(page: Page, server: Server, comparison: Comparison, quiet_s: float = 2.0) -> None:
    """Waits until nothing of the comparison has changed in the store for a while: a pause lets what is being computed come to its end."""
    seen, since = -1, time.monotonic()

    def quiet() -> bool:
        nonlocal seen, since
        with store_of(server) as store:
            version = store.progress(comparison).version
        if version != seen:
            seen, since = version, time.monotonic()
        return time.monotonic() - since >= quiet_s

    until(page, quiet, "the store has come to rest")


def train(page: Page, server: Server, comparison: Comparison) -> None:
    """Sees to it that a comparison is stored. Training it is the dashboard's runner's part, which an open page starts."""
    if not page.url.startswith(server.url):
        open_page(page, server.url)
    with store_of(server) as store:
        store.request(comparison, "run")
    until(page, lambda: state(server, comparison) == "finished", "the comparison is trained", timeout_s=LONG_S)


def button(page: Page, label: str) -> None:
    """Clicks one of the buttons beside the heading, once it can be."""
    found = page.get_by_test_id("stMain").get_by_role("button", name=label, exact=True).first
    expect(found).to_be_enabled()
    found.click()


def standing(page: Page) -> str:
    """The line over the bar."""
    return page.get_by_test_id("stProgress").first.inner_text()


def epoch(page: Page) -> int:
    """The epoch that the line over the bar says; -1 when it says none."""
    found = re.search(r"epoch ([\d,]+) of", standing(page))
    return int(found[1].replace(",", "")) if found else -1


def points(page: Page) -> int:
    """Points of the longest line of the first chart; 0 while there is none."""
    chart = page.get_by_test_id("stVegaLiteChart").first
    return int(chart.evaluate(_LONGEST_LINE)) if chart.count() else 0
