"""The normalization page: batch sizes, axes, both modes, activations."""

from __future__ import annotations

import numpy as np
import pytest

from core.comparison import Comparison
from core.runs.compare import compare
from core.ui.form import links
from core.ui.pages.normalization import activations as norm_activations
from core.ui.pages.normalization import modes as norm_modes
from core.ui.pages.normalization import normalization
from tests.pages.conftest import texts

PAGE = "pages/normalization.py"
BASE = {
    "data": "moons",  # 600 train
    "model": {"kind": "mlp", "hidden": [8]},
    "optimizer": {"kind": "sgd", "lr": 0.1},
    "training": {"epochs": 1},
}


def norms(*kinds, sizes=(4, 64), **base):
    vary = {"model.normalization": list(kinds or ("none", "batch", "layer")), "training.batch_size": list(sizes)}
    return Comparison.load({"base": BASE | base, "vary": vary, "seeds": 2})


def query(comparison, **more):
    asked = links.query_for("normalization", comparison, normalization.START)
    return asked | {f"normalization.{name}": value for name, value in more.items()}


def opened(open_page, asked):
    app = open_page(PAGE, asked, errors=True)
    assert not app.exception
    assert not app.error, [shown.value for shown in app.error]
    return app


def test_before_anything_was_trained_it_offers_to_run_its_comparison(open_page, store):
    app = open_page(PAGE)
    app.button(key="normalization.run_here").click().run()
    assert store.progress(normalization.scaled(normalization.START, 64)).pending == "run"


def test_every_batch_size_of_the_start_divides_its_training_examples():
    """Else a last batch is smaller than the others, or a single example, which batch norm refuses."""
    from core.data.loading import load_data

    examples = len(load_data(normalization.START.base.data).x_train)
    assert {examples % size for size in (2, 4, 8, 16, 64, 256)} == {0}


def test_the_rate_grows_with_the_batch_and_nothing_else_changes():
    scaled = normalization.scaled(norms(sizes=(4, 64, "full")), 64)
    assert scaled.names == norms(sizes=(4, 64, "full")).names
    rates = {(run.training.batch_size, run.optimizer.lr) for run in scaled.runs()}
    assert rates == {(4, 0.00625), (64, 0.1), ("full", 0.1)}
    plain = [run.model_copy(update={"optimizer": scaled.base.optimizer}).key for run in scaled.runs()]
    assert plain == [run.key for run in norms(sizes=(4, 64, "full")).runs()]


def test_a_setting_that_varies_beside_them_is_kept():
    both = norms().model_copy(update={"vary": norms().vary | {"model.activation": ("relu", "tanh")}})
    scaled = normalization.scaled(Comparison.load(both.model_dump()), 64)
    assert {run.model.activation.kind for run in scaled.runs()} == {"relu", "tanh"}


def test_a_stored_comparison_shows_what_each_loses_from_one_size_to_the_other(open_page, store):
    asked = normalization.scaled(norms(), 64)
    compare(asked, store=store, progress=False)
    app = opened(open_page, query(norms(), to="4", **{"from": "64"}))
    shown = app.dataframe[0].value.set_index("curve")
    assert list(shown.index) == ["none", "batch", "layer"]
    last = store.history(asked)[0].drop_duplicates("run", keep="last").set_index(["variant", "seed"])["val_accuracy"]
    change = last["layer, batch_size=4"] - last["layer, batch_size=64"]
    assert shown.loc["layer", "mean"] == pytest.approx(change.mean())
    assert "From batch size 64 to 4" in texts(app).replace("\\", "")


def test_with_one_rate_for_all_it_is_the_comparison_of_the_sidebar(open_page, store):
    compare(norms(), store=store, progress=False)
    app = opened(open_page, query(norms(), rule="lr fixed"))
    assert len(app.get("vega_lite_chart")) == 1
    assert not [table for table in app.dataframe if "edge" in table.value]  # no batch size is called the best


