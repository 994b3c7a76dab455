"""Every chart, with ordinary and with awkward data: it compiles and draws, and says in words what it shows."""

from __future__ import annotations

import json
import re

import altair as alt
import numpy as np
import pytest
import vl_convert

from core.analysis import layerwise
from core.analysis import predictions as analysis
from core.analysis.recurrent import diverged_shares
from core.charts import gradient_flow, normalization, recurrent
from core.charts.parts import specs
from core.charts.results import boundary, curves, layers, predictions, summary, weights
from tests.charts.frames import NAMES, grid, histograms, history, points
from tests.charts.frames import layers as layer_rows
from tests.charts.frames import predictions as predicted

MANY = tuple(f"lr={place}" for place in range(10))
HOSTILE = ('"]; alert(1) //', "<b>=1</b>")
MANY_CLASSES = tuple(f"class {place}" for place in range(20))
DEEP = tuple(f"{place} linear" for place in range(9))
ENDINGS = {("SGD", 1): ("diverged", 3), ("Adam", 0): ("stopped", 4), ("Adam", 1): ("cancelled", 2)}

TABLES = {
    "two variants": (history(seeds=2, epochs=4), NAMES),
    "ended in every way": (history(endings=ENDINGS), NAMES),
    "one seed": (history(seeds=1), NAMES),
    "one variant": (history(["SGD"], epochs=3), ["SGD"]),
    "more than eight": (history(MANY, seeds=1, epochs=2), MANY),
    "first measurement only": (history().query("step == 0"), NAMES),
    "nothing measured yet": (history().iloc[:0], NAMES),
    "one variant not begun": (history(["SGD"], epochs=2), NAMES),
    "hostile names": (history(HOSTILE, epochs=2), HOSTILE),
    "training data not measured": (history().assign(train_loss_eval=np.nan, train_accuracy=np.nan, train_r2=np.nan), NAMES),
}


def of_one(table, names, **given):
    """Predictions of the first variant."""
    return predicted(table[table["variant"] == names[0]], **given)


def moment(table):
    return layerwise.at_moment(layer_rows(table, DEEP), 2.0)


CHARTS = {
    "loss": lambda table, names: curves.loss_curves(table, variants=names),
    "loss, log": lambda table, names: curves.loss_curves(table, variants=names, log_y=True, x="samples"),
    "loss, seconds": lambda table, names: curves.loss_curves(table, variants=names, x="seconds", focus=False, x_end=9.5),
    "accuracy": lambda table, names: curves.loss_curves(table, variants=names, metric="val_accuracy", x="step", with_seeds=False),
    "seconds": lambda table, names: curves.loss_curves(table, variants=names, metric="seconds", with_train=False),
    "heat map": lambda table, names: layers.heatmap(layer_rows(table), variants=names),
    "heat map of a fraction": lambda table, names: layers.heatmap(layer_rows(table), variants=names, column="sparsity", x="step"),
    "gradient by layer": lambda table, names: gradient_flow.by_layer(moment(table), variants=names),
    "a fraction by layer": lambda table, names: gradient_flow.by_layer(moment(table), variants=names, column="sparsity", log=False),
    "norms": lambda table, names: weights.norms(layer_rows(table), variants=names),
    "sparsity": lambda table, names: weights.by_layer(layer_rows(table), variants=names, column="sparsity", x="step"),
    "sparsity of a deep network": lambda table, names: weights.by_layer(layer_rows(table, DEEP), variants=names, column="sparsity"),
    "histograms": lambda table, names: weights.histograms(histograms(table), variants=names),
    "histograms of a layer": lambda table, names: weights.histograms(
        histograms(table), variants=names, layers=["1 linear"], seed=0, x="step"
    ),
    "last histograms": lambda table, names: weights.last_histograms(histograms(table), variants=names),
    "by depth": lambda table, names: normalization.profile(
        layerwise.by_depth(layer_rows(table), "weight_norm"), variants=names, column="weight_norm", when="last measured", reference=1.0
    ),
    "final": lambda table, names: summary.final_by(table, variants=names),
    "time": lambda table, names: summary.seconds(table, variants=names),
    "against a baseline": lambda table, names: recurrent.against_baseline(
        table, variants=names, baseline=0.5, label="guessing", log_y=True
    ),
    "diverged": lambda table, names: recurrent.diverged(diverged_shares(table, list(names)), variants=names),
    "confusion": lambda table, names: predictions.confusion(
        analysis.confusion(of_one(table, names)), variants=names[:1], classes=("cat", "dog", "=1")
    ),
    "confusion of many classes": lambda table, names: predictions.confusion(
        analysis.confusion(of_one(table, names, classes=MANY_CLASSES)), variants=names[:1], classes=MANY_CLASSES
    ),
    "ROC": lambda table, names: predictions.curve(analysis.roc(predicted(table), "=1"), variants=names),
    "precision and recall": lambda table, names: predictions.curve(
        analysis.precision_recall(predicted(table), "dog"), variants=names, shown=names[1:], kind="precision_recall", guess=1 / 3
    ),
    "against true": lambda table, names: predictions.against_true(
        analysis.against_true(of_one(table, names, classes=())), variants=names[:1], place=9
    ),
    "decision": lambda table, names: boundary.decision(grid(names), points(), variants=names),
}


