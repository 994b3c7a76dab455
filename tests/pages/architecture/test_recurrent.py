"""The page of recurrent networks: four tabs, each reached by a link, and what they say of what is stored."""

from __future__ import annotations

import json
import math
import shutil

import numpy as np
import pytest

from core.comparison import Comparison
from core.runs.compare import compare
from core.runs.store import Store
from core.ui.form import links
from core.ui.pages.recurrent import parts
from tests.pages.conftest import assert_no_error, texts

PAGE = "pages/recurrent.py"
OFFERED = [(part.tab, offered.title) for part in parts.PARTS.values() for offered in part.experiments]


def small(data="adding", **varied):
    base = {
        "data": data if data == "digits" else {"kind": data, "samples": 60},
        "model": {"kind": "recurrent", "hidden": 4, "cell": "rnn"},
        "training": {"epochs": 2},
    }
    return Comparison.load({"base": base, "vary": varied or {"model.cell": ["rnn", "lstm", "gru"]}, "seeds": 3})


def query(comparison, tab=parts.ADDING, **more):
    part = parts.PARTS.get(tab, parts.ADDING_PART)
    asked = links.query_for(part.page, comparison, part.start) | {"recurrent.tab": tab}
    return asked | {f"recurrent.{name}": value for name, value in more.items()}


@pytest.fixture(scope="module")
def trained_here(tmp_path_factory):
    file = tmp_path_factory.mktemp("recurrent") / "tandem.db"
    store = Store(f"sqlite:///{file}")
    compare(small(), store=store, progress=False)
    store.close()
    return file


@pytest.fixture
def stored(home, trained_here):
    home.mkdir(parents=True, exist_ok=True)
    shutil.copy(trained_here, home / "tandem.db")
    return Store(f"sqlite:///{home / 'tandem.db'}")


@pytest.mark.parametrize(("tab", "label"), OFFERED)
def test_every_comparison_that_is_offered_is_one_link_and_one_click_away(open_page, store, tab, label):
    comparison = next(offered.comparison for offered in parts.PARTS[tab].experiments if offered.title == label)
    app = open_page(PAGE, query(comparison, tab))
    shown = [link.proto.query_string for link in app.get("page_link") if link.proto.label == label]
    assert comparison.id in shown[0]
    assert "recurrent.tab" in shown[0]
    app.button(key=f"{parts.PARTS[tab].page}.run_here").click().run()
    assert_no_error(app)
    assert store.progress(comparison).pending == "run"


def test_it_opens_with_the_adding_problem(open_page, store):
    app = open_page(PAGE)
    app.button(key="recurrent.run_here").click().run()
    assert store.progress(parts.ADDING_PART.start).pending == "run"


def test_it_says_who_is_below_half_of_the_baseline(open_page, stored):
    app = open_page(PAGE, query(small()))
    assert "Below half of 0.167 (always predicting the mean): rnn " in texts(app).replace("\\", "")
    assert len(app.get("vega_lite_chart")) == 2
    table = app.dataframe[0].value
    losses = stored.history(small())[0].drop_duplicates("run", keep="last").set_index("run")
    expected = (losses["val_loss"] < 1 / 12).groupby(losses["variant"]).sum()
    assert dict(zip(table["variant"], table["solved"], strict=True)) == {name: expected[name] for name in small().names}


def test_data_without_a_known_baseline_have_no_rule(open_page, store):
    comparison = small("digits")
    compare(comparison, store=store, progress=False)
    app = open_page(PAGE, query(comparison))
    assert "dotted" not in app.get("vega_lite_chart")[0].proto.spec
    assert "no loss without memory is known" in texts(app)


def test_clipping_shows_the_share_that_diverged(open_page, store):
    comparison = small(clipping=["none", "norm"])
    compare(comparison, store=store, progress=False)
    app = open_page(PAGE, query(comparison, parts.CLIPPING))
    assert "share of runs that diverged" in app.get("vega_lite_chart")[2].proto.spec


def test_truncation_shows_what_an_update_costs(open_page, store):
    comparison = small("copy", **{"model.truncation": [None, 4]})
    compare(comparison, store=store, progress=False)
    app = open_page(PAGE, query(comparison, parts.TRUNCATION))
    assert list(app.dataframe[0].value["variant"]) == ["truncation=none", "truncation=4"]
    assert (app.dataframe[0].value["ms"] > 0).all()
    note = json.loads(app.get("vega_lite_chart")[0].proto.spec)["title"]["text"]
    assert f"dotted: guessing, {math.log(8):.3g}" in " ".join(note)


