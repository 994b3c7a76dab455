"""The waiting times of a dashboard user, in a real browser: seconds until something is visible, and the load of the processes meanwhile."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import psutil
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from core.comparison import Comparison
from core.experiments.home import DEFAULT
from core.ui.shell import PAGES
from tests.browser import chromium
from tests.browser.content import see, settle
from tests.browser.server import ROOT, Server, start, stop, wait_until_healthy
from tests.browser.workbench import address, button, standing, train

TITLE = "the dashboard in Chromium, 1440 x 900"
VIEWPORT = ViewportSize(width=1440, height=900)
PATIENCE_MS = 60_000
IDLE_S, BEAT_S, REDRAWN_S = 10.0, 0.02, 3.0
LONGER = 10
CURVES = '[data-testid="stVegaLiteChart"] g.mark-line path'
WATCH = """() => {
  document.addEventListener("click", () => { window.clicked = performance.now(); }, true);
  window.charts = [...document.querySelectorAll('[data-testid="stVegaLiteChart"]')].map(element => {
    const chart = { changed: 0 }, everything = { subtree: true, childList: true, attributes: true };
    new MutationObserver(() => { chart.changed = performance.now(); }).observe(element, everything);
    return chart;
  });
}"""
"""Records in the page the times of the last click and of the last change of each chart; queries from outside would slow the page down."""
LARGE = Comparison.load(
    {
        "base": {"data": "iris", "model": {"kind": "mlp", "hidden": [16, 16]}, "training": {"epochs": 200}},
        "vary": {"optimizer.lr": [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1]},
        "seeds": 10,
    }
)
"""8 variants x 10 seeds x 200 epochs."""

Figures = list[tuple[str, float, str]]
"""Name, value and unit of a measurement."""


def table() -> pd.DataFrame:
    """Returns one row for each measurement; without a browser, one row that says so."""
    path = chromium.find()
    if path is None:
        return pd.DataFrame([("no Chromium was found", float("nan"), "")], columns=["measured", "value", "unit"])
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(chromium.ARGUMENTS))
        figures = measured(browser, Path(home))
        browser.close()
    return pd.DataFrame(figures, columns=["measured", "value", "unit"])


def measured(browser: Browser, home: Path) -> Figures:
    """Returns all measurements, from a separate server that starts with an empty store; before them, those of a Streamlit page with only a
    title.
    """
    figures = streamlit_alone(browser, home / "alone")
    began = time.perf_counter()
    server = start(home / "tandem", ROOT / "app.py")
    try:
        wait_until_healthy(server)
        page = browser.new_page(viewport=VIEWPORT)
        page.goto(server.url)
        title(page, "See what each training choice does")
        figures.append(("server started until the head of the first page is up", time.perf_counter() - began, "s"))
        see(page, "or paste it", timeout_ms=PATIENCE_MS)
        figures.append(("server started until all of it is up", time.perf_counter() - began, "s"))
        figures += default_comparison(page, server)
        figures += views(browser, server)
        figures += stored(browser, server)
        figures += changes(page, server)
        figures += redraws(page, server)
        return figures
    finally:
        stop(server)


def streamlit_alone(browser: Browser, home: Path) -> Figures:
    """Measures the same times for a page that shows only a title."""
    script = home / "title.py"
    home.mkdir()
    script.write_text('import streamlit as st\n\nst.title("Alone")\n')
    began = time.perf_counter()
    server = start(home, script)
    try:
        wait_until_healthy(server)
        opened(browser, server.url, "Alone")
        started = time.perf_counter() - began
        linked = opened(browser, server.url, "Alone")
    finally:
        stop(server)
    return [
        ("Streamlit alone: server started until the page is up", started, "s"),
        ("Streamlit alone: cold link until the page is up", linked, "s"),
    ]


def opened(browser: Browser, url: str, heading: str) -> float:
    """Returns the seconds that a fresh browser context needs from the address to the page's heading."""
    context = browser.new_context(viewport=VIEWPORT)
    page = context.new_page()
    began = time.perf_counter()
    page.goto(url)
    title(page, heading)
    seconds = time.perf_counter() - began
    context.close()
    return seconds


def title(page: Page, heading: str) -> None:
    """Waits until the page's heading is visible."""
    expect(page.get_by_role("heading", name=heading, exact=True).first).to_be_visible(timeout=PATIENCE_MS)


def views(browser: Browser, server: Server) -> Figures:
    """Opens each page by a link in a fresh context, and measures the time until its heading is visible."""
    urls = {each.title: f"{server.url}/{Path(each.path).stem}" for each in PAGES}
    return [(f"cold link until {name} is up", opened(browser, url, name), "s") for name, url in urls.items()]


