"""The questions' pages: nothing of an answer before the guess, the guess is kept, and the answer is what was measured."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from urllib.parse import parse_qs

import pytest

from core.questions import measuring
from core.questions.catalogue import comparison_ids, questions
from core.questions.measuring import Standing
from core.runs import labs
from core.runs.computing.executors import InlineExecutor
from core.runs.store import guesses, schema
from core.runs.store.database import Database
from core.ui.markdown import escaped
from core.ui.pages.questions import answer, catalogue
from tests.pages.conftest import assert_no_error, texts

ONE, ALL = "pages/question.py", "pages/questions.py"
SMALL = "28"


@pytest.fixture
def measured(store, monkeypatch):
    """A store in which a question is measured, with two seeds and two epochs."""
    comparison_ids()  # of the questions as they are: kept for the lists that leave them out
    question = questions()[SMALL]
    for name, comparison in question.comparisons.items():
        quick = comparison.base.training.model_copy(update={"epochs": 1})
        small = comparison.model_copy(update={"base": comparison.base.model_copy(update={"training": quick}), "seeds": 2})
        small = type(comparison).load({"base": small.base, "variants": [v.model_dump() for v in comparison.variants], "seeds": 2})
        monkeypatch.setitem(question.experiments, name, small)
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


def guessed(app, place):
    app.radio[0].set_value(place).run()
    press(app, "See what happens")
    assert_no_error(app)


def press(app, label):
    next(button for button in app.button if button.label == label).click().run()


def wrong_of(question):
    return next(place for place, option in enumerate(question.options) if not option.right)


def assert_nothing_is_given_away(app, question):
    said = texts(app)
    assert question.answer not in said
    for option in question.options:
        assert escaped(option.why) not in said, option.text
    assert not app.success
    assert not app.warning


@pytest.mark.parametrize("question", questions().values(), ids=lambda question: question.id)
def test_a_guess_is_kept_and_starts_the_experiment_and_is_judged_when_that_is_measured(open_page, store, question):
    app = open_page(ONE, {"q": question.id})
    guessed(app, wrong_of(question))
    assert guesses.known(store) == {question.id: wrong_of(question)}
    assert measuring.progress(question, store).active
    assert escaped(question.options[wrong_of(question)].text) in app.info[0].value
    assert_nothing_is_given_away(app, question)
    assert all(escaped(option.text) in texts(app) for option in question.options)
    assert app.get("progress")[0].proto.text == "Measuring: the first part is running."


def test_the_answer_is_shown_at_once_to_who_asks_for_it(open_page, store):
    question = questions()[SMALL]
    app = open_page(ONE, {"q": SMALL})
    guessed(app, wrong_of(question))
    next(toggle for toggle in app.toggle if toggle.label == "Show the answer now").set_value(True).run()
    assert escaped(question.right.text) in app.warning[0].value
    assert question.answer in texts(app)


def test_where_it_cannot_be_measured_the_answer_is_shown(open_page, store):
    question = questions()["24"]
    app = open_page(ONE, {"q": question.id})
    guessed(app, question.options.index(question.right))
    assert_nothing_is_given_away(app, question)
    with store.database.writing() as connection:
        for lab in question.labs.values():
            labs.fail(connection, lab.key, "too little memory")
    app.run()
    assert "too little memory" in app.error[0].value
    assert app.success
    assert question.answer in texts(app)


def test_what_is_measured_before_is_said(open_page, store):
    first, second = questions()["24"], questions()["19"]
    measuring.ask([first], store)
    app = open_page(ONE, {"q": second.id})
    guessed(app, 0)
    others = len(first.experiments)
    assert app.get("progress")[0].proto.text == f"Waiting: {others} other experiments are running or were requested before."


def test_show_me_shows_without_judging(open_page, store):
    app = open_page(ONE, {"q": SMALL})
    press(app, "Show me without guessing")
    assert guesses.known(store) == {SMALL: guesses.SHOWN}
    assert not app.warning
    assert questions()[SMALL].right.text in app.info[0].value.replace("\\", "")


def test_the_address_says_which_question_is_shown(open_page, store):
    app = open_page(ONE)
    assert app.query_params["q"] == next(iter(questions()))
    app.switch_page(ALL).run()
    app = app.switch_page(ONE)
    app.query_params["q"] = "19"
    app.run()
    assert [title.value for title in app.title] == [questions()["19"].text]
    app.switch_page(ALL).run()
    app.switch_page(ONE).run()
    assert app.query_params["q"] == "19", "without a number it is the one that was seen last"
    assert [title.value for title in app.title] == [questions()["19"].text]


def test_an_interview_asks_first_what_was_never_answered_then_what_was_wrong(open_page, store):
    known = list(questions().values())
    for question in known[1:]:
        guesses.keep(store, question.id, question.options.index(question.right) if question is not known[5] else wrong_of(question))
    query = linked(open_page(ALL), "Interview me")
    assert query["q"] == [known[0].id]
    query["interview"] = [str(int(query["interview"][0]) + 2)]  # what was guessed by this test so far was guessed before it
    app = open_page(ONE, query)
    assert f"Question 1 of {len(known)} in this interview, chosen because you have not answered it." in texts(app)
    after = linked(app, "Next question")
    assert after == {"q": [known[5].id], "interview": query["interview"]}
    app = open_page(ONE, after)
    assert "chosen because your last answer was wrong." in texts(app)
    assert app.radio, "it is asked anew"
    later = int(query["interview"][0]) + 1
    guesses.keep(store, known[0].id, 0)
    with store.database.writing() as connection:
        connection.execute(schema.guesses.update().where(schema.guesses.c.question != known[5].id).values(at=later))
    app = open_page(ONE, after)
    assert f"Question {len(known)} of {len(known)} in this interview" in texts(app)
    assert "End of the interview" in shown(app)


def linked(app, label):
    link = next(link for link in app.get("page_link") if link.proto.label == label)
    return parse_qs(link.proto.query_string)


def test_what_was_measured_is_the_answer(open_page, store, measured):
    guesses.keep(store, SMALL, measured.options.index(measured.right))
    app = open_page(ONE, {"q": SMALL})
    row = measuring.rows([measured], store)[SMALL]
    said = texts(app).replace("\\", "")
    assert row["headline"] in said
    assert all(part["claim"][1:] in said for part in row["parts"])
    assert "95 % interval" in said
    assert len(app.get("vega_lite_chart")) == 1 + len(measured.figures) > 1
    assert all(figure.said in said for figure in measured.figures)
    assert app.success


def test_an_unknown_question_is_said_and_another_shown(open_page, store):
    app = open_page(ONE, {"q": "<b>99"})
    assert "no question" in app.warning[0].value
    assert app.radio


def test_the_catalogue_has_all_and_finds_by_words(open_page, store, measured):
    headline = measuring.rows([measured], store)[SMALL]["headline"]
    app = open_page(ALL)
    assert headline not in texts(app).replace("\\", ""), "before the guess"
    assert not app.get("progress")
    assert [button.label for button in app.button] == ["Measure all"]
    assert badges(app) == Counter({"guess first": len(questions()), "not run yet": len(questions()) - 1, "measured": 1})
    guesses.keep(store, SMALL, 0)
    app.run()
    assert f"You predicted A: {measured.options[0].text}." in texts(app).replace("\\", "")
    assert badges(app)["not as expected"] == (not measured.options[0].right)
    labels = shown(app)
    for question in questions().values():
        assert f"{question.id} **{question.text}**" in labels
    assert headline in texts(app).replace("\\", "")
    app.text_input[0].set_value("dead relu").run()
    assert [question.text for question in questions().values() if f"{question.id} **{question.text}**" in shown(app)] == [measured.text]
    app.text_input[0].set_value("25").run()
    assert [label for label in shown(app) if "**" in label][1:] == [f"25 **{questions()['25'].text}**"]
    app.text_input[0].set_value("no such words").run()
    assert "No question contains these words" in app.info[0].value


def badges(app):
    """How often each badge is on the cards: Streamlit writes one as Markdown, with its icon before the words."""
    found = re.findall(r":\w+-badge\[(?::material/\w+: )?([^\]]+)\]", "\n".join(element.value for element in app.markdown))
    return Counter(found)


def shown(app):
    return [link.proto.label.replace("\\", "") for link in app.get("page_link")]


def test_run_all_asks_for_everything_and_pause_holds_it(open_page, store, monkeypatch):
    number, computed = len(questions()), questions()["24"]
    measuring.ask([computed], store)
    measuring.pause([computed], store)
    looks = []
    original = measuring.standings
    monkeypatch.setattr(measuring, "standings", lambda things, store: looks.append(things) or original(things, store))
    app = open_page(ALL)
    looks.clear()
    app.run()
    assert len(looks) == 1, "a drawing asks once how far all questions are"
    assert app.get("progress")[0].proto.text == f"Measuring is paused; 0 of {number} questions are measured."
    paused = [each for each in original(list(questions().values()), store).values() if each.paused]
    assert badges(app)["paused at 0\u202f%"] == len(paused) >= 1, "a question may share what is measured with another"
    press(app, "Continue measuring")
    assert all(measuring.progress(question, store).active for question in questions().values())
    assert app.get("progress")[0].proto.text == f"Measuring {number} questions; 0 of {number} questions are measured."
    assert badges(app)["waiting to be measured"] == number
    press(app, "Pause measuring")
    waiting = [lab.key for question in questions().values() for lab in question.labs.values()]
    assert {found.state for found in labs.standing(store, waiting).values()} <= {"paused"}
    assert_no_error(app)


@pytest.mark.parametrize(
    ("standing", "words"),
    [
        (Standing(1.0, active=False, paused=False, problem=""), "measured"),
        (Standing(0.4, active=True, paused=False, problem="it broke"), "measuring 40\u202f%"),
        (Standing(0.4, active=False, paused=True, problem=""), "paused at 40\u202f%"),
        (Standing(0.4, active=False, paused=False, problem="it broke"), "could not be measured"),
        (Standing(0.0, active=False, paused=False, problem=""), "not run yet"),
    ],
)
def test_how_far_a_question_is_gives_nothing_of_its_answer_away(standing, words):
    assert catalogue.state(standing) == words


@pytest.mark.parametrize("question", questions().values(), ids=lambda question: question.id)
def test_after_the_guess_there_is_a_link_to_go_on_with(open_page, store, question):
    def onwards(app):
        return [link.proto.page for link in app.get("page_link") if link.proto.label.startswith(("Open ", "Try a variation"))]

    assert not onwards(open_page(ONE, {"q": question.id}))
    guesses.keep(store, question.id, 0)
    found = onwards(open_page(ONE, {"q": question.id}))
    assert len(found) == bool(question.page) + (bool(question.comparisons) or not question.page)


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


def test_the_workbench_says_which_question_led_to_it(open_page, store):
    question = questions()["25"]
    guesses.keep(store, "25", guesses.SHOWN)
    query = linked(open_page(ONE, {"q": "25"}), f"**{question.turns[0].change}**")
    app = open_page("pages/compare.py", query)
    assert f"From question 25: **{question.turns[0].change}" in texts(app).replace("\\", "")
    assert linked(app, "Back to the question") == {"q": ["25"]}
    whole = open_page("pages/compare.py", linked(open_page(ONE, {"q": "25"}), "Open in the workbench"))
    assert question.text in texts(whole).replace("\\", "")


@pytest.mark.parametrize("name", ["", "99", "25.9", "25.x", "<b>"])
def test_a_question_that_is_none_leaves_the_workbench_as_it_is(open_page, store, name):
    app = open_page("pages/compare.py", {"from": name})
    assert ("From question 25" in texts(app)) == name.startswith("25")


@pytest.mark.parametrize("question", [each for each in questions().values() if each.labs], ids=lambda question: question.id)
def test_what_a_lab_computes_is_said_in_sentences_and_with_all_its_arguments(question):
    for lab in question.labs.values():
        said = answer.setup(lab)
        assert re.search(r"[a-z]\.", said), said
        assert not re.search(r"Shapes:|Sources?:|Torch is imported", said)
        assert all(f"{name}=" in answer.told(lab) for name in inspect.signature(lab.function).parameters)
