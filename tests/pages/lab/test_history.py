"""The history: finding, naming, deleting, exporting."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.questions.catalogue import questions
from core.runs.store import ledger
from core.ui.shell import HOME
from tests.pages.conftest import ROOT, assert_no_error, small, texts

PAGE = "pages/runs.py"
HOSTILE = "![](http://127.0.0.1:9/i.png) **b** <script>"


def names(app) -> list[str]:
    """The names of the rows, in order."""
    return [link.proto.label.replace("\\", "").strip("*") for link in app.get("page_link") if "compare.open" in link.proto.query_string]


@pytest.fixture
def several(store):
    """Twelve comparisons, the last of them failed; returns their ids, the newest first."""
    ids = [store.request(small(rate), "run", name=f"number {n}") for n, rate in enumerate([0.001 * (n + 1) for n in range(12)])]
    with store.database.writing() as connection:
        ledger.end(connection, ids[-1], "failed", "the data cannot be read")
    return ids[::-1]


def test_an_empty_store_says_so_and_leads_to_the_workbench(open_page, store):
    app = open_page(PAGE)
    assert "Nothing has been compared yet" in texts(app)


def test_a_row_says_what_it_is_and_opens_it(open_page, filled):
    app = open_page(PAGE)
    assert names(app) == [filled.comparisons().iloc[0]["name"]]
    assert "2 variants · 6 runs" in texts(app)
    assert "6 of 6 runs" in texts(app)
    link = next(link for link in app.get("page_link") if "compare.open" in link.proto.query_string)
    assert small().id in link.proto.query_string


def test_rows_come_newest_first_in_pages_of_ten(open_page, several):
    app = open_page(PAGE)
    assert names(app) == [f"number {n}" for n in range(11, 1, -1)]
    app = open_page(PAGE, {"runs.page": "2"})
    assert names(app) == ["number 1", "number 0"]


def test_a_search_that_leaves_fewer_pages_shows_its_last(open_page, several):
    app = open_page(PAGE, {"runs.page": "2", "runs.search": "number 1"})
    assert names(app) == ["number 11", "number 10", "number 1"]


def test_search_and_state_narrow_the_list(open_page, store, several):
    store.note(several[3], "for the Tuesday lecture")
    assert names(open_page(PAGE, {"runs.search": "tuesday"})) == ["number 8"]
    app = open_page(PAGE, {"runs.state": "failed"})
    assert names(app) == ["number 11"]
    assert "the data cannot be read" in texts(app).replace("\\", "")
    assert "No comparison matches" in texts(open_page(PAGE, {"runs.search": "%_"}))


def test_names_and_notes_stay_as_they_were_written(open_page, filled):
    filled.rename(small().id, HOSTILE)
    filled.note(small().id, f"note {HOSTILE}")
    app = open_page(PAGE)
    assert names(app) == [HOSTILE]
    assert [text.value for text in app.text] == [f"note {HOSTILE}"]
    app.button(key=f"runs.{small().id}.edit").click().run()
    assert app.text_input(key="runs.new_name").value == HOSTILE
    assert app.text_area(key="runs.new_note").value == f"note {HOSTILE}"


def test_deleting_asks_first_and_says_what_goes(open_page, filled):
    filled.request(small(0.01, 0.1), "run")
    row = f"runs.{small().id}"
    app = open_page(PAGE)
    app.button(key=f"{row}.delete").click().run()
    assert "3 runs that only this comparison uses will be deleted" in texts(app)
    assert "3 runs that other comparisons also use will stay" in texts(app)
    assert filled.count() == 2, "not before it was confirmed"


def test_a_comparison_that_another_version_made_is_named_and_can_be_deleted(open_page, filled):
    from sqlalchemy import update

    from core.runs.store.schema import comparisons

    with filled.database.writing() as connection:
        connection.execute(update(comparisons).values(spec='{"base": {"gone": 1}}'))
    app = open_page(PAGE)
    assert "made by another version" in texts(app)
    app.button(key=f"runs.{small().id}.delete").click().run()
    assert_no_error(app)
    assert "6 runs that only this comparison uses" in texts(app)


@pytest.fixture
def asked_by_a_question(store):
    """A comparison of a question, newer than one of the reader's own; the first is given."""
    store.request(small(), "run", name="mine")
    comparison = next(iter(questions()["28"].comparisons.values()))
    store.request(comparison, "run", name="of a question")
    return comparison


def test_comparisons_of_questions_are_hidden_until_asked_for(open_page, asked_by_a_question):
    app = open_page(PAGE)
    assert names(app) == ["mine"]
    app.toggle(key="runs.questions").set_value(True).run()
    assert names(app) == ["of a question", "mine"]
    assert names(open_page(PAGE, {"runs.questions": "true", "runs.search": "question"})) == ["of a question"]


def test_where_only_those_of_questions_match_it_says_that_they_are_hidden(open_page, asked_by_a_question):
    assert "Those of questions are hidden" in texts(open_page(PAGE, {"runs.search": "of a question"}))


def test_homes_recent_list_leaves_them_out(open_page, asked_by_a_question):
    app = AppTest.from_file(str(ROOT / HOME), default_timeout=60).run()
    assert_no_error(app)
    shown = [link.proto.label.replace("\\", "").strip("*") for link in app.get("page_link")]
    assert "mine" in shown
    assert "of a question" not in shown


def test_a_store_with_those_of_questions_alone_says_so(open_page, store):
    store.request(next(iter(questions()["28"].comparisons.values())), "run")
    assert "No comparison of your own yet" in texts(open_page(PAGE))