@pytest.mark.parametrize("radius", ["0.7", "1.3"])
def test_without_inputs_the_rnn_has_the_slope_that_is_predicted(open_page, store, radius):
    app = open_page(PAGE, query(parts.ADDING_PART.start, parts.LAG, **{"lag.inputs": "zeros", "lag.radius": radius}))
    assert len(app.get("vega_lite_chart")) == 1
    rnn = app.dataframe[0].value.set_index("variant").loc["rnn"]
    assert rnn["predicted"] == pytest.approx(math.log(float(radius)))
    assert rnn["slope"] == pytest.approx(math.log(float(radius)), abs=1e-5)
    assert rnn["straight"] == pytest.approx(1)


def test_with_inputs_it_falls_faster_than_predicted(open_page, store):
    rnn = open_page(PAGE, query(small(), parts.LAG)).dataframe[0].value.set_index("variant").loc["rnn"]
    assert rnn["slope"] < rnn["predicted"]


def test_the_forget_bias_moves_the_lstm_alone(open_page, store):
    low, high = (
        open_page(PAGE, query(small(), parts.LAG, **{"lag.forget_bias": bias})).dataframe[0].value.set_index("variant")["slope"]
        for bias in ("-1", "4")
    )
    assert high["lstm"] > low["lstm"] + 0.1
    assert high["gru"] == low["gru"]


def test_before_anything_was_trained_there_is_no_gradient_after_training(open_page, store):
    app = open_page(PAGE, query(small(), parts.LAG, **{"lag.networks": "after training"}))
    assert not app.get("vega_lite_chart")
    app.button(key="recurrent.lag.run_here").click().run()
    assert store.progress(small()).pending == "run"


def test_the_trained_networks_are_measured(open_page, stored):
    before = open_page(PAGE, query(small(), parts.LAG, **{"lag.radius": "1"})).dataframe[0].value
    app = open_page(PAGE, query(small(), parts.LAG, **{"lag.networks": "after training"}))
    after = app.dataframe[0].value
    assert list(after["variant"]) == ["rnn", "lstm", "gru"]
    assert "predicted" not in after
    assert not np.allclose(after["slope"], before["slope"], atol=1e-4)
    assert app.slider(key="recurrent.lag.radius").disabled


def test_without_a_recurrent_network_it_says_what_to_do(open_page, store):
    comparison = Comparison.load({"base": {"data": "iris"}, "vary": {"optimizer.lr": [0.1]}, "seeds": 1})
    app = open_page(PAGE, query(comparison, parts.LAG))
    assert "Choose recurrent" in app.info[0].value


def test_more_units_than_can_be_measured_are_refused_in_words(open_page, store):
    app = open_page(PAGE, {"recurrent.tab": parts.LAG, "recurrent.model.recurrent.hidden": "4096"}, errors=True)
    assert not app.exception
    assert "at most 256" in app.error[0].value


def test_a_recurrent_network_for_rows_of_a_table_is_refused_in_words(open_page, store):
    app = open_page(PAGE, {"recurrent.data": "iris"}, errors=True)
    assert not app.exception
    assert any("row of features" in shown.value for shown in app.error)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"kind": "adding"}, 1 / 6),
        ({"kind": "adding", "scale": "standard"}, 1.0),
        ({"kind": "copy", "symbols": 5}, math.log(5)),
        ({"kind": "digits"}, None),
    ],
    ids=str,
)
def test_what_takes_no_memory_has_a_known_loss(data, expected):
    comparison = Comparison.load({"base": {"data": data, "model": {"kind": "recurrent"}}, "seeds": 1})
    found = parts.baselines(comparison)
    assert [baseline.value for baseline in found.values()] == ([] if expected is None else [expected])


def test_each_variant_is_held_against_what_its_own_data_allow(open_page, store):
    comparison = small(**{"data.scale": ["none", "standard"], "model.cell": ["rnn", "gru"]})
    compare(comparison, store=store, progress=False)
    app = open_page(PAGE, query(comparison))
    table = app.dataframe[0].value.set_index("variant")
    last = store.history(comparison)[0].drop_duplicates("run", keep="last")
    for name, run in comparison.settings.items():
        without = 1 / 6 if run.data.scale == "none" else 1.0
        assert table.loc[name, "baseline"] == pytest.approx(without)
        assert table.loc[name, "solved"] == (last.loc[last["variant"] == name, "val_loss"] < without / 2).sum()
    said = texts(app).replace("\\", "")
    assert "Below half of 0.167" in said
    assert "; below half of 1 " in said
    note = " ".join(json.loads(app.get("vega_lite_chart")[0].proto.spec)["title"]["text"])
    assert "0.167" in note
    assert "dotted: always predicting the mean, 1" in note
