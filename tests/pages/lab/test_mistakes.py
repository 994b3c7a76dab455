"""The page of mistakes: names are hidden until asked for, guesses are counted, and letters give nothing away."""

from __future__ import annotations

import pytest

from core.experiments.mistakes import HEALTHY, MISTAKES, SEEDS, START
from core.runs.compare import compare
from core.settings import RunSettings
from core.ui.pages.mistakes.hidden import Hidden, code_of, seen_of, title_of
from tests.pages.conftest import assert_no_error, texts

PAGE = "pages/mistakes.py"
SMALL = {"mistakes.training.epochs": "2", "mistakes.model.mlp.hidden": "6"}


def hidden(number=1):
    """What the page deals by the link `SMALL`."""
    plain = START.model_dump()
    plain["training"]["epochs"] = 2
    plain["model"]["hidden"] = [6]
    return Hidden(RunSettings.model_validate(plain), number)


@pytest.fixture
def trained_here(store):
    compare(hidden().comparison, store=store, progress=False)
    return store


# What is dealt


def test_every_mistake_is_behind_a_letter_once_with_the_settings_that_the_page_opens_with():
    dealt = Hidden(START).dealt
    assert sorted(dealt.values()) == sorted(MISTAKES)
    assert list(dealt) == [f"Run {letter}" for letter in "ABCDEFGHIJK"[: len(MISTAKES)]]
    for name, run in Hidden(START).comparison.members:
        assert run.mistake.kind == dealt[name]
        assert run.model_copy(update={"mistake": START.mistake, "seed": 0}) == START


def test_another_round_has_other_letters_and_the_same_runs():
    first, second = Hidden(START, 1), Hidden(START, 2)
    assert first.dealt != second.dealt
    assert {run.key for run in first.comparison.runs()} == {run.key for run in second.comparison.runs()}
    assert Hidden(START, 1).dealt == first.dealt
    places = {tuple(Hidden(START, number).dealt.values()).index(HEALTHY) for number in range(1, 30)}
    assert len(places) > 5, "the healthy run must not stand at one place"


def test_a_mistake_without_effect_is_left_out_with_the_reason():
    plain = RunSettings.model_validate({"data": "diabetes", "model": {"kind": "mlp", "hidden": [6]}})
    left_out = Hidden(plain).refused
    assert set(left_out) == {"eval_with_dropout", "batch_statistics_in_eval", "softmax_twice"}
    assert left_out["eval_with_dropout"] == "the network has no dropout; set model.dropout above 0"
    assert set(Hidden(plain).dealt.values()) == set(MISTAKES) - set(left_out)


def test_guesses_are_counted_by_run():
    game = hidden()
    assert game.right(dict(game.dealt)) == len(MISTAKES)
    assert game.right(dict.fromkeys(game.dealt)) == 0
    assert game.right(dict.fromkeys(game.dealt, "leak")) == 1


@pytest.mark.parametrize("kind", MISTAKES)
def test_all_that_is_said_of_a_mistake_comes_from_its_own_words(kind):
    doc = " ".join(MISTAKES[kind].__doc__.split())
    assert code_of(kind)[1:] in doc
    assert kind == HEALTHY or doc.startswith(title_of(kind))
    assert bool(seen_of(kind)) is (kind != HEALTHY)
    assert seen_of(kind)[1:] in doc
    assert "Source" not in seen_of(kind)


# What is shown


def test_it_opens_with_one_button_that_trains_all(open_page, store):
    app = open_page(PAGE, SMALL)
    app.button(key="mistakes.run_here").click().run()
    assert_no_error(app)
    assert store.progress(hidden().comparison).pending == "run"
    assert len(hidden().comparison.runs()) == len(MISTAKES) * SEEDS


def test_before_they_are_asked_for_no_name_stands_beside_a_run(open_page, trained_here):
    app = open_page(PAGE, SMALL)
    assert len(app.get("vega_lite_chart")) == len(MISTAKES)
    shown = texts(app) + "".join(chart.proto.spec for chart in app.get("vega_lite_chart"))
    for kind in MISTAKES:
        assert title_of(kind) not in shown.replace("One of these runs is healthy", "")
        assert f"{kind}" not in shown or kind == HEALTHY  # "none" is a word of Vega's
    assert not [link for link in app.get("page_link") if link.proto.label == "Open in the workbench"]


def test_revealed_each_run_is_named_and_the_score_is_that_of_the_guesses(open_page, trained_here):
    game = hidden()
    app = open_page(PAGE, SMALL)
    for name in ("Run A", "Run C", "Run F"):
        app.selectbox(key=f"mistakes.guess.1.{name[-1]}").select(game.dealt[name]).run()
    wrong = next(kind for kind in MISTAKES if kind != game.dealt["Run B"])
    app.selectbox(key="mistakes.guess.1.B").select(wrong).run()
    assert "4 of 11 runs guessed" in texts(app)
    app.toggle(key="mistakes.reveal").set_value(True).run()
    assert_no_error(app)
    said = texts(app)
    assert "3 of 11 runs guessed right" in said
    for name, kind in game.dealt.items():
        assert f"**{name}: {title_of(kind)}**" in said
        assert code_of(kind) in said
    assert all(box.disabled for box in app.selectbox if box.key.startswith("mistakes.guess"))
    assert [link for link in app.get("page_link") if link.proto.label == "Open in the workbench"]


@pytest.mark.parametrize("look", ["Gradient norm", "Distance from the start", "Validation accuracy", "Training loss as logged"])
def test_a_measure_is_one_choice_away(open_page, trained_here, look):
    app = open_page(PAGE, SMALL | {"mistakes.look": look})
    assert app.selectbox(key="mistakes.look").value == look
    assert look.lower() in app.get("vega_lite_chart")[0].proto.spec


def test_a_mistake_chosen_in_the_form_is_said_to_be_unused(open_page, trained_here):
    app = open_page(PAGE, SMALL | {"mistakes.mistake": "leak"})
    assert "mistake: not used, because every run here has its own" in texts(app)
    assert len(app.get("vega_lite_chart")) == len(MISTAKES)
