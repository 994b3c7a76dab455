"""How much room charts take: in width what they are given, in height no more than a page has, and long names within it."""

from __future__ import annotations

import pytest
from pandas import DataFrame

from core.analysis.shown import layerwise, over_seeds
from core.charts import compression, gradient_flow
from core.charts.parts import titles
from core.charts.results import curves, layers, weights
from tests.charts.drawn import axes, headers, size
from tests.charts.frames import LAYERS, NAMES, histograms, history
from tests.charts.frames import layers as layer_rows

COLUMN = 300
TEN = tuple(f"sgd, dropout={place}" for place in range(10))
TYPED = "A very long variant name that somebody might type, with commas, and 50 % more"
LONG = (TYPED, f"{TYPED} 2")
DEEP = tuple(f"hidden{place}" for place in range(17))


def loss(table, names):
    return curves.loss_curves(table, variants=names, width=COLUMN)


def loss_log(table, names):
    return curves.loss_curves(table, variants=names, width=COLUMN, log_y=True)


def norms(table, names):
    return weights.norms(layer_rows(table), variants=names, width=COLUMN)


def heat(table, names):
    return layers.heatmap(layer_rows(table), variants=names, width=COLUMN)


def spread(table, names):
    return weights.histograms(histograms(table), variants=names, layers=["1 linear"], width=COLUMN)


def last(table, names):
    return weights.last_histograms(histograms(table), variants=names, width=COLUMN)


def by_layer(table, names):
    return gradient_flow.by_layer(layerwise.at_moment(layer_rows(table), 2.0), variants=names, width=COLUMN)


def trade_off(table, names):
    ends = over_seeds.band(table).groupby("variant", observed=True).tail(1)
    points = DataFrame([row | {"name": row["variant"], "size": size} for row in ends.to_dict("records") for size in (0.1, 1.0)])
    return compression.trade_off(points, variants=names, x="size", x_title="size", y_title="loss", width=COLUMN)


@pytest.mark.parametrize("chart", [loss, loss_log, norms, heat, spread, last, by_layer, trade_off])
@pytest.mark.parametrize("names", [NAMES, TEN, LONG], ids=["two", "ten", "long names"])
def test_a_chart_fits_the_width_it_is_given(chart, names):
    assert size(chart(history(names, epochs=3), names))[0] <= COLUMN + 12  # a legend's padding


@pytest.mark.parametrize("chart", [heat, spread])
def test_a_long_name_above_a_panel_ends_within_it_and_keeps_what_sets_it_apart(chart):
    first, second = headers(chart(history(LONG, epochs=3), LONG))
    assert first.startswith("A very")
    assert first != second
    assert "…" in first


def test_the_middle_of_a_long_name_is_left_out():
    assert titles.shortened("abcdefghijklmnopqrstuvwxyz", 11) == "abcde…vwxyz"
    assert titles.shortened("Adam (n=5)", 10) == "Adam (n=5)"
    assert all(len(titles.shortened(TYPED, most)) <= most for most in range(8, 90))


def test_a_legend_shortens_names_and_keeps_the_seeds():
    table = history(LONG, epochs=3)
    legend = loss(table, LONG).layer[0].encoding.color.to_dict()["legend"]
    assert "(n=3)" in legend["labelExpr"].split("indexof")[0]
    assert TYPED not in legend["labelExpr"].split("indexof")[0]
    assert legend["labelLimit"] < COLUMN - 60


@pytest.mark.parametrize("panels", [1, 2, 3, 4, 5])
def test_no_axis_stands_under_an_empty_place(panels):
    names = [f"{place} linear" for place in range(panels)]
    chart = weights.norms(layer_rows(history(), names), variants=NAMES, width=COLUMN)
    assert len(axes(chart, "x")) == (panels if panels % 2 else min(panels, 2))


@pytest.mark.parametrize(("variants", "most"), [(6, 900), (8, 900), (12, 1100)])
def test_heat_maps_of_many_deep_networks_are_no_taller_than_a_page(variants, most):
    names = [f"v{place}" for place in range(variants)]
    chart = weights.norms(layer_rows(history(names, seeds=1, epochs=3), DEEP), variants=names, width=COLUMN)
    assert size(chart)[1] <= most


def test_a_heat_map_of_few_layers_keeps_its_rows():
    chart = layers.heatmap(layer_rows(history()), variants=NAMES)
    assert chart.spec.height == 26 * len(LAYERS)


@pytest.mark.parametrize("name", ["ReLU, He, layer norm, skip", "sgd, momentum=0.9, lr=0.1"])
def test_a_name_of_ordinary_length_stays_whole_in_a_legend(name):
    legend = loss(history([name], epochs=3), [name]).layer[0].encoding.color.to_dict()["legend"]
    assert f'"{name} (n=3)"' in legend["labelExpr"]


def test_panels_with_one_y_axis_for_a_row_stay_apart_for_their_x_labels():
    panels = weights.by_layer(layer_rows(history()), variants=NAMES, column="sparsity", width=COLUMN).to_dict()
    assert panels.get("spacing", {"column": 20})["column"] == 20
