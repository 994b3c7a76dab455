"""Distillation: teacher, student alone and taught students in one comparison, and the soft targets of single examples."""

from __future__ import annotations

import json

import numpy as np
import pytest
from pandas import DataFrame
from sklearn.datasets import load_digits

import core
from core.analysis.findings import certainty
from core.choices.distillation import NoDistillation
from core.comparison import Comparison
from core.engine.network.networks import trained_model
from core.experiments import distillation as experiments
from core.runs.compare import compare
from core.ui.form import links
from core.ui.pages.distillation import distillation, methods, soft_targets
from tests.pages.conftest import assert_no_error, texts

PAGE = "pages/distillation.py"

SMALL = Comparison.load(
    {
        "base": {
            "data": "iris",
            "model": {"kind": "mlp", "hidden": [4]},
            "training": {"epochs": 3},
            "distillation": {"kind": "soft_targets", "teacher_hidden": [9], "teacher_epochs": 2},
        },
        "vary": {"distillation.temperature": [1.0, 5.0], "training.labelled": [0.2, 1.0]},
        "seeds": 3,
    }
)


@pytest.fixture
def trained_here(store):
    """This test's store with the small comparison, its teacher and its student alone in it."""
    compare(distillation.with_teacher(SMALL), store=store, progress=False)
    return store


def query(**more):
    return links.query_for("distillation", SMALL, distillation.START) | {f"distillation.{name}": value for name, value in more.items()}


def test_the_teacher_is_the_very_run_that_teaches():
    whole = distillation.with_teacher(SMALL)
    assert whole.names[:3] == ["teacher", "student alone, labelled=0.2", "student alone, labelled=1"]
    teachers = {run.key for name, run in whole.members if name == "teacher"}
    assert teachers == {run.teachers[0].key for run in SMALL.runs()}
    assert distillation.roles(whole) == {
        name: "teacher" if name == "teacher" else "student alone" if name.startswith("student") else "taught" for name in whole.names
    }


@pytest.mark.parametrize("start", experiments.EXPERIMENTS, ids=lambda start: start.title)
def test_what_the_page_offers_has_its_teachers(start):
    roles = distillation.roles(distillation.with_teacher(start.comparison))
    assert set(roles.values()) == {"teacher", "student alone", "taught"}


def test_on_an_empty_store_one_button_asks_for_the_whole_comparison(open_page, store):
    app = open_page(PAGE, query())
    app.button(key="distillation.run_here").click().run()
    assert_no_error(app)
    assert store.progress(distillation.with_teacher(SMALL)).pending == "run"


def test_a_stored_comparison_shows_its_verdict_pictures_and_exact_values(open_page, trained_here):
    app = open_page(PAGE, query())
    assert len(app.get("vega_lite_chart")) == 3, "along the labels, the squares, and the soft targets"
    said = texts(app).replace("\\", "")
    assert "student alone, labelled=0.2" in said
    quality, table = (frame.value.set_index("variant") for frame in app.dataframe[:2])
    assert list(quality.index) == list(table.index) == distillation.with_teacher(SMALL).names
    assert table.loc["teacher", "multiply_adds"] == 4 * 9 + 9 * 3
    assert table.loc["student alone, labelled=1", "multiply_adds"] == 4 * 4 + 4 * 3
    assert table.loc["teacher", "parameters"] == 4 * 9 + 9 + 9 * 3 + 3


def spec(app, place):
    return json.loads(app.get("vega_lite_chart")[place].proto.spec)


def colours_of(app, place):
    """The colour of each variant or reference in a chart of the page."""
    found = {}
    for layer in spec(app, place)["layer"]:
        if "color" in layer["encoding"]:
            scale = layer["encoding"]["color"]["scale"]
            found |= dict(zip(scale["domain"], scale["range"], strict=True))
        elif layer["mark"]["type"] == "rule":
            found["teacher"] = layer["mark"]["color"]
    return found


