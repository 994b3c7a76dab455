"""The workbench: what it shows of nothing, of a part, and of all of a comparison; its controls; its buttons."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import delete
from streamlit.testing.v1 import AppTest

from core.analysis.statistics import leading_verdict, summarise
from core.comparison import Comparison
from core.data.tables import keep_table, tables_folder
from core.runs.compare import compare
from core.runs.store import ledger
from core.runs.store.schema import predictions
from core.ui.form import links
from core.ui.markdown import escaped
from tests.pages.conftest import assert_no_error, small, texts

PAGE = "pages/compare.py"
HOSTILE = '**b** <b>x</b> [a](http://127.0.0.1:9/) ![](http://127.0.0.1:9/i.png) =1+1"'


def query(comparison: Comparison, **more: str | list[str]) -> dict[str, str | list[str]]:
    return links.query_for("compare", comparison) | {f"compare.{name}": value for name, value in more.items()}


def specs(app: AppTest) -> list[str]:
    """The charts' specifications, in order; the first is that of the metric."""
    return [chart.proto.spec for chart in app.get("vega_lite_chart")]


def enabled(app: AppTest) -> set[str]:
    return {button.label for button in app.button if button.key.startswith("compare.do.") and not button.disabled}


def test_before_anything_was_trained_it_says_what_would_be_and_offers_to_run_it(open_page, store):
    app = open_page(PAGE)
    assert "Nothing has been trained with these settings yet" in texts(app)
    assert enabled(app) == {"Run", "Epoch"}
    assert not specs(app)
    plan = app.dataframe[0].value
    assert list(plan) == ["SGD momentum", "SGD Nesterov", "RMSprop", "Adam", "AdamW"]
    assert list(plan.loc["optimizer.lr"]) == ["0.05", "0.05", "0.001", "0.001", "0.001"]
    assert "training.epochs" not in plan.index, "it is the same in all variants"


def test_many_variants_are_listed_below_each_other(open_page, store):
    plan = open_page(PAGE, query(small(*(place / 100 for place in range(1, 11))))).dataframe[0].value
    assert list(plan) == ["optimizer.lr"]
    assert len(plan) == 10


def test_a_click_on_run_asks_for_the_comparison_that_is_shown(open_page, store):
    app = open_page(PAGE, query(small()))
    app.button(key="compare.do.run").click().run()
    assert_no_error(app)
    assert store.progress(small()).pending == "run"
    assert store.comparison(small().id) == small()
    assert enabled(app) == {"Pause", "Cancel"}


def test_every_click_is_asked_of_the_runner_and_offers_what_can_follow(open_page, store):
    app = open_page(PAGE, query(small()))
    for action, after in (("run", {"Pause", "Cancel"}), ("pause", {"Cancel"}), ("cancel", set())):
        app.button(key=f"compare.do.{action}").click().run()
        assert store.progress(small()).pending == action
        assert enabled(app) == after


def test_a_stored_comparison_shows_its_verdict_and_summary(open_page, filled):
    app = open_page(PAGE, query(small()))
    history, runs = filled.history(small())[0], filled.runs(small())
    assert escaped(leading_verdict(history, runs)) in texts(app)
    table, expected = app.dataframe[0].value, summarise(history, runs)
    for shown in ("variant", "n", "diverged", "mean", "best", "test_loss", "test_accuracy", "parameters"):
        assert list(table[shown]) == list(expected[shown])
    assert list(table["half"]) == pytest.approx(list((expected["ci_high"] - expected["ci_low"]) / 2))
    assert [len(curve) for curve in table["curve"]] == [4, 4]
    assert enabled(app) == set()


def test_the_first_chart_follows_the_controls(open_page, filled):
    app = open_page(PAGE, query(small(), metric="Validation accuracy", x="seconds", show=["log y"]))
    spec = specs(app)[0]
    assert "validation accuracy (fraction)" in spec
    assert '"field": "seconds"' in spec
    assert '"field": "epoch"' not in spec
    assert '"type": "log"' in spec
    assert "dashed" not in spec
    app = open_page(PAGE, query(small()))
    spec = specs(app)[0]
    assert "validation loss (nats)" in spec
    assert '"type": "log"' not in spec
    assert "dashed" in spec


def test_the_verdict_and_the_table_follow_the_metric_and_the_value_of_each_run(open_page, filled):
    history, runs = filled.history(small())[0], filled.runs(small())
    app = open_page(PAGE, query(small(), metric="Validation accuracy", at="best"))
    assert escaped(leading_verdict(history, runs, "val_accuracy", "best")) in texts(app)
    assert list(app.dataframe[0].value["mean"]) == list(summarise(history, runs, "val_accuracy", "best")["mean"])


@pytest.mark.parametrize("weights", ["over time", "norm", "at the end"])
@pytest.mark.parametrize("axis", ["updates", "epochs", "examples", "seconds"])
def test_the_weights_can_be_shown_in_every_way_along_every_axis(open_page, filled, weights, axis):
    app = open_page(PAGE, query(small(), weights=weights, x=axis))
    described = [json.loads(spec)["description"] for spec in specs(app)]
    assert [text for text in described if "istograms of the weights" in text or "weight norm" in text]


