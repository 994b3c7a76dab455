"""Pruning: the dense network beside every pruned one, what the page says of them, and networks that really become smaller."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
from pandas import DataFrame

from core.charts.parts import palette
from core.comparison import Comparison
from core.experiments import pruning as experiments
from core.runs.compare import compare
from core.ui.form import links
from core.ui.pages.pruning import masks, pruning
from tests.pages.conftest import assert_no_error, texts

PAGE = "pages/pruning.py"

SMALL = Comparison.load(
    {
        "base": {
            "data": "moons",
            "model": {"kind": "mlp", "hidden": [8, 8]},
            "training": {"epochs": 3},
            "pruning": {"kind": "magnitude", "epochs": [2]},
        },
        "vary": {
            "pruning": [{"kind": "magnitude", "epochs": [2]}, {"kind": "units", "epochs": [2]}],
            "pruning.sparsity": [0.25, 0.75],
        },
        "seeds": 3,
    }
)


@pytest.fixture
def trained_here(store):
    """This test's store with the small comparison and its dense network in it."""
    compare(pruning.with_dense(SMALL), store=store, progress=False)
    return store


def colours_of(app, place):
    """The colour of each variant or reference in a chart of the page."""
    found = {}
    for layer in json.loads(app.get("vega_lite_chart")[place].proto.spec)["layer"]:
        if "color" in layer["encoding"]:
            scale = layer["encoding"]["color"]["scale"]
            found |= dict(zip(scale["domain"], scale["range"], strict=True))
        elif layer["mark"]["type"] == "rule":
            found["dense"] = layer["mark"]["color"]
    return found


def query(**more):
    return links.query_for("pruning", SMALL, pruning.START) | {f"pruning.{name}": value for name, value in more.items()}


def test_the_dense_network_is_compared_too_and_stands_first():
    whole = pruning.with_dense(SMALL)
    assert whole.names == ["dense", *SMALL.names]
    runs = whole.settings
    assert runs["dense"].pruning.kind == "none"
    assert {run.key for run in SMALL.runs()} < {run.key for run in whole.runs()}
    assert len(whole.runs()) == len(SMALL.runs()) + 3


def test_a_comparison_that_has_a_dense_network_gets_no_second_one():
    whole = pruning.with_dense(SMALL)
    assert pruning.with_dense(whole).id == whole.id


def test_several_dense_networks_are_told_apart_by_what_makes_them_different():
    several = Comparison.load({"base": SMALL.base, "vary": {"model.hidden": [[8], [4]], "pruning.sparsity": [0.5]}, "seeds": 1})
    assert pruning.with_dense(several).names[:2] == ["dense, hidden=8", "dense, hidden=4"]


@pytest.mark.parametrize("start", experiments.EXPERIMENTS, ids=lambda start: start.title)
def test_what_the_page_offers_can_be_opened_by_its_link(start):
    assert links.query_for("pruning", start.comparison, pruning.START)
    assert len(pruning.with_dense(start.comparison).names) == len(start.comparison.names) + 1


def test_on_an_empty_store_one_button_asks_for_the_whole_comparison(open_page, store):
    app = open_page(PAGE, query())
    assert "Nothing has been trained" in texts(app)
    app.button(key="pruning.run_here").click().run()
    assert_no_error(app)
    assert store.progress(pruning.with_dense(SMALL)).pending == "run"


def test_a_stored_comparison_shows_curves_squares_masks_and_exact_values(open_page, trained_here):
    app = open_page(PAGE, query(level="0.75"))
    assert len(app.get("vega_lite_chart")) == 4, "the trade-off, the squares, and a mask each"
    quality, table = (frame.value.set_index("variant") for frame in app.dataframe[:2])
    assert list(quality.index) == list(table.index) == pruning.with_dense(SMALL).names
    assert {"mean", "half", "difference"} < {*quality}
    row = table.loc["magnitude epochs=2, sparsity=0.75"]
    assert row["left"] == pytest.approx(0.25, abs=0.01)
    assert row["multiply_adds"] == 2 * 8 + 8 * 8 + 8 * 2
    assert row["remaining"] == pytest.approx(0.25 * 96, abs=0.51)
    assert row["speed_up"] == pytest.approx(row["multiply_adds"] / row["remaining"])
    assert table.loc["units epochs=2, sparsity=0.75", "remaining"] == 2 * 2 + 2 * 2 + 2 * 2, "2 of 8 units stay in each layer"
    assert "of the dense network's" in texts(app).replace("\\", "")


def test_a_variant_has_the_same_colour_in_both_charts(open_page, trained_here):
    app = open_page(PAGE, query(level="0.75", tab="Over training"))
    above, below = (colours_of(app, chart) for chart in (0, 2))
    names = {"magnitude epochs=2": "magnitude epochs=2, sparsity=0.75", "units epochs=2": "units epochs=2, sparsity=0.75"}
    assert below == {names.get(name, name): colour for name, colour in above.items()}
    assert above["dense"] == palette.MISSING


TWO = Comparison.load(
    {
        "base": SMALL.base,
        "vary": {
            "optimizer": [{"kind": "sgd", "lr": 0.3}, {"kind": "adam", "lr": 0.03}],
            "pruning.sparsity": [0.25, 0.75],
        },
        "seeds": 3,
    }
)