def stored(browser: Browser, server: Server) -> Figures:
    """Opens the default comparison, which is stored by then, by a link in a fresh context, and measures the time until its first curve."""
    context = browser.new_context(viewport=VIEWPORT)
    page = context.new_page()
    began = time.perf_counter()
    page.goto(address(server, DEFAULT))
    seconds = when(page, lambda: page.locator(CURVES).count() > 0, began)
    context.close()
    return [("cold link to the stored default comparison until its curves are drawn", seconds, "s")]


def changes(page: Page, server: Server) -> Figures:
    """Opens each page by the menu, from the page before it, and measures the time until its heading is visible."""
    page.goto(server.url)
    settle(page)
    found: Figures = []
    for each in PAGES:
        page.get_by_text(each.group, exact=True).first.click()
        began = time.perf_counter()
        page.get_by_test_id("stPopoverBody").get_by_role("link", name=each.title).click()
        title(page, each.title)
        found.append((f"chosen in the menu until {each.title} is up", time.perf_counter() - began, "s"))
        settle(page)
    return found


def default_comparison(page: Page, server: Server) -> Figures:
    """Runs the default comparison on a warm server, and measures it from the click on; and the processes during and after it."""
    warm_up = {"base": {"data": "iris", "training": {"epochs": 2}}, "seeds": 2}
    train(page, server, Comparison.load(warm_up))  # starts the workers and loads the libraries
    page.goto(address(server, DEFAULT))
    settle(page)
    busy = processor_seconds(server.process)
    began = time.perf_counter()
    button(page, "Run")
    first = when(page, lambda: page.locator(CURVES).count() > 0, began)
    done = when(page, lambda: standing(page).startswith("All"), began)
    share = (processor_seconds(server.process) - busy) / done
    longer = longer_share(page, server)
    memory = max(process.memory_info().rss for process in server.process.children(recursive=True)) / 2**20
    settle(page)
    time.sleep(2)
    idle, since = processor_seconds(server.process), time.perf_counter()
    page.wait_for_timeout(1000 * IDLE_S)
    rest = (processor_seconds(server.process) - idle) / (time.perf_counter() - since)
    return [
        ("default comparison: click until the first points", first, "s"),
        ("default comparison: click until all is stored", done, "s"),
        ("dashboard's process while it runs", 100 * share, "% of a core"),
        (f"dashboard's process while {LONGER} times as many epochs run", 100 * longer, "% of a core"),
        ("dashboard's process with an open page, nothing running", 100 * rest, "% of a core"),
        ("largest runner or worker, resident", memory, "MiB"),
    ]


def longer_share(page: Page, server: Server) -> float:
    """Returns the share of a core that the dashboard's process uses while the default comparison runs with more epochs."""
    epochs = LONGER * DEFAULT.runs()[0].training.epochs
    page.goto(address(server, Comparison.load({**DEFAULT.model_dump(), "base": {"training": {"epochs": epochs}}})))
    settle(page)
    busy, began = processor_seconds(server.process), time.perf_counter()
    button(page, "Run")
    done = when(page, lambda: standing(page).startswith("All"), began)
    return (processor_seconds(server.process) - busy) / done


def when(page: Page, condition: Callable[[], bool], began: float) -> float:
    """Returns the seconds from `began` until the condition holds."""
    while not condition():
        page.wait_for_timeout(1000 * BEAT_S)
        if time.perf_counter() - began > PATIENCE_MS / 1000:
            raise TimeoutError(f"it never came on {page.url}")
    return time.perf_counter() - began


def processor_seconds(process: psutil.Process) -> float:
    """Returns the processor seconds of the process alone, without its children."""
    times = process.cpu_times()
    return float(times.user + times.system)


def redraws(page: Page, server: Server) -> Figures:
    """Opens the workbench with a large stored comparison, and measures from a click on a control until the curves and all five charts are
    redrawn.
    """
    train(page, server, LARGE)
    page.goto(address(server, LARGE))
    see(page, "All 80 runs stored", timeout_ms=PATIENCE_MS)
    settle(page)
    page.evaluate(WATCH)
    found: Figures = []
    for control in ("updates", "examples", "seconds", "epochs"):
        page.get_by_test_id("stButtonGroup").get_by_text(control, exact=True).first.click()
        page.wait_for_timeout(1000 * REDRAWN_S)
        changed = page.evaluate("() => window.charts.map(chart => chart.changed - window.clicked)")
        if min(changed) < 0:
            raise TimeoutError(f"a chart was not drawn anew within {REDRAWN_S:g} s of a click on {control}")
        name = f"redraw of 8 x 10 x 200 after a click on {control}"
        found += [(f"{name}: the curves", changed[0] / 1000, "s"), (f"{name}: all charts", max(changed) / 1000, "s")]
    return found


if __name__ == "__main__":
    print(f"{TITLE}\n{table().round(2).to_string(index=False)}")