@pytest.mark.parametrize(
    ("tab", "charts"), [("Gradients", 3), ("Boundary", 2), ("Activations", 3), ("Predictions", 4), ("Timing", 1), ("What differs", 0)]
)
def test_only_the_open_tab_is_made(open_page, filled, tab, charts):
    app = open_page(PAGE, query(small(), tab=tab, sparsity="near zeros"))
    before_the_tabs = 3
    assert len(specs(app)) - before_the_tabs == charts
    if tab == "What differs":
        assert app.dataframe[0].value.to_dict() == {"lr=0.001": {"optimizer.lr": "0.001"}, "lr=0.01": {"optimizer.lr": "0.01"}}


def test_the_predictions_are_said_to_be_of_the_test_part(open_page, filled):
    app = open_page(PAGE, query(small(), tab="Predictions"))
    assert "on the test part, on which no decision was made: 200 examples" in texts(app).replace("\\", "")
    areas = next(frame.value for frame in app.dataframe if "roc_auc" in frame.value)
    assert list(areas["variant"]) == small().names
    assert areas["roc_auc"].between(0.5, 1).all()


@pytest.mark.parametrize("chosen", [["lr=0.01"], []])
def test_the_predictions_of_the_chosen_variants_are_shown(open_page, filled, chosen):
    app = open_page(PAGE, query(small(), tab="Predictions", predicted=chosen))
    described = [json.loads(spec)["description"] for spec in specs(app)]
    shown = [text for text in described if text.startswith("Confusion matrix")]
    assert [name for name in small().names if any(f"of {name}:" in text for text in shown)] == (chosen or small().names)


def test_a_store_without_predictions_says_that_they_were_not_kept(open_page, filled):
    with filled.database.writing() as connection:
        connection.execute(delete(predictions))
    app = open_page(PAGE, query(small(), tab="Predictions"))
    assert "These runs have no stored predictions" in texts(app)


def test_before_a_run_has_ended_there_are_no_predictions_yet(open_page, store):
    store.request(small(), "run")
    app = open_page(PAGE, query(small(), tab="Predictions"))
    assert "No run has ended yet" in texts(app)


def test_data_of_more_than_two_features_have_no_boundary(open_page, store):
    comparison = small(data="iris")
    store.request(comparison, "run")
    app = open_page(PAGE, query(comparison))
    assert [tab.label for tab in app.tabs] == ["Gradients", "Activations", "Predictions", "Timing", "What differs"]


def test_with_one_variant_added_it_shows_what_is_stored_and_what_is_missing(open_page, filled):
    wider = small(0.001, 0.01, 0.1)
    app = open_page(PAGE, query(wider))
    assert filled.count() == 1, "looking at a comparison does not write it down"
    bar = app.get("progress")[0].proto
    assert bar.text.startswith("9 runs, 6 stored, about ")
    assert bar.value == 66
    assert enabled(app) == {"Run", "Epoch"}
    assert "no data yet" in specs(app)[0]
    table = app.dataframe[0].value
    assert list(table["variant"]) == ["lr=0.001", "lr=0.01", "lr=0.1"]
    assert list(table["n"]) == [3, 3, 0]


def test_names_of_variants_stay_as_they_were_written(open_page, store):
    named = Comparison.load({"base": small().base, "variants": [{"name": HOSTILE}, {"name": "other", "model.hidden": [4]}], "seeds": 2})
    store.request(named, "run")
    app = open_page(PAGE, query(named))
    assert HOSTILE not in texts(app)
    assert list(app.dataframe[0].value["variant"]) == [HOSTILE, "other"]


def test_a_comparison_larger_than_allowed_is_refused_and_not_written_down(open_page, store, monkeypatch):
    monkeypatch.setenv("TANDEM_MAX_RUNS", "5")
    app = open_page(PAGE, query(small()))
    assert "6 asked for" in app.warning[0].value.replace("\\", "")
    app.button(key="compare.do.run").click().run()
    assert "TANDEM_MAX_RUNS" in app.error[0].value.replace("\\", "")
    assert store.count() == 0


def test_a_failure_says_why(open_page, store):
    store.request(small(), "run")
    with store.database.writing() as connection:
        ledger.take_request(connection)
        ledger.end(connection, small().id, "failed", "a worker ran out of memory\nmake the network smaller")
    app = open_page(PAGE, query(small()), errors=True)
    assert "a worker ran out of memory" in app.error[0].value
    assert enabled(app) == {"Run", "Epoch"}


def test_a_table_of_one_class_is_refused_in_a_sentence(open_page):
    sha256 = keep_table(b"x,target\n" + b"".join(b"%d,same\n" % number for number in range(40)), tables_folder(), "mine.csv")
    query = {"data": "table", "data.table.sha256": sha256, "data.table.target": "target"}
    page = open_page(PAGE, {f"compare.{name}": text for name, text in query.items()}, errors=True)
    assert not page.exception
    [error] = page.error
    assert "one class" in error.value


def test_a_verdict_in_what_each_run_minimises_warns_where_that_is_not_one_loss(open_page, store):
    base = {"data": "moons", "model": {"kind": "mlp", "hidden": [4]}, "training": {"epochs": 1}}
    losses = Comparison.load({"base": base, "vary": {"loss": ["auto", "focal"]}, "seeds": 2})
    compare(losses, store=store, progress=False)
    app = open_page(PAGE, query(losses, metric="Training loss as logged"))
    assert "it differs between the variants" in texts(app)
    assert "it differs between the variants" not in texts(open_page(PAGE, query(losses)))


def test_where_all_variants_minimise_one_loss_there_is_no_warning(open_page, filled):
    app = open_page(PAGE, query(small(), metric="Training loss as logged"))
    assert "it differs between the variants" not in texts(app)
