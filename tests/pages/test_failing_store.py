"""Pages on a store that fails: a sentence in the place of what cannot be drawn, without SQL, and on they go when it answers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection
from streamlit.testing.v1 import AppTest

from core.runs.store.database import Database, StoreLostError
from core.ui.form import links
from core.ui.shell import HOME
from tests.pages.conftest import TITLES, assert_no_error, small
from tests.runs.store.test_failing_stores import damage, set_meta, settled

LOST = "the store does not answer just now: the database system is shutting down."


@contextmanager
def refuse(_database: Database) -> Iterator[Connection]:
    raise StoreLostError(LOST)
    yield


def told(app: AppTest) -> str:
    """What the page says went wrong; it says so in its own words."""
    assert not app.exception, [shown.value for shown in app.exception]
    said = "\n".join(shown.value for shown in app.error).replace("\\", "")
    assert not [word for word in ("SELECT", "sqlalche", "nothing that was stored is lost") if word in said], said
    return said


@pytest.mark.parametrize("path", TITLES)
def test_a_page_says_that_its_store_does_not_answer_and_goes_on_when_it_does(open_page, filled, monkeypatch, path):
    with monkeypatch.context() as failing:
        failing.setattr(Database, "reading", refuse)
        app = open_page(path, errors=True)
        assert LOST in told(app)
    app.run()
    assert_no_error(app)


@pytest.mark.parametrize("path", [HOME, links.COMPARE, "pages/runs.py"])
def test_a_page_says_that_a_number_of_its_store_is_none(open_page, filled, home: Path, path):
    filled.close()
    set_meta(home / "tandem.db", "schema", "abc")
    set_meta(home / "tandem.db", "layout", "another, so that the version is looked at")
    assert "meta.schema" in told(open_page(path, errors=True))


@pytest.mark.parametrize("table", ["runs", "history", "layers", "comparisons"])
def test_the_workbench_says_that_a_table_is_damaged(open_page, filled, home: Path, table):
    filled.close()
    settled(home / "tandem.db")
    damage(home / "tandem.db", table)
    assert "malformed" in told(open_page(links.COMPARE, links.query_for("compare", small()), errors=True))


def test_a_click_on_a_full_store_says_so_and_stores_nothing(open_page, store, home: Path):
    app = open_page(links.COMPARE)
    with closing(sqlite3.connect(home / "tandem.db")) as connection:
        connection.execute("CREATE TRIGGER full BEFORE INSERT ON comparisons BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END")
    app.button(key="compare.do.run").click().run()
    assert "database or disk is full" in told(app)
    assert store.count() == 0
