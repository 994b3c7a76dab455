"""The learning-rate page: the sweep, the schedules, the range test."""

from __future__ import annotations

import json

import pytest

from core.comparison import Comparison
from core.runs.compare import compare
from core.ui.form import links
from core.ui.pages import learning_rate
from core.ui.results import sensitivity
from tests.pages.conftest import texts

PAGE = "pages/learning_rate.py"
RATES = [0.001, 0.1, 10.0]


def sweep():
    base = {"data": "iris", "model": {"kind": "mlp", "hidden": [8]}, "training": {"epochs": 2}}
    return Comparison.load({"base": base, "vary": {"optimizer": ["sgd", "adam"], "optimizer.lr": RATES}, "seeds": 2})


def query(comparison, **more):
    return links.query_for("learning_rate", comparison, learning_rate.START) | {
        f"learning_rate.{name}": value for name, value in more.items()
    }


def test_before_anything_was_trained_it_offers_to_run_its_sweep(open_page, store):
    app = open_page(PAGE)
    app.button(key="learning_rate.run_here").click().run()
    assert store.progress(learning_rate.START).pending == "run"


def test_a_stored_sweep_shows_curves_failures_and_the_best_rates(open_page, store):
    compare(sweep(), store=store, progress=False)
    app = open_page(PAGE, query(sweep()))
    assert len(app.get("vega_lite_chart")) == 2
    assert "learning rate" in json.loads(app.get("vega_lite_chart")[0].proto.spec)["description"]
    best = app.dataframe[0].value
    assert list(best["curve"]) == ["sgd", "adam"]
    found = sensitivity.Sweep("learning rate", "optimizer", sensitivity.places(sweep(), "optimizer.lr"))
    assert found.curves == ["sgd", "adam"]
    every = app.dataframe[1].value
    assert list(every["place"]) == RATES * 2
    for row in best.to_dict("records"):
        mine = every[(every["curve"] == row["curve"]) & (every["diverged"] == 0)]
        assert row["mean"] == mine["mean"].min()
    edges = best[best["edge"] != ""]
    assert bool(app.warning) == bool(len(edges))


def test_optimizers_are_compared_at_one_rate_on_request(open_page, store):
    compare(sweep(), store=store, progress=False)
    app = open_page(PAGE, query(sweep(), fair=sensitivity.SAME, same="0.001"))
    assert "sgd" in texts(app)
    assert app.selectbox(key="learning_rate.same").value == "0.001"


def test_every_schedule_is_drawn_with_the_warmup(open_page, store):
    app = open_page(PAGE, {"learning_rate.part": "Schedules", "learning_rate.warmup_drawn": "2"})
    assert len(app.get("vega_lite_chart")) == 12
    drawn = app.dataframe[0].value
    assert drawn["constant"].iloc[0] < drawn["constant"].iloc[-1] / 10
    assert drawn["cosine"].iloc[-1] < 0.01 * drawn["cosine"].max()


def test_the_range_test_runs_each_optimizer_through_all_rates(open_page, store):
    tested = learning_rate.tested(sweep())
    assert tested.names == ["sgd", "adam"]
    result = compare(tested, store=store, progress=False)
    lr = result.history.query("variant == 'adam' and step > 0")["lr"]
    assert lr.min() < 1e-4
    assert lr.max() == pytest.approx(10)
    query_of = query(sweep(), part="Range test")
    app = open_page_of(open_page, query_of)
    assert list(app.dataframe[0].value["variant"]) == ["sgd", "adam"]
    assert len(app.get("vega_lite_chart")) == 1


def open_page_of(open_page, query_of):
    app = open_page(PAGE, query_of, errors=True)
    assert not app.exception
    assert not app.error
    return app


def test_a_curve_is_what_variants_share_but_for_the_rate():
    named = Comparison.load(
        {"variants": [{"name": "a", "optimizer.lr": 0.1}, {"name": "b", "optimizer.lr": 0.2}, {"name": "c", "model": "linear"}]}
    )
    found = sensitivity.places(named, "optimizer.lr")
    assert list(found["curve"]) == ["a", "a", "c"]
    assert list(found["place"]) == [0.1, 0.2, 0.001]