def test_a_variant_has_the_same_colour_in_both_charts(open_page, trained_here):
    app = open_page(PAGE, query(tab="Over training"))
    above, below = colours_of(app, 0), colours_of(app, 2)
    assert below == {name if name == "teacher" else f"{name}, labelled=0.2": colour for name, colour in above.items()}


KINDS = Comparison.load(
    {
        "base": SMALL.base.model_dump() | {"training": {"epochs": 2, "labelled": 0.3}},
        "variants": [
            {"name": "one teacher", "distillation": {"kind": "soft_targets", "teacher_hidden": [9], "teacher_epochs": 2}},
            {"name": "itself", "distillation": {"kind": "self", "teacher_epochs": 2}},
        ],
        "seeds": 2,
    }
)


def test_kinds_of_teaching_stand_side_by_side_with_intervals_and_are_never_averaged(open_page, store):
    compare(distillation.with_teacher(KINDS), store=store, progress=False)
    app = open_page(PAGE, links.query_for("distillation", KINDS, distillation.START))
    assert len(app.get("vega_lite_chart")) == 2, "by variant, and the soft targets; no square of a single temperature and weight"
    rule, dots = spec(app, 0)["layer"]
    assert rule["encoding"]["x2"]["field"] == "high"
    assert dots["encoding"]["y"]["scale"]["domain"] == distillation_rows(KINDS)
    said = texts(app).replace("\\", "")
    assert "Parameters: “teacher, hidden=9” 75, “teacher, hidden=4” 35; students 35." in said
    assert "is larger" not in said


def distillation_rows(comparison):
    whole = distillation.with_teacher(comparison)
    roles = distillation.roles(whole)
    return sorted(whole.names, key=lambda name: (roles[name] == "teacher", roles[name] != "student alone"))


TWO = Comparison.load(
    {
        "base": SMALL.base,
        "vary": {
            "optimizer": [{"kind": "sgd", "lr": 0.1}, {"kind": "adam", "lr": 0.03}],
            "distillation.weight": [0.2, 0.9],
            "training.labelled": [0.3, 1.0],
        },
        "seeds": 3,
    }
)


def ends(store, comparison, metric):
    """The metric at each run's end, by variant and seed, straight from the history."""
    history = store.history(comparison)[0].sort_values("step")
    return history.groupby(["variant", "seed"])[metric].last().unstack("seed")


def own_student(whole, name):
    """The variant that is this one without its teacher."""
    run = whole.settings[name]
    alone = run.model_copy(update={"distillation": NoDistillation()})
    return next((other for other, settings in whole.settings.items() if settings == alone and other != name), None)


def test_two_students_are_each_held_against_themselves_alone(open_page, store):
    whole = distillation.with_teacher(TWO)
    compare(whole, store=store, progress=False)
    app = open_page(PAGE, links.query_for("distillation", TWO, distillation.START) | {"distillation.metric": "val_loss"})
    last, table = ends(store, whole, "val_loss"), app.dataframe[0].value.set_index("variant")
    taught = [name for name, run in whole.settings.items() if run.teachers]
    assert len({own_student(whole, name) for name in taught}) == 4
    for name in taught:
        change = last.loc[name] - last.loc[own_student(whole, name)]
        assert table.loc[name, "difference"] == pytest.approx(change.mean())
        assert table.loc[name, "difference_half"] == pytest.approx(change.std() / 3**0.5 * 4.302652729911275)  # t, 2 degrees of freedom
        assert table.loc[name, "counterpart"] == own_student(whole, name)
    said = texts(app).replace("\\", "")
    few = [name for name in taught if whole.settings[name].training.labelled == 0.3]
    for optimizer in ("sgd", "adam"):
        best = last.loc[[name for name in few if whole.settings[name].optimizer.kind == optimizer]].mean(axis=1).idxmin()
        other = own_student(whole, best)
        assert certainty(best, other, {name: last.loc[name] for name in (best, other)}, "val_loss") in said


