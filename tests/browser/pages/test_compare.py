"""The workbench as a user works it: run, watch, steer, take away, link."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from playwright.sync_api import expect

from core.analysis.statistics import leading_verdict, summarise
from core.comparison import Comparison
from core.experiments.home import DEFAULT
from core.ui.results.tabs import details
from tests.browser import workbench
from tests.browser.content import assert_no_error, open_page, see, settle, until
from tests.browser.workbench import LONG_S, address, button, epoch, points, small, standing, state, still, store_of, train


def test_the_default_comparison_runs_by_one_click_and_its_curves_grow(page, server):
    open_page(page, f"{server.url}/compare")
    see(page, "25 runs, none stored yet, about ")
    button(page, "Run")
    seen: set[int] = set()
    until(page, lambda: seen.add(points(page)) or standing(page).startswith("All 25 runs"), "all runs are stored", timeout_s=LONG_S)
    until(page, lambda: points(page) == DEFAULT.base.training.epochs + 1, "the whole curve is drawn")
    grown = sorted(number for number in seen if 1 < number < DEFAULT.base.training.epochs + 1)
    assert grown, f"the curve came all at once: {sorted(seen)}"
    with store_of(server) as store:
        assert store.progress(DEFAULT).state == "finished"
        assert len(store.history(DEFAULT)[0]) == 25 * 21
        verdict = leading_verdict(store.history(DEFAULT)[0], store.runs(DEFAULT))
    expect(page.get_by_role("heading", name=verdict)).to_be_visible()
    assert_no_error(page)


def test_the_downloads_hold_what_the_store_holds(page, server, tmp_path):
    comparison = small()
    train(page, server, comparison)
    open_page(page, address(server, comparison))
    files = {name: download(page, name, tmp_path) for name in ("history.csv", "layers.csv", "runs.csv", "summary.csv", "all.zip")}
    with store_of(server) as store:
        history, layers, runs = store.history(comparison)[0], store.layers(comparison)[0], store.runs(comparison)
    for name, expected in (("history.csv", history), ("layers.csv", layers), ("summary.csv", summarise(history, runs))):
        assert_frame_equal(read(files[name]), expected, check_dtype=False, check_exact=True)
    with zipfile.ZipFile(files["all.zip"]) as archive:
        assert sorted(archive.namelist()) == ["comparison.toml", "history.csv", "layers.csv", "runs.csv", "summary.csv"]
        assert Comparison.from_toml(archive.read("comparison.toml").decode()) == comparison
        assert_frame_equal(read(io.BytesIO(archive.read("history.csv"))), history, check_dtype=False, check_exact=True)


def read(file: Path | io.BytesIO) -> pd.DataFrame:
    """A CSV; an empty text is a text, not a missing number."""
    frame = pd.read_csv(file, dtype={"moment": "str"})
    return frame.fillna({"moment": ""}) if "moment" in frame else frame


def download(page, name: str, folder: Path) -> Path:
    with page.expect_download() as found:
        page.get_by_test_id("stDownloadButton").get_by_role("button", name=name, exact=True).click()
    assert found.value.suggested_filename == name
    found.value.save_as(folder / name)
    return folder / name


def test_a_setting_is_in_the_url_and_the_url_shows_the_same_comparison_elsewhere(page, server, browser):
    open_page(page, address(server, small()))
    epochs = page.get_by_role("spinbutton", name="Epochs")
    epochs.fill("4")
    epochs.press("Enter")
    until(page, lambda: "compare.training.epochs=4" in page.url, "the setting is in the URL")
    button(page, "Run")
    until(page, lambda: standing(page).startswith("All 4 runs stored"), "all runs are stored", timeout_s=LONG_S)
    page.get_by_text("updates", exact=True).click()
    until(page, lambda: "compare.x=updates" in page.url, "the axis is in the URL")
    settle(page)
    context = browser.new_context()
    other = context.new_page()
    open_page(other, page.url)
    expect(other.get_by_role("spinbutton", name="Epochs")).to_have_value("4")
    assert standing(other) == standing(page)
    assert points(other) == points(page) == 5
    assert other.get_by_role("heading", level=4).all_inner_texts() == page.get_by_role("heading", level=4).all_inner_texts()
    context.close()


def test_it_can_be_paused_stepped_resumed_and_cancelled(page, server):
    comparison = small(0.001, 0.002, epochs=5000)
    open_page(page, address(server, comparison))
    button(page, "Run")
    until(page, lambda: epoch(page) > 0, "it is running", timeout_s=LONG_S)
    button(page, "Pause")
    until(page, lambda: ", paused" in standing(page), "it is paused")
    still(page, server, comparison)
    with store_of(server) as store:
        reached = int(store.progress(comparison).epochs_done / 4)
    until(page, lambda: epoch(page) == reached, "the page shows what came in after the pause")
    button(page, "Epoch")
    until(page, lambda: epoch(page) == reached + 1 and ", paused" in standing(page), "it went one epoch further and stopped there")
    button(page, "Resume")
    until(page, lambda: epoch(page) > reached + 1, "it goes on")
    button(page, "Cancel")
    until(page, lambda: state(server, comparison) == "cancelled", "it is cancelled")
    expect(page.get_by_role("button", name="Run", exact=True).first).to_be_enabled()
    expect(page.get_by_role("button", name="Cancel", exact=True)).to_be_disabled()
    assert_no_error(page)


def test_another_tab_sees_that_it_runs(page, context, server):
    comparison = small(0.007, 0.008, epochs=4)
    open_page(page, address(server, comparison))
    other = context.new_page()
    open_page(other, address(server, comparison))
    see(other, "4 runs, none stored yet")
    button(page, "Run")
    until(other, lambda: standing(other).startswith("All 4 runs stored"), "the other tab shows it", timeout_s=LONG_S)


def test_closing_the_tab_stops_no_training(page, context, server):
    comparison = small(0.005, 0.006, epochs=4)
    open_page(page, address(server, comparison))
    button(page, "Run")
    until(page, lambda: state(server, comparison) != "new", "it was asked for")
    page.close()
    other = context.new_page()
    until(other, lambda: state(server, comparison) == "finished", "it went on without the tab", timeout_s=LONG_S)
    open_page(other, address(server, comparison))
    assert standing(other) == "All 4 runs stored"


def test_a_variant_more_trains_only_that_variant(page, server):
    train(page, server, small())
    wider = small(0.001, 0.01, 0.1)
    open_page(page, address(server, wider))
    see(page, "6 runs, 4 stored, about ")
    assert points(page) == 4
    with store_of(server) as store:
        before = store.runs(small()).set_index("run")["seconds"]
    button(page, "Run")
    until(page, lambda: standing(page).startswith("All 6 runs stored"), "the missing runs are stored", timeout_s=LONG_S)
    with store_of(server) as store:
        after = store.runs(wider).set_index("run")["seconds"]
    assert after[before.index].equals(before), "runs that were stored have been trained again"


@pytest.mark.parametrize("tab", details.DRAWERS)
def test_a_click_on_a_tab_shows_it_and_names_it_in_the_url(page, server, tab):
    train(page, server, small())
    open_page(page, address(server, small(), tab="Activations" if tab == "Gradients" else "Gradients"))
    page.get_by_role("tab", name=tab).click()
    panel = page.get_by_role("tabpanel", name=tab)
    expect(panel.locator('[data-testid="stVegaLiteChart"] svg, [data-testid="stDataFrame"] canvas').first).to_be_visible()
    settle(page)
    assert ("compare.tab=" in page.url) == (tab != "Gradients"), "the first tab needs no mention"
    assert_no_error(page)


def test_a_run_that_diverges_is_shown_as_such_and_the_comparison_finishes(page, server):
    comparison = small(0.01, 1000.0, optimizer={"kind": "sgd", "momentum": 0.9}, data={"kind": "moons", "scale": "none"}, epochs=8)
    open_page(page, address(server, comparison))
    button(page, "Run")
    until(page, lambda: standing(page).startswith("All 4 runs stored"), "all runs are stored", timeout_s=LONG_S)
    with store_of(server) as store:
        diverged = store.progress(comparison).runs_diverged
    assert diverged > 0, "this test needs a run that diverges"
    assert standing(page) == f"All 4 runs stored · {diverged} diverged"
    see(page, f"diverged in {diverged} of 2 seeds")


def test_the_dashboard_itself_never_loads_torch(page, server):
    train(page, server, small())
    open_page(page, address(server, small(), tab="Boundary"))
    assert points(page) == 4
    assert not [region.path for region in server.process.memory_maps() if "libtorch" in region.path]
    assert workbench.standing(page) == "All 4 runs stored"
