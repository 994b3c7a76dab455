"""The history as a user works it."""

from __future__ import annotations

import zipfile
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.browser.content import assert_no_error, open_page, see, until
from tests.browser.workbench import points, small, standing, store_of, train

HOSTILE = "**b** ![](http://127.0.0.1:9/i.png) <img src=x onerror=alert(1)>"
NAME_LENGTH = 80  # letters that a name may have


@pytest.fixture
def comparison(page, server, request):
    """A comparison of this test alone, trained, and named after the test."""
    made = small(0.0011 + 1e-5 * (sum(map(ord, request.node.name)) % 997), epochs=2, seeds=1)
    train(page, server, made)
    with store_of(server) as store:
        store.rename(made.id, request.node.name)
    return made


def row_of(page, comparison):
    return page.locator(f".st-key-runs-{comparison.id}-row")


def open_history(page, server, search=""):
    open_page(page, f"{server.url}/runs?{urlencode({'runs.search': search})}")


def test_a_comparison_is_found_by_its_name_and_opened(page, server, comparison, request):
    open_history(page, server)
    page.get_by_role("textbox", name="Search").fill(request.node.name)
    page.get_by_role("textbox", name="Search").press("Enter")
    until(page, lambda: f"runs.search={request.node.name}" in page.url, "the search is in the URL")
    expect(page.get_by_text("1 of 1 runs")).to_have_count(1)
    row_of(page, comparison).get_by_role("link").click()
    see(page, "All 1 run stored")
    assert standing(page) == "All 1 run stored"
    until(page, lambda: points(page) == 3, "its curve is drawn")


def test_names_and_notes_stay_as_written(page, server, comparison, request):
    name = f"{HOSTILE} {request.node.name}"[:NAME_LENGTH]
    open_history(page, server, request.node.name)
    row_of(page, comparison).get_by_role("button", name="Edit").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill(name)
    dialog.get_by_label("Note").fill(HOSTILE)
    dialog.get_by_label("Note").blur()
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    open_history(page, server, HOSTILE[:10])
    see(page, name)
    with store_of(server) as store:
        found = store.comparisons(search=comparison.id).iloc[0]
    assert (found["name"], found["note"]) == (name, HOSTILE)
    assert page.get_by_test_id("stMain").locator("img").count() == 0
    assert_no_error(page)


def test_deleting_can_be_called_off_or_confirmed(page, server, comparison, request):
    open_history(page, server, request.node.name)
    for answer, left in (("Keep it", 1), ("Delete", 0)):
        row_of(page, comparison).get_by_role("button", name="Delete").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("1 run that only this comparison uses will be deleted")
        dialog.get_by_role("button", name=answer, exact=True).click()
        expect(dialog).to_have_count(0)
        expect(row_of(page, comparison)).to_have_count(left)
        with store_of(server) as store:
            assert store.count(request.node.name) == left
    see(page, "No comparison matches")


def test_an_export_holds_everything(page, server, comparison, request, tmp_path):
    open_history(page, server, request.node.name)
    with page.expect_download() as found:
        row_of(page, comparison).get_by_role("button", name="Export").click()
    found.value.save_as(tmp_path / "export.zip")
    with zipfile.ZipFile(tmp_path / "export.zip") as archive:
        assert sorted(archive.namelist()) == ["comparison.toml", "history.csv", "layers.csv", "runs.csv", "summary.csv"]
        assert archive.read("history.csv").count(b"\n") == 1 + 3