def test_two_students_have_a_panel_each_with_their_teacher(open_page, store):
    compare(distillation.with_teacher(TWO), store=store, progress=False)
    app = open_page(PAGE, links.query_for("distillation", TWO, distillation.START))
    panels = spec(app, 0)["concat"]
    assert len(panels) == 2
    lines = [layer for panel in panels for layer in panel["layer"] if layer["mark"]["type"] == "line"]
    drawn = [set(line["encoding"]["color"]["scale"]["domain"]) for line in lines]
    assert len(drawn) == 2
    assert not drawn[0] & drawn[1]
    assert [sum("student alone" in name for name in names) for names in drawn] == [1, 1]
    assert all(any(layer["mark"]["type"] == "rule" for layer in panel["layer"]) for panel in panels)


def test_methods_have_squares_of_their_own():
    runs = Comparison.load({"base": KINDS.base, "vary": {"distillation": ["soft_targets", "self"], "distillation.weight": [0.2, 0.9]}})
    rows = [(name, "taught", 0.3, 4.0, weight, 0.5) for name, weight in zip(runs.names, (0.2, 0.9) * 2, strict=True)]
    points = DataFrame(rows, columns=["name", "role", "labelled", "temperature", "weight", "mean"])

    found = methods.crossed(runs, points, 0.3)
    assert list(found["variant"].unique()) == ["soft_targets, labels for 0.3", "self, labels for 0.3"]
    assert len(found) == 4
    assert methods.crossed(runs, points.iloc[[0, 2]], 0.3).empty, "one square of each says nothing"


def test_the_picture_of_an_example_is_as_it_was_drawn():
    data = core.RunSettings.model_validate({"data": "digits"}).data
    split, digits = core.load_data(data), load_digits()
    for place in (0, 7):
        pixels = soft_targets.raw(data, place)
        assert pixels.min() >= 0, "ink is never less than none; standardised it is"
        matches = (digits.data == pixels).all(axis=1)
        assert str(digits.target[matches][0]) == split.class_names[split.y_test[place]]


def test_what_is_said_of_an_example_are_its_own_chances():
    said = soft_targets.spoken(np.log([0.27, 0.31, 0.42]), ["a", "none", "c"], [1.0, 10.0])
    assert said.startswith("At T = 1 it gives 42.0% to c and 31.0% to “none”; at T = 10, 34.")


def test_the_teachers_outputs_are_those_of_its_network(trained_here):
    whole = distillation.with_teacher(SMALL)
    teacher = whole.settings["teacher"]

    class Here:
        store = trained_here

    found = soft_targets.logits_of(Here(), teacher)
    import torch

    x = torch.tensor(core.load_data(teacher.data).x_test, dtype=torch.float32)
    expected = trained_model(teacher, trained_here.weights(teacher.key))(x).detach().numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_both_networks_are_timed_only_when_asked(open_page, trained_here):
    app = open_page(PAGE, query(tab="Size and speed"))
    assert not app.metric
    app.toggle(key="distillation.time").set_value(True).run()
    assert_no_error(app)
    assert [metric.label for metric in app.metric] == ["Parameters", "Forward pass", "Faster by"]
    assert app.metric[0].value == f"{4 * 4 + 4 + 4 * 3 + 3}"


def test_without_a_teacher_the_page_says_so(open_page, store):
    alone = Comparison.load({"base": {"data": "iris", "training": {"epochs": 1}}, "vary": {"optimizer.lr": [0.1, 0.01]}, "seeds": 1})
    compare(alone, store=store, progress=False)
    app = open_page(PAGE, links.query_for("distillation", alone, distillation.START))
    assert any("Choose a kind of distillation" in shown.value for shown in app.info)


@pytest.mark.parametrize("tab", ["Soft targets", "Over training", "Size and speed"])
@pytest.mark.parametrize("value", ["", "nan", "<b>", "9" * 40, "2"])
def test_nonsense_in_the_view_breaks_nothing(open_page, trained_here, tab, value):
    open_page(PAGE, query(share=value, metric=value, shown_seed=value, example=value, log=value, tab=tab))
