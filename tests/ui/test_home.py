"""The home page."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.comparison import Comparison
from core.experiments import home as offered
from core.runs.store import Store
from core.settings import SettingsError
from core.ui import service
from core.ui.form import links
from core.ui.pages.home import home
from core.ui.results import standing
from core.ui.shell import PAGES

ROOT = Path(__file__).resolve().parents[2]


def dashboard() -> AppTest:
    return AppTest.from_file(ROOT / "dashboard.py", default_timeout=20).run()


def labels(script: AppTest) -> list[str]:
    return [link.proto.label.replace("\\", "").strip("*") for link in script.get("page_link")]


@pytest.fixture
def store() -> Store:
    return service.store()


def test_it_says_what_this_is_and_offers_a_comparison():
    script = dashboard()
    assert not script.exception
    assert script.title[0].value == "See what each training choice does"
    assert {experiment.title for experiment in offered.EXPERIMENTS} <= set(labels(script))
    assert any("None yet" in caption.value for caption in script.caption)
    assert {page.about for page in PAGES if page.listed} <= {caption.value for caption in script.caption}


def test_one_click_asks_for_the_comparison_and_opens_it(store: Store):
    script = dashboard()
    script.button(key="home.start").click().run()
    assert store.progress(offered.DEFAULT.id).pending == "run"
    assert store.comparison(offered.DEFAULT.id) == offered.DEFAULT


def test_recent_comparisons_are_links_with_their_standing(store: Store):
    store.request(offered.EXPERIMENTS[0].comparison, "run", name="**mine** ![x](http://example.org/x.png)")
    script = dashboard()
    assert "**mine** ![x](http://example.org/x.png)".strip("*") in labels(script)
    found = next(link for link in script.get("page_link") if "mine" in link.proto.label)
    assert links.query_for("compare", offered.EXPERIMENTS[0].comparison)["compare.open"] in found.proto.query_string
    assert "\\!\\[x\\]" in found.proto.label, "a name must not load a picture"
    assert any(f"0 of {len(offered.EXPERIMENTS[0].comparison.runs())} runs" in caption.value for caption in script.caption)


def test_a_pasted_file_opens_and_a_bad_one_is_explained():
    script = dashboard()
    script.text_area(key="home.toml").set_value("seeds = 2\n[vary]\noptimizer = ['sgd', 'adm']").run()
    script.button(key="home.open").click().run()
    assert not script.exception
    assert "adm" in script.error[0].value
    assert script.error[0].proto.title == "This file is not a comparison"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seeds = ", "not TOML"),
        ("seeds = 'x'", "seeds"),
        ("[vary]\n'optimizer.speed' = [1]", "optimizer.speed: no such setting"),
        ("[base.data]\nkind = 'table'\npath = '/etc/passwd'\ntarget = 'x'", "opens no file by its path"),
    ],
)
def test_text_that_is_no_comparison_is_refused(text: str, said: str):
    with pytest.raises(SettingsError, match=said):
        home.from_text(text)


def test_an_exported_comparison_opens():
    for experiment in offered.EXPERIMENTS:
        assert home.from_text(experiment.comparison.to_toml()).id == experiment.comparison.id
    assert home.from_text("") == Comparison()


@pytest.mark.parametrize(("seconds", "words"), [(5, "just now"), (61, "1 minute ago"), (7300, "2 hours ago"), (90_000, "1 day ago")])
def test_times_are_in_words(seconds: int, words: str):
    assert standing.ago(pd.Timestamp.now(tz="UTC") - pd.Timedelta(seconds=seconds)) == words


def test_the_dashboard_imports_nothing_heavy_and_an_empty_home_page_no_question():
    code = """
import sys
from streamlit.testing.v1 import AppTest
from core.runs import child
import core.ui.form.forms
child.ensure_runner = lambda configuration: None
script = AppTest.from_file("dashboard.py", default_timeout=60).run()
assert not script.exception and script.title[0].value
heavy = {"torch", "sklearn", "scipy", "mnist1d", "core.questions.catalogue"} & set(sys.modules)
sys.exit(str(heavy) if heavy else 0)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
