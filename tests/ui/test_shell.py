"""The shell: every page in its table, in the navigation, and open to a cold deep link."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.ui import service, shell
from core.ui.shell import PAGES, Page

ROOT = Path(__file__).resolve().parents[2]
PATHS = [page.path for page in PAGES]


def test_every_page_is_in_the_table_once():
    assert sorted(PATHS) == sorted(f"pages/{file.name}" for file in (ROOT / "pages").glob("*.py"))
    assert len({page.title for page in PAGES}) == len(PAGES)


@pytest.mark.parametrize("path", ["dashboard.py", *PATHS])
def test_a_page_is_short_and_begins_with_the_shell(path: str):
    lines = (ROOT / path).read_text().splitlines()
    statements = [line for line in lines if line and not line.startswith((" ", "#", '"""', "from", "import", ")"))]
    assert statements[0].startswith("shell(")
    assert len(lines) <= 60
    assert "session_state" not in "\n".join(lines)


@pytest.mark.parametrize("path", PATHS)
def test_a_page_opens_cold(path: str):
    script = AppTest.from_file(ROOT / "dashboard.py", default_timeout=30).switch_page(path).run()
    assert not script.exception
    links = [link.proto.page for link in script.get("page_link")]
    assert links[0] == ""
    listed = [page for page in PAGES if page.listed]
    assert set(links[1 : len(listed) + 1]) == {Path(page.path).stem for page in listed}


def test_settings_in_a_cold_link_are_there():
    script = AppTest.from_file(ROOT / "dashboard.py", default_timeout=30).switch_page("pages/compare.py")
    script.query_params["compare.training.epochs"] = "7"
    assert script.run().number_input(key="compare.training.epochs").value == 7


def test_several_groups_stand_in_a_menu_each(monkeypatch: pytest.MonkeyPatch):
    also = Page("Compression", "Also", PATHS[0], ":material/compress:", "More.")
    monkeypatch.setattr(shell, "PAGES", (*(page for page in PAGES if page.group == "Lab"), also))
    script = AppTest.from_file(ROOT / "dashboard.py", default_timeout=30).run()
    menus = [menu.proto.popover.label for menu in script.get("popover")]
    assert menus == ["Lab", "Compression"]


def test_a_runner_that_cannot_start_is_said_and_the_page_goes_on(monkeypatch: pytest.MonkeyPatch):
    def fail() -> None:
        raise OSError("no more processes")

    monkeypatch.setattr(service, "ensure_runner", fail)
    script = AppTest.from_file(ROOT / "dashboard.py", default_timeout=30).run()
    assert not script.exception
    assert "no more processes" in script.error[0].value
    assert script.title
