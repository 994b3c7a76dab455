"""The batch-size page: three clocks, scaling rules, gradient noise."""

from __future__ import annotations

import pytest

from core.comparison import Comparison
from core.experiments import batch_sizes
from core.runs.compare import compare
from core.ui.form import links
from core.ui.pages import batch_size
from tests.pages.conftest import texts

PAGE = "pages/batch_size.py"


def sizes(*batches):
    base = {"data": "iris", "model": {"kind": "mlp", "hidden": [8]}, "optimizer": {"kind": "sgd", "lr": 0.1}, "training": {"epochs": 2}}
    return Comparison.load({"base": base, "vary": {"training.batch_size": list(batches or (8, 32, "full"))}, "seeds": 2})


def query(comparison, **more):
    return links.query_for("batch_size", comparison, batch_size.START) | {f"batch_size.{name}": value for name, value in more.items()}


def opened(open_page, asked):
    app = open_page(PAGE, asked, errors=True)
    assert not app.exception
    assert not app.error, [shown.value for shown in app.error]
    return app


def test_before_anything_was_trained_it_offers_to_run_its_comparison(open_page, store):
    app = open_page(PAGE)
    app.button(key="batch_size.run_here").click().run()
    assert store.progress(batch_size.START).pending == "run"


def test_a_stored_comparison_shows_three_clocks_and_what_an_update_costs(open_page, store):
    compare(sizes(), store=store, progress=False)
    app = open_page(PAGE, query(sizes()))
    assert len(app.get("vega_lite_chart")) == 3
    costs = app.dataframe[0].value
    assert list(costs["updates"]) == [12, 3, 1], "90 examples"
    assert list(costs["per_s"]) == pytest.approx(list(90 / costs["epoch_s"]), rel=0.01)


def test_the_rules_are_compared_at_the_largest_batch(open_page, store):
    compare(batch_sizes.scaled(sizes(8, 32), 8), store=store, progress=False)
    app = opened(open_page, query(sizes(8, 32), part="Scaling the rate", reference="8"))
    assert app.selectbox(key="batch_size.rules.same").value == "32"
    assert len(app.get("vega_lite_chart")) == 1
    assert any("No seed diverged" in caption.value for caption in app.caption)
    assert not app.warning


def test_one_size_alone_cannot_be_scaled(open_page, store):
    app = opened(open_page, query(sizes(8), part="Scaling the rate"))
    assert "at least two sizes" in app.info[0].value


def test_the_gradient_noise_is_measured_for_the_settings(open_page, store):
    app = opened(open_page, query(sizes(), part="Gradient noise", draws="16"))
    assert list(app.dataframe[0].value["batch_size"]) == [1, 2, 4, 8, 16, 32, 64, 90]
    assert {metric.label for metric in app.metric} >= {"Slope", "Noise scale"}
    assert "90 training examples" in texts(app)