def test_each_network_is_held_against_itself_unpruned(open_page, store):
    whole = pruning.with_dense(TWO)
    compare(whole, store=store, progress=False)
    app = open_page(PAGE, links.query_for("pruning", TWO, pruning.START) | {"pruning.metric": "val_loss"})
    history = store.history(whole)[0].sort_values("step")
    last = history.groupby(["variant", "seed"])["val_loss"].last().unstack("seed")
    table = app.dataframe[0].value.set_index("variant")
    changes = {}
    for name, run in whole.settings.items():
        if run.pruning.kind == "none":
            assert np.isnan(table.loc[name, "difference"])
            continue
        (dense,) = [other for other, own in whole.settings.items() if own.pruning.kind == "none" and own.optimizer == run.optimizer]
        changes[name] = last.loc[name] - last.loc[dense]
        assert table.loc[name, "difference"] == pytest.approx(changes[name].mean())
        assert table.loc[name, "counterpart"] == dense
    said = texts(app).replace("\\", "")
    free = {name for name, change in changes.items() if change.mean() <= pruning.TOLERANCE}
    enough, _, lost = said.rpartition("No tried sparsity stays ")
    for kind in ("sgd", "adam"):
        mine = [name for name in free if whole.settings[name].optimizer.kind == kind]
        assert bool(mine) != (kind in lost.partition("\n")[0])
    assert not free or "of its own dense network's validation loss" in enough


def test_two_networks_have_a_panel_each_with_the_one_dense_network_that_is_theirs(open_page, store):
    compare(pruning.with_dense(TWO), store=store, progress=False)
    app = open_page(PAGE, links.query_for("pruning", TWO, pruning.START))
    proto = app.get("vega_lite_chart")[0].proto
    panels = json.loads(proto.spec)["concat"]
    names = [dense for dense, run in pruning.with_dense(TWO).settings.items() if run.pruning.kind == "none"]
    assert len(panels) == len(names) == 2
    data = {dataset.name: dataset.data.data for dataset in proto.datasets}
    for panel, dense in zip(panels, names, strict=True):
        rules = [layer for layer in panel["layer"] if layer["mark"]["type"] == "rule"]
        assert [list(pa.ipc.open_stream(data[rule["data"]["name"]]).read_pandas()["name"]) for rule in rules] == [[dense]]


def test_names_with_commas_can_be_told_apart_in_a_sentence():
    best = DataFrame({"family": ["in 3 steps", "in 3 steps, cubic", "units"], "left": [0.2, 0.2, 0.5]})
    said = pruning._free(best, ["ticket, one shot"], "accuracy")
    assert "(“in 3 steps”, “in 3 steps, cubic”)" in said
    assert "(units)" in said
    assert said.endswith("No tried sparsity stays within 0.01 of the dense network's accuracy: “ticket, one shot”.")


def test_survivors_are_counted_by_input():
    weights = {"hidden1.linear.weight": np.array([[1.0, 0, 2], [0, 0, 3]]), "output.weight": np.ones((2, 2))}
    assert list(masks.surviving(weights)) == [1, 0, 2]
    assert masks.surviving({"hidden1.conv.weight": np.ones((2, 1, 3, 3))}) is None


def test_units_are_cut_out_and_timed_only_when_asked(open_page, trained_here):
    app = open_page(PAGE, query(level="0.75", tab="Smaller for real"))
    assert not app.metric
    app.toggle(key="pruning.time").set_value(True).run()
    assert_no_error(app)
    assert [metric.label for metric in app.metric] == ["Parameters", "Forward pass", "Measured speed-up"]
    assert app.metric[0].value == f"{(2 * 2 + 2) + (2 * 2 + 2) + (2 * 2 + 2)}"


@pytest.mark.parametrize("tab", ["Masks", "Over training", "Smaller for real"])
@pytest.mark.parametrize("value", ["", "nan", "<b>", "9" * 40, "0.25"])
def test_nonsense_in_the_view_breaks_nothing(open_page, trained_here, tab, value):
    open_page(PAGE, query(level=value, metric=value, shown_seed=value, tab=tab))


def test_what_tickets_had_reached_at_each_sparsity_is_shown(open_page, store):
    steps = {"kind": "magnitude", "sparsity": 0.75, "epochs": [1, 2]}
    asked = Comparison.load({"base": SMALL.base, "vary": {"pruning": [steps | {"rewind": 0}, steps]}, "seeds": 2})
    compare(pruning.with_dense(asked), store=store, progress=False)
    app = open_page(PAGE, links.query_for("pruning", asked, pruning.START) | {"pruning.tab": "Over training"})
    table = next(frame.value for frame in app.dataframe if "epoch" in frame.value)
    ticket = pruning.with_dense(asked).names[1]
    assert list(table["variant"]) == [ticket, ticket], "the network that trains on is no ticket"
    assert list(table["epoch"]) == [1, 2]
    np.testing.assert_allclose(table["left"], [1.0, 0.5], atol=0.01)
    reached = store.history(pruning.with_dense(asked))[0].query("moment != ''").groupby("epoch")["val_accuracy"].mean()
    np.testing.assert_allclose(table["mean"], reached)
