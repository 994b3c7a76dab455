"""The questions' pages: nothing of an answer before the guess, the guess is kept, and the answer is what was measured."""

from __future__ import annotations

import pyarrow as pa
import pytest

from core.questions import measuring
from core.questions.catalogue import questions
from core.runs import labs
from core.runs.computing.executors import InlineExecutor
from core.runs.store import guesses
from core.runs.store.database import Database
from core.ui.markdown import escaped
from tests.pages.conftest import assert_no_error, texts

ONE, ALL = "pages/question.py", "pages/questions.py"
SMALL = "28"


@pytest.fixture
def measured(store, monkeypatch):
    """A store in which a question is measured, with two seeds and two epochs."""
    question = questions()[SMALL]
    for comparison in question.comparisons.values():
        quick = comparison.base.training.model_copy(update={"epochs": 1})
        small = comparison.model_copy(update={"base": comparison.base.model_copy(update={"training": quick}), "seeds": 2})
        small = type(comparison).load({"base": small.base, "variants": [v.model_dump() for v in comparison.variants], "seeds": 2})
        monkeypatch.setitem(question.experiments, next(iter(question.experiments)), small)
    assert not measuring.measure([question], store, InlineExecutor())
    return question


@pytest.mark.parametrize("question", questions().values(), ids=lambda question: question.id)
def test_nothing_of_the_answer_is_seen_before_the_guess(open_page, store, question):
    app = open_page(ONE, {"q": question.id})
    said = texts(app)
    assert question.answer not in said
    assert question.usual not in said or not question.usual
    for option in question.options:
        assert option.why not in said
    assert [option.split("**")[-1].strip() for option in app.radio[0].options] == [escaped(option.text) for option in question.options]
    assert [button.label for button in app.button if button.label == "See what happens" and button.disabled]


def test_a_guess_is_kept_judged_and_starts_the_experiment(open_page, store):
    question = questions()[SMALL]
    app = open_page(ONE, {"q": SMALL})
    wrong = next(place for place, option in enumerate(question.options) if not option.right)
    app.radio[0].set_value(wrong).run()
    next(button for button in app.button if button.label == "See what happens").click().run()
    assert_no_error(app)
    assert guesses.known(store) == {SMALL: wrong}
    assert question.options[wrong].text in app.warning[0].value.replace("\\", "")
    assert measuring.progress(question, store).active
    assert question.answer in texts(app)


def test_show_me_shows_without_judging(open_page, store):
    app = open_page(ONE, {"q": SMALL})
    next(button for button in app.button if button.label == "Show me without guessing").click().run()
    assert guesses.known(store) == {SMALL: guesses.SHOWN}
    assert not app.warning
    assert questions()[SMALL].right.text in app.info[0].value.replace("\\", "")


def test_what_was_measured_is_the_answer(open_page, store, measured):
    guesses.keep(store, SMALL, measured.options.index(measured.right))
    app = open_page(ONE, {"q": SMALL})
    row = measuring.rows([measured], store)[SMALL]
    said = texts(app).replace("\\", "")
    assert row["headline"] in said
    assert all(part["claim"][1:] in said for part in row["parts"])
    assert len(app.get("vega_lite_chart")) == 1
    assert app.success


def test_an_unknown_question_is_said_and_another_shown(open_page, store):
    app = open_page(ONE, {"q": "<b>99"})
    assert "no question" in app.warning[0].value
    assert app.radio


def test_the_catalogue_has_all_and_finds_by_words(open_page, store, measured):
    guesses.keep(store, SMALL, 0)
    app = open_page(ALL)
    linked = [link.proto.label.replace("\\", "") for link in app.get("page_link")]
    for question in questions().values():
        assert f"**{question.text}**" in linked
    assert measuring.rows([measured], store)[SMALL]["headline"] in texts(app).replace("\\", "")
    app.text_input[0].set_value("dead relu").run()
    assert [question.text for question in questions().values() if f"**{question.text}**" in shown(app)] == [measured.text]
    app.text_input[0].set_value("no such words").run()
    assert "No question has these words" in app.info[0].value


def shown(app):
    return [link.proto.label.replace("\\", "") for link in app.get("page_link")]


def test_run_all_asks_for_everything_and_pause_holds_it(open_page, store):
    app = open_page(ALL)
    next(button for button in app.button if button.label == "Run all").click().run()
    assert all(measuring.progress(question, store).active for question in questions().values())
    next(button for button in app.button if button.label == "Pause").click().run()
    waiting = [lab.key for question in questions().values() for lab in question.labs.values()]
    assert {found.state for found in labs.standing(store, waiting).values()} <= {"paused"}
    assert_no_error(app)


@pytest.mark.parametrize("question", questions().values(), ids=lambda question: question.id)
def test_after_the_guess_there_is_a_link_to_go_on_with(open_page, store, question):
    def onwards(app):
        return [link.proto.page for link in app.get("page_link") if link.proto.label.startswith(("Open ", "Try a variation"))]

    assert not onwards(open_page(ONE, {"q": question.id}))
    guesses.keep(store, question.id, 0)
    found = onwards(open_page(ONE, {"q": question.id}))
    assert len(found) == bool(question.page) + (bool(question.comparisons) or not question.page)


def test_the_guess_stands_in_the_picture(open_page, store, measured):
    wrong = next(place for place, option in enumerate(measured.options) if not option.right)
    guesses.keep(store, SMALL, wrong)
    chart = open_page(ONE, {"q": SMALL}).get("vega_lite_chart")[0].proto
    told = [pa.ipc.open_stream(data.data.data).read_pandas() for data in chart.datasets]
    marks = [frame for frame in told if "guess_x" in frame]
    assert marks[0].to_dict("records") == [{"guess_x": 10, "guess_y": 0.0, "said": "your guess: ReLU, rate 0.1"}]
    guesses.keep(store, SMALL, guesses.SHOWN)
    chart = open_page(ONE, {"q": SMALL}).get("vega_lite_chart")[0].proto
    assert "guess" not in chart.spec


def test_the_catalogue_asks_for_the_progress_of_all_at_once(store, monkeypatch):
    read = []
    original = Database.reading
    monkeypatch.setattr(Database, "reading", lambda database: read.append(database) or original(database))
    known = list(questions().values())
    counts = []
    for asked in (known[:2], known):
        read.clear()
        found = measuring.standings(asked, store)
        counts.append(len(read))
        assert list(found) == [question.id for question in asked]
    assert counts[0] == counts[1], "as often for all as for two"
