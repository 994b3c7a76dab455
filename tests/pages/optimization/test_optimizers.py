"""The page of optimizers: its surfaces follow the controls, its table is the path, what cannot be drawn is refused in words."""

from __future__ import annotations

import json

import pytest

from core.experiments.optimizers import START as OPTIMIZERS
from core.labs.optimization import paths, surfaces
from core.ui.form.values import parse
from core.ui.pages.optimizers import paths as optimizer_paths
from tests.pages.conftest import assert_no_error, texts

PAGE = "pages/optimizers.py"
ON = "optimizers.on"


def values(app):
    return next(frame.value for frame in app.dataframe if "grad_norm" in frame.value)


def described(app):
    return [json.loads(chart.proto.spec)["description"] for chart in app.get("vega_lite_chart")]


def test_it_opens_with_paths_and_offers_to_train_the_network(open_page, store):
    app = open_page(PAGE)
    assert list(values(app)["variant"]) == list(optimizer_paths.STARTERS["quadratic"])
    assert any("Lines of equal loss" in text for text in described(app))
    assert "The same optimizers train a network" in texts(app)
    app.button(key="optimizers.run_here").click().run()
    assert_no_error(app)
    assert store.progress(OPTIMIZERS).pending == "run"


@pytest.mark.parametrize("name", surfaces.NAMES)
def test_the_table_is_the_path_at_the_step(open_page, store, name):
    app = open_page(PAGE, {f"{ON}.surface": name, f"{ON}.step": "17"})
    surface, text = surfaces.make(name), optimizer_paths.STARTERS[name][1]
    optimizer = paths.optimizer_of(parse("optimizer", text))
    expected = paths.path(surface, optimizer, surface.start, 200, noise=surface.noise).iloc[17]
    row = values(app).set_index("variant").loc[text]
    assert row[["step", "x", "y", "loss"]].tolist() == pytest.approx(expected[["step", "x", "y", "loss"]].tolist())


def test_starters_are_as_they_are_written_back():
    """So that a link says what the widget says."""
    for name, starters in optimizer_paths.STARTERS.items():
        assert [optimizer_paths.name_of(optimizer_paths.read(text, 1.0, 200)) for text in starters] == list(starters), name


def test_every_offered_kind_can_be_read():
    assert len(optimizer_paths.offered()) == 18
    for text in optimizer_paths.offered():
        optimizer_paths.read(text, 1.0, max(optimizer_paths.STEPS))


def test_start_rates_and_optimizers_are_in_the_link(open_page, store):
    query = {
        f"{ON}.quadratic.x": "1",
        f"{ON}.quadratic.y": "-1",
        f"{ON}.factor": "3",
        f"{ON}.quadratic.optimizers": ["sgd lr=0.02", "lion lr=0.1"],
    }
    app = open_page(PAGE, query | {f"{ON}.step": "1"})
    table = values(app)
    assert list(table["variant"]) == ["sgd lr=0.06", "lion lr=0.3"]
    assert table["x"].tolist() == pytest.approx([1 - 0.06, 1 - 0.3])
    assert table["y"].tolist() == pytest.approx([-1 + 0.06 * 20, -1 + 0.3])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("muon", "matrix"),
        ("custom path=os.system", "code"),
        ("sgd lr=-1", "greater"),
        ("nothing", "no kind"),
        ("lbfgs max_iter=900", "too many"),
    ],
)
def test_what_has_no_path_is_refused_in_words_and_the_others_stay(open_page, store, text, said):
    app = open_page(PAGE, {f"{ON}.quadratic.optimizers": ["adam lr=0.1", text]}, errors=True)
    assert not app.exception
    assert any(said in error.value.replace("\\", "") for error in app.error), [error.value for error in app.error]
    assert list(values(app)["variant"]) == ["adam lr=0.1"]


@pytest.mark.parametrize("value", ["nan", "1e999", "<b>", "", "-7"])
def test_nonsense_in_the_url_breaks_nothing(open_page, store, value):
    names = "surface condition angle steps factor step noise_seed quadratic.x quadratic.y quadratic.noise quadratic.optimizers"
    app = open_page(PAGE, {f"{ON}.{name}": value for name in names.split()} | {"optimizers.rule.kind": value}, errors=True)
    assert not app.exception
    assert not [error for error in app.error if "Reload" in error.value]


@pytest.mark.parametrize("value", ["nan", "1e999", "<b>", "", "-7", "1.5"])
def test_nonsense_as_the_seed_of_the_noise_breaks_nothing(open_page, store, value):
    app = open_page(PAGE, {f"{ON}.surface": "noisy valley", f"{ON}.noise_seed": value})
    assert len(values(app)) == 5


def test_the_animation_walks_from_the_start_to_the_end():
    steps, frames = 400, [0]
    while frames[-1] < steps:
        frames.append(optimizer_paths.next_step(frames[-1], steps))
    assert frames[:5] == [0, 1, 2, 3, 4], "the first steps are the largest"
    assert 40 <= len(frames) <= 65


def test_the_rule_of_a_kind_stands_with_its_settings(open_page, store):
    app = open_page(PAGE, {"optimizers.rule.kind": "adam"})
    assert "Kingma" in texts(app)
    assert "`betas`" in texts(app)


def test_costs_are_measured_when_asked(open_page, store, monkeypatch):
    monkeypatch.setattr("core.labs.optimization.costs.TIMED", 1)
    monkeypatch.setattr("core.labs.optimization.costs.LONG_S", 0.0001)
    app = open_page(PAGE)
    assert not [frame for frame in app.dataframe if "state" in frame.value]
    app.button(key="optimizers.rule.measure").click().run()
    assert_no_error(app)
    table = next(frame.value for frame in app.dataframe if "state" in frame.value).set_index("variant")
    assert table.loc["adam", "state"] == 2
    assert len(table) == 20
