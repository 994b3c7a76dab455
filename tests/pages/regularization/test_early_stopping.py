"""Early stopping: the rules replayed, the sliders, and the runs that were really stopped."""

from __future__ import annotations

import shutil
from typing import get_args

import pytest

from core.analysis.shown.stopping import summed
from core.analysis.statistics import leading_verdict
from core.choices.stopping import Watched
from core.comparison import Comparison
from core.labs.regularization import stopping_replay
from core.runs.compare import compare
from core.runs.store import Store
from core.ui.form import links
from core.ui.markdown import escaped
from core.ui.pages import early_stopping
from core.ui.pages.early_stopping import START, untouched
from tests.pages.conftest import assert_no_error, texts

PAGE = "pages/early_stopping.py"
BASE = {"data": "moons", "model": {"kind": "mlp", "hidden": [8]}, "optimizer": {"kind": "adam", "lr": 0.1}, "training": {"epochs": 12}}
RULES = [
    {"name": "Free"},
    {"name": "Patience", "stopping": {"kind": "patience", "patience": 1}},
    {"name": "Best", "stopping": {"kind": "patience", "patience": 1, "restore_best": True}},
]
SMALL = Comparison.load({"base": BASE, "variants": RULES, "seeds": 2})


@pytest.fixture(scope="module")
def trained_here(tmp_path_factory):
    file = tmp_path_factory.mktemp("stopping") / "tandem.db"
    store = Store(f"sqlite:///{file}")
    compare(SMALL, store=store, progress=False)
    store.close()
    return file


@pytest.fixture
def stopped(home, trained_here):
    home.mkdir(parents=True, exist_ok=True)
    shutil.copy(trained_here, home / "tandem.db")
    return Store(f"sqlite:///{home / 'tandem.db'}")


def query(comparison: Comparison = SMALL, **more: str) -> links.Query:
    return links.query_for("early_stopping", comparison, START) | {f"early_stopping.{name}": value for name, value in more.items()}


def free(store):
    history = store.history(SMALL)[0]
    return history[history["variant"] == "Free"]


def test_before_anything_was_trained_one_click_asks_for_the_pages_comparison(open_page, store):
    app = open_page(PAGE)
    assert "rules that stop it before" in texts(app)
    app.button(key="early_stopping.run_here").click().run()
    assert_no_error(app)
    assert store.progress(START).pending == "run"


def test_the_sliders_decide_where_the_rules_stop(open_page, stopped):
    for patience in (1, 6):
        app = open_page(PAGE, query(patience=str(patience)))
        expected = summed(
            stopping_replay.replayed(
                free(stopped), stopping_replay.rules("val_loss", patience=patience, evaluations=3, tolerance=0.005, target=0.7)
            )
        )
        shown = app.dataframe[0].value
        assert list(shown["epochs"]) == list(expected["epochs"])
        assert list(shown["value"]) == pytest.approx(list(expected["value"]))


@pytest.mark.parametrize("written", ["val_accuracy", "Validation accuracy"])
def test_a_link_keeps_what_the_rules_watch_by_its_name_and_in_words(open_page, stopped, written):
    app = open_page(PAGE, query(metric=written))
    assert "validation accuracy" in app.get("vega_lite_chart")[0].proto.spec.lower()


def test_a_link_to_a_metric_that_is_none_shows_the_loss(open_page, stopped):
    app = open_page(PAGE, query(metric="val_beauty"))
    assert not app.exception
    assert "validation loss" in app.get("vega_lite_chart")[0].proto.spec.lower()


@pytest.mark.parametrize("metric", get_args(Watched))
def test_the_rules_can_watch_every_metric(open_page, stopped, metric):
    words = {"val_loss": "Validation loss", "val_accuracy": "Validation accuracy", "val_f1": "Validation F1"}[metric]
    app = open_page(PAGE, query(metric=words))
    assert words.lower().removeprefix("validation ") in app.get("vega_lite_chart")[0].proto.spec.lower()
    target = 0.7 if metric == "val_loss" else 0.85
    rules = stopping_replay.rules(metric, evaluations=3, tolerance=0.005, target=target)
    assert list(app.dataframe[0].value["epochs"]) == list(summed(stopping_replay.replayed(free(stopped), rules))["epochs"])


