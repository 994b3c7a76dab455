"""The charts of the compression pages: they compile and draw with ordinary and with awkward data, and show what they say."""

from __future__ import annotations

import json

import numpy as np
import pytest
import vl_convert
from pandas import DataFrame

from core.charts import compression as charts
from core.charts.parts import palette, specs
from tests.charts.frames import history

HOSTILE = ('"]; alert(1) //', "<b>=1</b>")


def points(names=("magnitude", "random"), lefts=(0.5, 0.2, 0.05)):
    rows = [(name, f"{name} {left}", left, left, left - 0.1, left + 0.1, 3) for name in names for left in lefts]
    return DataFrame(rows, columns=["variant", "name", "left", "mean", "low", "high", "n"])


def references():
    return DataFrame({"name": ["dense"], "mean": [0.95], "low": [0.9], "high": [1.0], "n": [3]})


def trade_off(table, names, against=None):
    return charts.trade_off(table, against, variants=names, x="left", x_title="weights left", y_title="accuracy", reverse=True)


def cells(names=("a", "b"), across=(1.0, 4.0), down=("0.5", "0.9")):
    rows = [(name, t, w, place) for name in names for t in across for place, w in enumerate(down)]
    return DataFrame(rows, columns=["variant", "t", "w", "value"])


def squares(table, names, **more):
    return charts.squares(table, variants=names, x="t", y="w", value="value", x_title="T", y_title="w", value_title="accuracy", **more)


def pixels(names=("a", "b"), side=4):
    rows = [(name, row, column, row * column) for name in names for row in range(side) for column in range(side)]
    return DataFrame(rows, columns=["variant", "row", "column", "value"])


def chances(names=("T = 1", "T = 4"), right="1"):
    rows = [(name, label, p, label == right) for name in names for label, p in (("0", 0.3), ("1", 0.7), ("2", 1e-9))]
    return DataFrame(rows, columns=["variant", "label", "probability", "truth"])


MANY = tuple(f"family {place}" for place in range(11))

CHARTS = {
    "trade-off": trade_off(points(), ["magnitude", "random"], references()),
    "trade-off of one point": trade_off(points(["magnitude"], [0.5]), ["magnitude"]),
    "trade-off of nothing yet": trade_off(points().iloc[:0], ["magnitude"]),
    "trade-off with a missing interval": trade_off(points().assign(low=np.nan, high=np.nan), ["magnitude", "random"]),
    "trade-off of many": trade_off(points(MANY), MANY, references()),
    "trade-off, hostile": trade_off(points(HOSTILE), HOSTILE, references().assign(name=HOSTILE[0])),
    "squares": squares(cells(), ["a", "b"]),
    "squares of a fraction": squares(cells(), ["a", "b"], fraction=True, columns=2),
    "squares of nothing": squares(cells().iloc[:0], ["a"]),
    "squares, hostile": squares(cells(HOSTILE, down=HOSTILE), HOSTILE),
    "pictures": charts.pictures(pixels(), variants=["a", "b"], value_title="weights"),
    "a grey picture": charts.pictures(pixels(["a"]), variants=["a"], value_title="ink", grey=True, legend=False),
    "no picture": charts.pictures(pixels().iloc[:0], variants=["a"], value_title="ink"),
    "pictures of zeros": charts.pictures(pixels().assign(value=0), variants=["a", "b"], value_title="ink"),
    "chances": charts.chances(chances(), variants=["T = 1", "T = 4"]),
    "chances, log": charts.chances(chances(), variants=["T = 1", "T = 4"], log=True),
    "chances, hostile": charts.chances(chances(HOSTILE).replace("1", HOSTILE[1]), variants=HOSTILE),
}


def outcomes(names, of):
    return DataFrame({"variant": names, "name": of, "mean": 0.5, "low": 0.4, "high": 0.6, "n": 3, "diverged": 0})


CHARTS |= {
    "by variant": charts.by_variant(
        outcomes(["alone", "taught"], ["alone", "taught"]), references().assign(diverged=1), variants=["alone", "taught"], title="accuracy"
    ),
    "by variant, hostile": charts.by_variant(outcomes(HOSTILE, HOSTILE), variants=HOSTILE, title="accuracy"),
    "by variant of nothing yet": charts.by_variant(outcomes(["a"], ["a"]).iloc[:0], variants=["a"], title="accuracy"),
    "over training": charts.over_training(
        history(), variants=["SGD", "Adam"], colours=(("SGD", "#123456"), ("Adam", palette.MISSING)), with_train=False
    ),
}


@pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS)
def test_a_chart_draws_and_says_in_words_what_it_shows(chart):
    spec = chart.to_dict()
    assert len(spec["description"]) > 20
    assert vl_convert.vegalite_to_svg(json.dumps(spec)).startswith("<svg")
    assert specs.spec(chart)["datasets"]


def drawn(chart, mark):
    """The layers with a mark."""
    return [layer for layer in chart.to_dict()["layer"] if layer["mark"]["type"] == mark]


