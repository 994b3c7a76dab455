"""A link to a data set of OpenML: nothing is fetched before a click."""

from __future__ import annotations

import socket

import pytest
from streamlit.testing.v1 import AppTest

from core.data.sets import openml
from core.ui.form import links
from tests.data.test_data_openml import served  # noqa: F401  (a fixture)
from tests.sources import pages_that_import
from tests.ui.test_shell import ROOT

FORMS = pages_that_import("core.ui.form.forms")


def page_with(path: str, data_id: int = 7) -> AppTest:
    """A page opened cold by a link whose data are of OpenML, in the form that the page opens with."""
    script = AppTest.from_file(ROOT / "dashboard.py", default_timeout=60).switch_page(path)
    stem = path.removeprefix("pages/").removesuffix(".py")
    script.query_params[f"{stem}.data"] = "openml"
    script.query_params[f"{stem}.data.openml.data_id"] = str(data_id)
    return script.run()


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Whom this process tried to reach."""
    asked: list[object] = []

    def refused(*address: object, **_: object) -> None:
        asked.append(address)
        raise OSError("there is no network in this test")

    monkeypatch.setattr(socket, "getaddrinfo", refused)
    monkeypatch.setattr(socket.socket, "connect", refused)
    return asked


@pytest.mark.parametrize("path", FORMS)
def test_a_link_fetches_nothing_and_says_what_it_would_fetch(no_network: list[object], path: str):
    script = page_with(path)
    assert not script.exception
    assert not no_network
    assert any("OpenML data set 7 is not on this machine yet" in shown.value for shown in script.markdown)
    assert any("https://www.openml.org/d/7" in shown.value for shown in script.markdown)


def test_a_click_fetches_it_and_the_page_goes_on(served):  # noqa: F811
    script = page_with(links.COMPARE)
    assert not served.asked
    script.button(key="compare.download.openml.7").click().run()
    assert not script.exception
    assert "/data/v1/download/7/people.arff" in served.asked
    assert [title.value for title in script.title] == ["Compare"]  # and what else is wrong with the data, it says


def test_what_is_kept_is_not_asked_for_again(served, tmp_path):  # noqa: F811
    assert not openml.is_kept(7, tmp_path)
    openml.fetch(7, "", tmp_path)
    assert openml.is_kept(7, tmp_path)
    served.asked.clear()
    openml.fetch(7, "", tmp_path)
    assert not served.asked


@pytest.mark.parametrize("place", range(4))
def test_half_of_a_download_is_no_download(served, tmp_path, place: int):  # noqa: F811
    openml.fetch(7, "", tmp_path)
    kept = sorted(tmp_path.rglob("*.gz"))
    assert len(kept) == 4
    kept[place].unlink()
    assert not openml.is_kept(7, tmp_path)


def test_a_data_set_that_cannot_be_had_is_explained(served):  # noqa: F811
    script = page_with(links.COMPARE, 8)
    script.button(key="compare.download.openml.8").click().run()
    assert not script.exception
    assert "8 not found" in script.error[0].value