def test_a_trained_rule_ended_where_its_replay_ends(open_page, stopped):
    app = open_page(PAGE, query())
    table = app.dataframe[1].value.set_index("variant")
    assert table.loc["Patience", "epochs"] == table.loc["Patience", "replayed"]
    assert table.loc["Patience", "epochs"] != table.loc["Free", "epochs"]
    runs = stopped.runs(SMALL)
    means = runs.groupby("variant")["test_loss"].mean()
    assert list(table["test_loss"]) == pytest.approx(list(means.reindex(table.index)))


def test_what_restoring_gave_is_judged_by_the_weights_that_it_brought_back(open_page, stopped):
    app = open_page(PAGE, query())
    table = app.dataframe[1].value.set_index("variant")
    history = stopped.history(SMALL)[0]
    losses = history[history["variant"] == "Best"].groupby("run")["val_loss"]
    assert table.loc["Best", "val_loss"] == pytest.approx(losses.min().mean())
    assert table.loc["Best", "val_loss"] < table.loc["Patience", "val_loss"] == pytest.approx(losses.last().mean())
    kept = stopping_replay.up_to_the_weights(history, dict(SMALL.members))
    assert escaped(leading_verdict(kept, stopped.runs(SMALL))) in texts(app)
    assert "belong to the final weights of a run" in texts(app)


def test_no_column_of_the_replayed_rules_is_there_twice(open_page, stopped):
    assert list(open_page(PAGE, query()).dataframe[0].value) == ["rule", "stopped", "epochs", "value", "kept"]
    watching_accuracy = open_page(PAGE, query(metric="val_accuracy")).dataframe[0].value
    assert list(watching_accuracy)[-2:] == ["val_loss", "kept_val_loss"]


def test_without_a_free_variant_all_are_offered():
    assert untouched(SMALL) == ["Free"]
    ruled = Comparison.load({"base": BASE, "variants": RULES[1:], "seeds": 1})
    assert untouched(ruled) == ["Patience", "Best"]


def test_a_rule_is_replayed_on_the_runs_of_its_own_settings(open_page, store):
    optimizers = {"slow": {"kind": "sgd", "lr": 0.05}, "fast": {"kind": "adam", "lr": 0.1}}
    rules = {"free": {"kind": "none"}, "ruled": {"kind": "patience", "patience": 1}}
    variants = [
        {"name": f"{rule} {rate}", "optimizer": optimizer, "stopping": stopping}
        for rate, optimizer in optimizers.items()
        for rule, stopping in rules.items()
    ]
    two = Comparison.load({"base": BASE, "variants": variants, "seeds": 2})
    compare(two, store=store, progress=False)
    table = open_page(PAGE, query(two)).dataframe[1].value.set_index("variant")
    assert len(set(table.loc[["ruled slow", "ruled fast"], "replayed"])) == 2, (
        "they stop elsewhere, so that it can be seen whose runs they are"
    )
    for rate in optimizers:
        assert table.loc[f"ruled {rate}", "replayed"] == table.loc[f"ruled {rate}", "epochs"]
        assert table.loc[f"free {rate}", "replayed"] == "–"


def test_a_rule_without_its_runs_is_not_replayed_on_others(open_page, store):
    lonely = Comparison.load({"base": BASE, "variants": [RULES[0], RULES[1] | {"name": "Other rate", "optimizer.lr": 0.05}], "seeds": 2})
    compare(lonely, store=store, progress=False)
    table = open_page(PAGE, query(lonely)).dataframe[1].value.set_index("variant")
    assert table.loc["Other rate", "replayed"] == "–"


def test_without_validation_data_it_says_what_is_missing(open_page, store):
    bare = Comparison.load({"base": {**BASE, "data": {"kind": "moons", "validation_fraction": 0}, "training": {"epochs": 1}}, "seeds": 1})
    compare(bare, store=store, progress=False)
    app = open_page(PAGE, query(bare))
    assert "have none" in app.info[0].value


def test_the_target_of_each_kind_of_metric_is_kept_apart(open_page, stopped):
    app = open_page(PAGE, query(**{"target.loss": "0.3"}))
    assert app.slider(key="early_stopping.target.loss").value == pytest.approx(0.3)
    assert early_stopping.PAGE == "early_stopping"
