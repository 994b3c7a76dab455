"""Pages of runs of which no training examples were measured, or a sample: they draw what there is, and say what it is of."""

from __future__ import annotations

import pytest

from core.comparison import Comparison
from core.runs.compare import compare
from core.ui.form import links
from core.ui.pages import batch_size, early_stopping, learning_rate
from core.ui.pages.gradient_flow import gradient_flow
from core.ui.pages.normalization import normalization
from core.ui.pages.regularization import regularization

STARTS = {
    "compare": None,
    "gradient_flow": gradient_flow.START,
    "normalization": normalization.START,
    "early_stopping": early_stopping.START,
    "regularization": regularization.START,
    "learning_rate": learning_rate.START,
    "batch_size": batch_size.START,
}


VARY = {"normalization": {"model.normalization": ["none", "batch"], "training.batch_size": [16, 64]}}
"""What pages vary that show one kind of choice alone."""


def measuring(page="compare", **training) -> Comparison:
    base = {"data": "moons", "model": {"kind": "mlp", "hidden": [6, 6]}, "training": {"epochs": 2} | training}
    return Comparison.load({"base": base, "vary": VARY.get(page, {"optimizer.lr": [0.001, 0.01]}), "seeds": 2})


@pytest.mark.parametrize("page", STARTS)
def test_a_page_of_runs_without_training_metrics_draws_the_others(page, open_page, store):
    asked = measuring(page, evaluate_train="none")
    compare(asked, store=store, progress=False)
    start = STARTS[page]
    app = open_page(f"pages/{page}.py", links.query_for(page, asked, *([start] if start else [])))
    assert app.get("vega_lite_chart"), "it draws"
    assert "training loss" not in {option.lower() for box in app.selectbox if box.label == "Metric" for option in box.options}


def test_the_charts_and_the_table_say_the_sample(open_page, store):
    asked = measuring(evaluate_train="sample", evaluate_examples=50)
    compare(asked, store=store, progress=False)
    app = open_page("pages/compare.py", links.query_for("compare", asked) | {"compare.metric": "Training accuracy"})
    assert "Training accuracy (50 examples)" in [heading.value for heading in app.subheader]
    assert "training accuracy (fraction, 50 examples)" in app.get("vega_lite_chart")[0].proto.spec
    assert "Training accuracy (50 examples)" in app.dataframe[0].proto.columns
