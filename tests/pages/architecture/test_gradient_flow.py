"""Gradient flow: what it shows of nothing, of a comparison at any moment, of depth, and of the activation functions."""

from __future__ import annotations

import shutil
from dataclasses import replace
from math import sqrt

import numpy as np
import pytest

from core.analysis.shown import layerwise
from core.comparison import Comparison
from core.experiments.gradient_flow import EXPERIMENTS
from core.runs.compare import compare
from core.runs.store import Store
from core.ui.form import links
from core.ui.pages.gradient_flow import depth as gradient_depth
from core.ui.pages.gradient_flow import gradient_flow
from core.ui.pages.gradient_flow.gradient_flow import DEPTH, FUNCTIONS, PAGE, START
from tests.pages.conftest import assert_no_error, texts

PATH = "pages/gradient_flow.py"
OFFERED = {experiment.title: experiment for experiment in EXPERIMENTS}
BASE = {"data": "moons", "model": {"kind": "mlp", "hidden": [8, 8]}, "optimizer": {"kind": "sgd", "lr": 0.1}, "training": {"epochs": 3}}
SMALL = Comparison.load({"base": BASE, "vary": {"model.activation": ["sigmoid", "relu"]}, "seeds": 3})


@pytest.fixture(scope="module")
def trained_here(tmp_path_factory):
    file = tmp_path_factory.mktemp("gradient_flow") / "tandem.db"
    store = Store(f"sqlite:///{file}")
    compare(SMALL, store=store, progress=False)
    store.close()
    return file


@pytest.fixture
def measured(home, trained_here):
    home.mkdir(parents=True, exist_ok=True)
    shutil.copy(trained_here, home / "tandem.db")
    return Store(f"sqlite:///{home / 'tandem.db'}")


def query(comparison: Comparison = SMALL, **more: str | list[str]) -> links.Query:
    return links.query_for(PAGE, comparison, START) | {f"{PAGE}.{name}": value for name, value in more.items()}


def shown(app, *columns: str):
    """The first table that has these columns."""
    return next(frame.value for frame in app.dataframe if {*columns} <= {*frame.value.columns})


def test_before_anything_was_trained_one_click_asks_for_the_pages_comparison(open_page, store):
    app = open_page(PATH)
    assert "in seven variants" in texts(app)
    app.button(key=f"{PAGE}.run_here").click().run()
    assert_no_error(app)
    assert store.progress(START).pending == "run"


def test_the_layers_are_shown_before_the_first_update_and_after_any_epoch(open_page, measured):
    layers = measured.layers(SMALL)[0]
    for after in (0, 2):
        app = open_page(PATH, query(**{"after.3": str(after)}))
        assert app.slider(key=f"{PAGE}.after.3").value == after
        rows = layers[(layers["epoch"] == after) & (layers["layer"] == "hidden1")]
        expected = rows.groupby("variant", sort=False)["grad_norm"].median()
        assert list(shown(app, "spread_last")["first"]) == pytest.approx(list(expected))


def test_there_is_a_heat_map_for_each_variant(open_page, measured):
    app = open_page(PATH, query())
    assert len(app.get("vega_lite_chart")) == 3 + 2


def test_without_dead_units_that_is_said_in_place_of_an_empty_picture(open_page, measured):
    app = open_page(PATH, query(layers="dead units", heat="dead units"))
    layers = measured.layers(SMALL)[0]
    dead = (layers["dead_fraction"] > 0).any()
    assert ("No unit is dead at any moment" in texts(app)) == (not dead)


def test_what_the_measurements_leave_out_is_said_where_it_concerns_the_networks(open_page, store):
    base = {**BASE, "model": {"kind": "mlp", "hidden": [8, 8], "normalization": "batch", "skip": True}}
    comparison = Comparison.load({"base": base, "vary": {"model.activation": ["relu", "tanh"]}, "seeds": 1})
    compare(comparison, store=store, progress=False)
    said = texts(open_page(PATH, query(comparison)))
    assert "at epoch 0 these are still 0 and 1" in said
    assert "the activations are those of the branch" in said


