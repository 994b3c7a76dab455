"""Regularization: what it shows of nothing, of a comparison, and of its two labs."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from core.analysis.shown import generalisation
from core.comparison import Comparison
from core.experiments.regularization import START, STRENGTHS, sweep
from core.labs.regularization import regularization_path
from core.runs.compare import compare
from core.runs.store import Store
from core.ui.form import links
from core.ui.pages.regularization.regularization import GEOMETRY, PATHS
from tests.pages.conftest import assert_no_error, texts

PAGE = "pages/regularization.py"
SMALL = Comparison.load(
    {
        "base": {
            "data": "moons",
            "model": {"kind": "mlp", "hidden": [8]},
            "optimizer": {"kind": "sgd", "lr": 0.3},
            "training": {"epochs": 3},
        },
        "vary": {"penalty.l1_proximal": [0.0, 0.05]},
        "seeds": 2,
    }
)


@pytest.fixture(scope="module")
def trained_here(tmp_path_factory):
    file = tmp_path_factory.mktemp("regularization") / "tandem.db"
    store = Store(f"sqlite:///{file}")
    compare(SMALL, store=store, progress=False)
    store.close()
    return file


@pytest.fixture
def penalised(home, trained_here):
    home.mkdir(parents=True, exist_ok=True)
    shutil.copy(trained_here, home / "tandem.db")
    return Store(f"sqlite:///{home / 'tandem.db'}")


def query(**more: str) -> links.Query:
    return links.query_for("regularization", SMALL, START) | {f"regularization.{name}": value for name, value in more.items()}


def test_before_anything_was_trained_one_click_asks_for_the_pages_comparison(open_page, store):
    app = open_page(PAGE)
    assert "memorize wrong labels" in texts(app)
    app.button(key="regularization.run_here").click().run()
    assert_no_error(app)
    assert store.progress(START).pending == "run"


def test_the_gap_is_shown_and_told_exactly(open_page, penalised):
    app = open_page(PAGE, query())
    charts = [chart.proto.spec for chart in app.get("vega_lite_chart")]
    assert "training and validation" in charts[0]
    shown = app.dataframe[0].value
    expected = generalisation.gap_table(penalised.history(SMALL)[0], SMALL.names)
    assert list(shown["gap"]) == pytest.approx(list(expected["gap"]))
    assert list(shown["variant"]) == ["l1_proximal=0.0", "l1_proximal=0.05"] or list(shown["variant"]) == SMALL.names


def test_each_network_is_held_against_itself_without_regularization(open_page, store):
    vary = {"optimizer": [{"kind": "sgd", "lr": 0.3}, "adam"], "penalty.l1": [0.0, 0.05], "model.dropout": [0.0, 0.2]}
    two = Comparison.load({"base": SMALL.base, "vary": vary, "seeds": 3})
    compare(two, store=store, progress=False)
    app = open_page(PAGE, links.query_for("regularization", two, START))
    table = app.dataframe[0].value.set_index("variant")
    last = store.history(two)[0].sort_values("step").groupby(["variant", "seed"])["val_loss"].last().unstack("seed")
    for name, run in two.settings.items():
        (plain,) = [
            other for other, own in two.settings.items() if own.optimizer == run.optimizer and not own.model.dropout and not own.penalty.l1
        ]
        if name == plain:
            assert np.isnan(table.loc[name, "difference"])
            continue
        change = last.loc[name] - last.loc[plain]
        assert table.loc[name, "difference"] == pytest.approx(change.mean())
        assert table.loc[name, "half"] == pytest.approx(change.std() / 3**0.5 * 4.302652729911275)  # t, 2 degrees of freedom
        assert table.loc[name, "counterpart"] == plain


def test_it_opens_in_the_workbench(open_page, penalised):
    app = open_page(PAGE, query())
    link = next(link for link in app.get("page_link") if link.proto.label == "Open in the workbench")
    assert SMALL.id in link.proto.query_string


@pytest.mark.parametrize("name", STRENGTHS)
def test_every_strength_has_a_link_to_its_comparison(open_page, store, name):
    app = open_page(PAGE, links.query_for("regularization", sweep(name), START))
    app.button(key="regularization.run_here").click().run()
    assert store.progress(sweep(name)).pending == "run"


@pytest.mark.parametrize("moved", [{}, {"b1": "-2", "b2": "0", "budget": "3"}, {"p": "8", "tilt": "0.9"}, {"p": "0.4", "budget": "0.1"}])
def test_the_geometry_needs_no_training(open_page, store, moved):
    app = open_page(PAGE, {"regularization.tab": GEOMETRY} | {f"regularization.{name}": value for name, value in moved.items()})
    assert len(app.get("vega_lite_chart")) == 4
    rows = app.dataframe[0].value
    assert (rows[rows["kind"] == "within the budget"]["size"] <= float(moved.get("budget", 1.0)) + 1e-9).all()
    assert np.isfinite(rows[["w1", "w2", "loss"]].to_numpy()).all()


def test_the_paths_are_asked_of_the_runner(open_page, store):
    app = open_page(PAGE, {"regularization.tab": PATHS, "regularization.informative": "7"})
    assert not app.get("vega_lite_chart")
    app.button(key="regularization.paths.run_here").click().run()
    assert store.progress(regularization_path.comparison(informative=7)).pending == "run"


def test_the_paths_are_drawn_and_told_exactly(open_page, store):
    compare(regularization_path.comparison(), store=store, progress=False)
    app = open_page(PAGE, {"regularization.tab": PATHS})
    assert len(app.get("vega_lite_chart")) == 7
    scores = app.dataframe[0].value
    assert scores[scores["penalty"] == "l1_proximal"]["wrong"].min() == 0
    assert scores[scores["penalty"] == "l2_squared"]["wrong"].min() == 90
