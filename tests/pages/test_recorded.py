"""What pages show before anything was trained here: results that come with Tandem."""

from __future__ import annotations

import pytest

from core.comparison import Comparison
from core.experiments.catalogue import experiments
from core.runs.compare import compare
from core.runs.store import Store
from core.ui.results.live import Reader
from core.ui.shell import PAGES
from tests.pages.conftest import Open, small
from tests.runs.test_recorded import smallest

GUESSED = {"mistakes"}
"""Pages on which one guesses first."""
BEGIN = {f"pages/{each.page}.py" for each in experiments().values() if isinstance(each.subject, Comparison) and each.page not in GUESSED}
"""Pages that train a comparison; tabs of a page have names of their own."""


@pytest.fixture(autouse=True)
def shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TANDEM_RECORDED")


def test_own_results_go_before_recorded_ones(store: Store):
    comparison = smallest()
    reader = Reader(store, comparison)
    before = reader.latest()
    assert before.recorded is not None
    assert before.missing == 0
    compare(comparison, store=store, progress=False)
    after = reader.latest()
    assert after.recorded is None
    assert not after.empty


def test_recorded_results_stand_back_while_anything_is_asked_for(store: Store):
    comparison = smallest()
    reader = Reader(store, comparison)
    assert reader.latest().once("thing", lambda: "of what was recorded") == "of what was recorded"
    store.request(comparison, "run")
    asked = reader.latest()
    assert asked.recorded is None
    assert asked.empty
    assert asked.once("thing", lambda: "of what is here") == "of what is here"


def test_a_comparison_of_ones_own_has_no_recorded_results(store: Store):
    results = Reader(store, small()).latest()
    assert results.recorded is None
    assert results.empty


@pytest.mark.parametrize("page", [page for page in PAGES if page.path in BEGIN], ids=lambda page: page.title)
def test_a_page_opens_on_recorded_results_and_offers_to_train_them_here(open_page: Open, page):
    app = open_page(page.path)
    name = page.path.removeprefix("pages/").removesuffix(".py")
    said = [bar.proto.text for bar in app.get("progress")]
    assert any(text.startswith("Results recorded on") for text in said)
    assert not app.button(key=f"{name}.do.run").disabled
    assert app.get("vega_lite_chart")
    assert not any("Nothing has been trained" in text.value for text in app.markdown)