def test_the_ends_are_medians_over_seeds(measured):
    frame = layerwise.at_moment(measured.layers(SMALL)[0], 3.0)
    found = layerwise.first_and_last(frame, [*SMALL.names, "not begun"]).set_index("variant")
    for name, rows in frame[frame["layer"] != "output"].groupby("variant", sort=False):
        first, last = (rows[rows["layer"] == layer].set_index("seed")["grad_norm"] for layer in ("hidden1", "hidden2"))
        assert found.loc[name, "ratio"] == pytest.approx(np.median(first / last))
    assert found.loc["not begun", "seeds"] == 0


def test_it_opens_in_the_workbench(open_page, measured):
    app = open_page(PATH, query())
    link = next(link for link in app.get("page_link") if link.proto.label == "Open in the workbench")
    assert SMALL.id in link.proto.query_string


@pytest.mark.parametrize("name", OFFERED)
def test_every_link_opens_its_comparison(open_page, store, name):
    comparison = OFFERED[name].comparison
    app = open_page(PATH)
    link = next(link for link in app.get("page_link") if link.proto.label == name)
    assert comparison.id in link.proto.query_string
    app = open_page(PATH, query(comparison, **OFFERED[name].view))
    app.button(key=f"{PAGE}.run_here").click().run()
    assert store.progress(comparison).pending == "run"


def test_dead_units_open_where_their_text_can_be_seen_though_the_address_was_forgotten_before_they_were_trained(
    open_page, store, monkeypatch
):
    """Widgets that are not drawn before the first results forget their address."""
    tiny = Comparison.load({"base": {**BASE, "training": {"epochs": 8}}, "vary": {"optimizer.lr": [0.1, 0.2]}, "seeds": 1})
    offered = [replace(OFFERED["dead units"], subject=tiny)]
    monkeypatch.setattr(gradient_flow, "WORDS", replace(gradient_flow.WORDS, experiments=offered))
    compare(tiny, store=store, progress=False)
    app = open_page(PATH, query(tiny))
    assert app.slider(key=f"{PAGE}.after").value == 8
    assert [app.button_group(key=f"{PAGE}.{name}").value for name in ("layers", "heat")] == ["dead units"] * 2


def test_the_link_to_depth_shows_the_training_loss(open_page, measured):
    app = open_page(PATH, query(**OFFERED["depth"].view))
    assert app.selectbox(key=f"{PAGE}.metric").value == "train_loss_eval"


def test_depth_is_shown_of_the_variants_without_training(open_page, store):
    app = open_page(PATH, query(tab=DEPTH, deepest="8"))
    assert len(app.get("vega_lite_chart")) == 4
    table = shown(app, "signal_ratio").set_index(["variant", "depth"])
    assert [depth for name, depth in table.index if name == SMALL.names[0]] == [2, 4, 8]
    assert table.loc[(SMALL.names[0], 8), "signal_ratio"] < 0.25**7, "sigmoid, with He's init without gain"


def test_a_depth_that_is_no_longer_there_gives_way_to_one_that_is(open_page, store):
    app = open_page(PATH, query(tab=DEPTH, **{"deepest": "16", "depth.at": "16"}))
    assert app.selectbox(key=f"{PAGE}.depth.at").value == 16
    app.button_group(key=f"{PAGE}.deepest").set_value(8).run()
    assert_no_error(app)
    assert app.selectbox(key=f"{PAGE}.depth.at").value in (2, 4, 8)


def test_fewer_epochs_begin_at_the_start_again(open_page, measured):
    app = open_page(PATH, query(**{"after.3": "3"}))
    app.number_input(key=f"{PAGE}.training.epochs").set_value(2).run()
    assert_no_error(app)