def rows_of(chart):
    """The rows of the chart's only data."""
    (rows,) = chart.to_dict()["datasets"].values()
    return rows


def test_over_training_each_variant_has_the_colour_that_it_is_given():
    for layer in CHARTS["over training"].to_dict()["layer"]:
        scale = layer["encoding"]["color"]["scale"]
        assert dict(zip(scale["domain"], scale["range"], strict=True)) == {"SGD": "#123456", "Adam": palette.MISSING}


def test_by_variant_draws_references_below_and_says_what_diverged():
    rule, dots = CHARTS["by variant"].to_dict()["layer"]
    assert dots["encoding"]["y"]["scale"]["domain"] == ["alone", "taught", "dense"]
    assert rule["encoding"]["x2"]["field"] == "high"
    assert '["dense", "1 diverged"]' in dots["encoding"]["y"]["axis"]["labelExpr"]


def test_fewer_weights_stand_further_right_on_a_logarithmic_axis():
    (line,) = drawn(CHARTS["trade-off"], "line")
    scale = line["encoding"]["x"]["scale"]
    assert (scale["type"], scale["reverse"]) == ("log", True)


def test_a_wide_interval_does_not_press_the_means_flat():
    table = points().assign(low=-50.0, high=50.0)
    chart = trade_off(table, ["magnitude", "random"])
    rows = rows_of(chart)
    assert min(row["low_shown"] for row in rows) > -1
    assert max(row["high_shown"] for row in rows) < 2
    assert {row["low"] for row in rows} == {-50}, "the tooltip has it whole"


def test_references_are_drawn_with_their_names_and_only_where_there_are_any():
    (rule,), (text,) = drawn(CHARTS["trade-off"], "rule"), drawn(CHARTS["trade-off"], "text")
    assert rule["encoding"]["y"]["field"] == "mean"
    assert text["encoding"]["text"]["field"] == "name"
    assert not drawn(CHARTS["trade-off of one point"], "rule")


def test_more_than_eight_families_stand_in_several_panels():
    panels = CHARTS["trade-off of many"].to_dict()["concat"]
    assert len(panels) == 2


def test_families_that_are_held_against_different_things_have_a_panel_each_and_keep_their_colours():
    names = ["sgd", "adam"]
    against = DataFrame({"name": names, "mean": [0.9, 0.5], "low": 0.4, "high": 1.0, "n": 3, "panel": ["dense, sgd", "dense, adam"]})
    table = points(names).assign(panel=[f"dense, {name}" for name in points(names)["variant"]])
    chart = trade_off(table, names, against.assign(name=against["panel"])).to_dict()
    colours = palette.colours(names)
    for panel, name, mean in zip(chart["concat"], names, (0.9, 0.5), strict=True):
        (rule,) = [layer for layer in panel["layer"] if layer["mark"]["type"] == "rule"]
        assert [row["mean"] for row in chart["datasets"][rule["data"]["name"]]] == [mean]
        (line,) = [layer for layer in panel["layer"] if layer["mark"]["type"] == "line"]
        assert line["encoding"]["color"]["scale"] == {"domain": [name], "range": [colours[name]]}


def test_numbers_in_squares_give_way_where_there_is_no_room():
    wide, narrow = squares(cells(), ["a", "b"]), squares(cells(across=tuple(range(30))), ["a", "b"])
    opacities = [chart.to_dict()["spec"]["layer"][1]["mark"]["opacity"] for chart in (wide, narrow)]
    assert opacities == [1, 0]


def test_pictures_share_their_colours_when_told_the_highest_value():
    colour = charts.pictures(pixels(), variants=["a", "b"], value_title="w", high=40).to_dict()["spec"]["encoding"]["color"]
    assert colour["scale"]["domain"] == [0.0, 40]
    assert colour["scale"]["scheme"] == palette.SEQUENTIAL


def test_the_right_class_is_bold_and_small_chances_are_left_out_of_a_logarithmic_axis():
    (bars,) = drawn(CHARTS["chances"], "bar")
    assert "'1'" in bars["encoding"]["x"]["axis"]["labelFontWeight"]["condition"]["test"]
    assert bars["encoding"]["color"]["legend"]["symbolType"] == "square", "a stroke has no colour in the legend of bars"
    assert {row["label"] for row in rows_of(CHARTS["chances, log"])} == {"0", "1"}


def test_numbers_along_the_bottom_are_percent_up_to_one_unless_another_form_is_asked_for():
    table, look = points(), {"x": "left", "x_title": "learning rate", "y_title": "accuracy"}
    as_percent = vl_convert.vegalite_to_svg(charts.trade_off(table, variants=["magnitude", "random"], **look).to_json())
    as_numbers = vl_convert.vegalite_to_svg(charts.trade_off(table, variants=["magnitude", "random"], x_format="~g", **look).to_json())
    assert ">50%<" in as_percent
    assert ">0.5<" in as_numbers
    assert "%<" not in as_numbers