def test_one_batch_size_alone_has_no_curve(open_page, store):
    app = opened(open_page, query(norms(sizes=(4,))))
    assert "at least two sizes" in app.info[0].value


def test_a_batch_of_one_is_refused_with_a_message(open_page, store):
    app = open_page(PAGE, query(norms()) | {"normalization.vary2.training.batch_size": ["1", "64"]}, errors=True)
    assert not app.exception
    assert "batch norm needs at least 2 examples per batch" in app.error[-1].value.replace("\\", "")


@pytest.mark.parametrize("layer", ["fully connected", "convnet"])
@pytest.mark.parametrize("kind", ["Batch", "Layer", "Group", "Instance", "RMS", "Weight"])
def test_the_axes_are_drawn_before_and_after_without_training(open_page, store, kind, layer):
    app = opened(open_page, query(norms(), part=normalization.AXES, kind=kind, layer=layer))
    assert len(app.get("vega_lite_chart")) == 2
    sets = app.dataframe[0].value
    assert sets["cells"].sum() == (72 if layer == "convnet" else 24)
    assert np.isfinite(sets.drop(columns="name").to_numpy()).all()


def test_groups_that_leave_nothing_to_average_get_a_message(open_page, store):
    app = opened(open_page, query(norms(), part=normalization.AXES, kind="Group", groups="6"))
    assert "Choose fewer groups" in app.warning[0].value


@pytest.mark.parametrize("trained", [False, True], ids=["not trained", "trained"])
def test_only_batch_norm_differs_between_the_modes(open_page, store, trained):
    if trained:
        compare(normalization.scaled(norms(), 64), store=store, progress=False)
    app = opened(open_page, query(norms(), part=normalization.MODES))
    shown = app.dataframe[0].value.set_index("variant")
    assert list(shown.index) == ["none", "batch", "layer"]
    assert (shown["largest"] > 0).to_dict() == {"none": False, "batch": True, "layer": False}
    assert set(shown["weights"]) == {"trained" if trained else "initial"}
    assert ("Not trained here yet" in texts(app)) != trained
    assert len(app.get("vega_lite_chart")) == 3 + 2


def test_without_batch_norm_among_them_its_running_averages_are_shown_all_the_same():
    name, run = norm_modes.with_batch_norm(norm_modes.at_size(norms("layer"), 4))
    assert (name, run.model.normalization.kind) == ("", "batch")
    assert norm_modes.with_batch_norm(norm_modes.at_size(norms("layer", sizes=(1, 4)), 1)) == ("", None)


def test_a_linear_model_has_no_modes(open_page, store):
    linear = Comparison.load({"base": BASE | {"model": "linear"}, "vary": {"training.batch_size": [4, 64]}, "seeds": 1})
    app = opened(open_page, query(linear, part=normalization.MODES))
    assert "mlp or a convnet" in app.info[0].value


def test_the_deeper_network_has_each_normalization_once():
    deep = norm_activations.in_depth(norms(), 8, 64, 5)
    assert deep.names == ["none", "batch", "layer"]
    assert {(len(run.model.hidden), run.training.batch_size, run.training.epochs) for run in deep.runs()} == {(8, 64, 5)}


def test_stored_activations_are_shown_by_depth_and_over_time(open_page, store):
    deep = norm_activations.in_depth(norms(), 4, 64, 2)
    compare(deep, store=store, progress=False)
    asked = query(norms(), part=normalization.ACTIVATIONS, depth="4", deep_epochs="2")
    app = opened(open_page, asked)
    assert len(app.get("vega_lite_chart")) == 7
    rows = app.dataframe[0].value
    start = rows[(rows["measure"] == "spread") & (rows["moment"] == "before training")].set_index(["variant", "layer"])["mean"]
    assert np.allclose(start["none"], start["batch"], rtol=1e-3), "before training batch norm's running averages change nothing"
    spread = start["layer"].tolist()
    assert spread[0] == pytest.approx(0.58, abs=0.12), "a normal number after ReLU"
    assert spread == sorted(spread, reverse=True), "each example is scaled by itself, and what differs between examples fades"