def test_variants_that_are_the_same_network_before_training_are_drawn_once(open_page, store):
    comparison = Comparison.load({"base": BASE, "vary": {"optimizer.lr": [0.1, 0.2]}, "seeds": 1})
    app = open_page(PATH, query(comparison, tab=DEPTH, deepest="8"))
    assert set(shown(app, "signal_ratio")["variant"]) == {comparison.names[0]}
    assert "before training it is the same network as" in texts(app)


def test_what_is_chosen_here_is_crossed(open_page, store):
    chosen = {"depth.activation": ["tanh", "relu"], "depth.init": ["he", "he gain=3"], "depth.normalization": ["none"]}
    app = open_page(PATH, query(tab=DEPTH, deepest="8", lines="chosen here", **chosen, **{"depth.skip": ["without skip", "with skip"]}))
    names = shown(app, "signal_ratio")["variant"].unique()
    assert len(names) == 8
    assert "relu, he gain=3, skip" in names


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"depth.activation": ["nonsense"]}, "there is no kind 'nonsense'"),
        ({"depth.init": ["he gain=-1"]}, "gain"),
        ({"depth.normalization": ["group groups=3"]}, "3 groups do not divide"),
    ],
)
def test_what_cannot_be_built_is_said(open_page, store, chosen, said):
    app = open_page(PATH, query(tab=DEPTH, lines="chosen here", deepest="8", **chosen), errors=True)
    assert not app.exception
    assert said in " ".join([*(error.value for error in app.error), texts(app)])


def test_a_variant_without_a_depth_is_left_out_and_named(open_page, store):
    comparison = Comparison.load({"base": BASE, "vary": {"model": [{"kind": "linear"}, {"kind": "mlp", "hidden": [8]}]}, "seeds": 1})
    app = open_page(PATH, query(comparison, tab=DEPTH, deepest="8"))
    assert set(shown(app, "signal_ratio")["variant"]) == {comparison.names[1]}
    assert "linear has no depth to vary here" in texts(app)


def test_a_base_without_a_depth_cannot_be_crossed():
    with pytest.raises(gradient_depth.SettingsError, match="no depth to vary"):
        gradient_depth.crossed(Comparison.load({"base": {"model": "linear"}}).base, {"activation": ["relu"]}, [False])


@pytest.mark.parametrize("graphs", ["each by itself", "over each other"])
def test_activation_functions_are_drawn_and_told_exactly(open_page, store, graphs):
    app = open_page(PATH, {f"{PAGE}.tab": FUNCTIONS, f"{PAGE}.graphs": graphs, f"{PAGE}.x_at": "-1"})
    assert len(app.get("vega_lite_chart")) == (10 if graphs == "each by itself" else 2)
    table = shown(app, "subgradients").set_index("function")
    assert table.loc["Tanh", "value"] == pytest.approx(np.tanh(-1))
    assert table.loc["Tanh", "slope"] == pytest.approx(1 - np.tanh(1) ** 2)
    assert (table.loc["ReLU", "subgradients"], table.loc["ReLU", "taken"], table.loc["ReLU", "at_0"]) == ("[0, 1]", 0, "no")
    assert table.loc["Sigmoid", "largest"] == pytest.approx(0.25)


def test_a_function_is_typed_with_its_settings_and_nonsense_is_refused(open_page, store):
    typed = ["leaky_relu negative_slope=0.2", "elu alpha=2", "cosine"]
    app = open_page(PATH, {f"{PAGE}.tab": FUNCTIONS, f"{PAGE}.functions": typed}, errors=True)
    assert not app.exception
    assert "there is no kind 'cosine'" in app.error[0].value
    table = shown(app, "subgradients")
    assert list(table["function"]) == ["Leaky ReLU negative_slope=0.2", "ELU alpha=2"]
    assert list(table["subgradients"]) == ["[0.2, 1]", "[1, 2]"]


def test_twice_he_is_twice_he():
    gains = {name: run.model.init for name, run in START.members}
    assert gains["ReLU, twice He"].gain == pytest.approx(2 * sqrt(2), abs=0.005)