@pytest.fixture(autouse=True)
def without_limit():
    """Altair alone refuses data of more than 5,000 rows; the page sends them apart from the chart."""
    with alt.data_transformers.enable("default", max_rows=None):
        yield


def parts(spec, kind):
    """All values under a key, at any depth."""
    if isinstance(spec, dict):
        yield from ([spec[kind]] if kind in spec else [])
        for key, value in spec.items():
            if key not in ("datasets", "data"):
                yield from parts(value, kind)
    elif isinstance(spec, list):
        for value in spec:
            yield from parts(value, kind)


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("table", TABLES)
def test_every_chart_draws_every_table(chart, table):
    spec = CHARTS[chart](*TABLES[table]).to_dict()
    svg = vl_convert.vegalite_to_svg(json.dumps(spec))
    assert svg.startswith("<svg")
    assert "NaN" not in svg


@pytest.mark.parametrize("chart", CHARTS)
def test_every_chart_has_titles_an_alternative_text_and_exact_values_on_hover(chart):
    spec = CHARTS[chart](*TABLES["two variants"]).to_dict()
    assert len(spec["description"]) > 40
    for channel in ("x", "y"):
        for encoded in (found for found in parts(spec, channel) if isinstance(found, dict)):
            title = encoded.get("title") or (encoded.get("axis") or {}).get("title")
            assert title or encoded["field"] == "variant", encoded
    assert list(parts(spec, "tooltip"))


@pytest.mark.parametrize("chart", CHARTS)
def test_no_chart_sets_the_colour_of_text_or_of_the_page(chart):
    spec = CHARTS[chart](*TABLES["two variants"]).to_dict()
    named = {colour.lower() for colour in re.findall(r'"(#[0-9a-fA-F]{3,8}|white|black)"', json.dumps({**spec, "datasets": None}))}
    assert not named & {"white", "black", "#fff", "#ffffff", "#000", "#000000"}
    assert not list(parts(spec, "labelColor")) + list(parts(spec, "titleColor")) + list(parts(spec, "background"))


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("table", ["ended in every way", "more than eight"])
def test_what_a_page_is_sent_is_the_chart_that_altair_makes(chart, table):
    made = CHARTS[chart](*TABLES[table])
    assert bare(specs.spec(made)) == bare(made.to_dict())


def bare(part):
    """A specification without its data, and without what `specs` adds to every chart."""
    if isinstance(part, list):
        return [bare(item) for item in part]
    if not isinstance(part, dict):
        return part
    left = {name: bare(item) for name, item in part.items() if name not in ("data", "datasets", "gridOpacity", *specs.CONFIG)}
    return {name: item for name, item in left.items() if item != {}}


@pytest.mark.parametrize("chart", [chart for chart in CHARTS if chart not in ("decision", "heat map")])
def test_a_growing_chart_stays_the_same_chart_to_the_browser(chart):
    """Only its data change; a browser that is sent another specification builds the whole chart anew."""
    whole, names = history(epochs=30), NAMES
    half = CHARTS[chart](whole.query("epoch <= 20"), names)
    assert without_data(half) == without_data(CHARTS[chart](whole, names))


def without_data(chart):
    spec = chart.to_dict()
    del spec["datasets"]
    return re.sub(r'"data-[0-9a-f]+"', '"data"', json.dumps(spec))


def test_an_explosion_in_the_data_is_drawn_within_the_axis():
    table = history(endings={("SGD", 1): ("diverged", 4)})
    table.loc[table["val_loss"] == 50, "val_loss"] = 1e30
    spec = curves.loss_curves(table, variants=NAMES).to_dict()
    ends = {scale["domainMax"] for scale in parts(spec, "scale") if "domainMax" in scale}
    assert len(ends) == 1
    assert 2 < ends.pop() < 5
    vl_convert.vegalite_to_svg(json.dumps(spec))
