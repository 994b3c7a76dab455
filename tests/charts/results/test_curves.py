"""Curves: whose colour, which data, and what is said."""

from __future__ import annotations

import pandas as pd
import pytest

from core.charts.parts import palette
from core.charts.results import curves
from tests.charts.frames import NAMES, history


def drawn(chart):
    """The data of each layer by its mark: seeds are thin lines, means thick ones."""
    found = {}
    for layer in chart.layer:
        mark = layer.mark
        name = {("line", 1): "seeds", ("line", 2): "means"}.get((mark.type, mark.strokeWidth), mark.type)
        name = "hover" if name == "point" and mark.opacity == 0 else name
        found[name] = layer.data
    return found


def encoding(chart, channel):
    return chart.layer[0].encoding[channel].to_dict()


def colour_scale(chart):
    scale = encoding(chart, "color")["scale"]
    return dict(zip(scale["domain"], scale["range"], strict=True))


def words(chart):
    return " ".join(chart.title.text)


def test_a_colour_is_that_of_the_place_in_the_comparison_whatever_the_rows():
    names = ["A", "B", "C"]
    shuffled = history(["C", "A", "B"]).sample(frac=1, random_state=0).sort_values("step", kind="stable")
    for table in (history(names), shuffled, history(["C"])):
        assert colour_scale(curves.loss_curves(table, variants=names)) == palette.colours(names)


def test_the_legend_says_how_many_seeds_and_how_many_diverged():
    table = history(endings={("SGD", 1): ("diverged", 3)})
    legend = encoding(curves.loss_curves(table, variants=NAMES), "color")["legend"]
    assert '"SGD (n=3, 1 diverged)", "Adam (n=3)"' in legend["labelExpr"]


def test_more_than_eight_variants_are_panels_in_which_no_colour_comes_twice():
    names = [f"v{place}" for place in range(19)]
    chart = curves.loss_curves(history(names, seeds=2), variants=names, columns=2)
    panels = [colour_scale(panel) for panel in chart.concat]
    assert [list(panel) for panel in panels] == [names[:8], names[8:16], names[16:]]
    assert all(len(set(panel.values())) == len(panel) for panel in panels)
    for panel, group in zip(chart.concat, panels, strict=True):
        assert set(drawn(panel)["means"]["variant"]) == set(group)


@pytest.mark.parametrize(("metric", "twin"), [("val_loss", "train_loss_eval"), ("val_accuracy", "train_accuracy")])
def test_the_dashed_curve_is_the_mean_of_the_training_twin(metric, twin):
    table = history()
    chart = curves.loss_curves(table, variants=NAMES, metric=metric)
    means = drawn(chart)["means"].set_index(["part", "variant", "epoch"])["mean"]
    for part, column in (("validation", metric), ("training", twin)):
        expected = table.groupby(["variant", "epoch"])[column].mean()
        assert means[part].to_dict() == pytest.approx(expected.to_dict())
    assert "dashed: training" in words(chart)


def test_a_band_pinches_where_the_seeds_agree():
    table = history(["SGD"], epochs=12).assign(val_accuracy=1.0)
    table.loc[(table["seed"] == 1) & (table["epoch"] == 8), "val_accuracy"] = 0.7
    data = drawn(curves.loss_curves(table, variants=["SGD"], metric="val_accuracy", with_train=False))
    band = data["area"].set_index("epoch")
    assert list(band.index) == list(data["means"]["epoch"]) == list(range(13))
    assert band.index[band["high"] - band["low"] > 1e-9].tolist() == [8]


def test_seeds_that_always_agree_have_no_band():
    table = history(["SGD"]).assign(lr=0.1)
    assert drawn(curves.loss_curves(table, variants=["SGD"], metric="lr"))["area"].empty


def test_without_training_nothing_is_dashed_and_nothing_said_of_it():
    chart = curves.loss_curves(history(), variants=NAMES, with_train=False)
    assert set(drawn(chart)["means"]["part"]) == {"validation"}
    assert words(chart) == ""


def test_endings_are_marked_and_explained():
    table = history(endings={("SGD", 1): ("diverged", 3), ("Adam", 2): ("stopped", 4)})
    chart = curves.loss_curves(table, variants=NAMES)
    assert set(zip(drawn(chart)["point"]["variant"], drawn(chart)["point"]["ending"], strict=True)) == {
        ("SGD", "diverged"),
        ("Adam", "stopped early"),
    }
    assert "× diverged · ○ stopped early" in words(chart)


def test_a_cross_beyond_the_axis_stands_at_its_end_with_its_value_told():
    table = history(seeds=5, epochs=20, endings={("SGD", 1): ("diverged", 6)})
    cross = drawn(curves.loss_curves(table, variants=NAMES))["point"].iloc[0]
    assert cross["value"] == 50
    assert cross["place"] < 5


def test_a_logarithmic_axis_drops_what_is_not_above_zero_and_says_so():
    table = history()
    table.loc[table["epoch"] == 3, "val_loss"] = 0.0
    chart = curves.loss_curves(table, variants=NAMES, log_y=True)
    data = drawn(chart)
    assert (data["seeds"]["value"] > 0).all()
    assert (data["means"]["mean"] > 0).all()
    assert (data["area"][["low", "high"]] > 0).all(axis=None)
    assert "6 values at or below 0 not drawn" in words(chart)


def test_the_band_reaches_no_further_than_single_seeds_and_the_tooltip_has_it_whole():
    table = history(seeds=2)
    data = drawn(curves.loss_curves(table, variants=NAMES))
    assert data["area"]["low"].min() >= table["val_loss"].min()
    assert data["hover"]["low"].min() < 0  # t of 12.7 at two seeds


def test_on_a_logarithmic_axis_no_band_falls_below_the_seeds_and_the_chart_says_so():
    table = history(seeds=2)
    chart = curves.loss_curves(table, variants=NAMES, log_y=True)
    band, lowest = drawn(chart)["area"], table.groupby(["variant", "epoch"])["val_loss"].min()
    assert band.set_index(["variant", "epoch"])["low"].to_dict() == pytest.approx(lowest.to_dict())
    assert drawn(chart)["hover"]["low"].min() < 0
    assert "bands cut below the lowest seed" in words(chart)
    assert "band" not in words(curves.loss_curves(table.query("seed == 0"), variants=NAMES, log_y=True))


def test_long_runs_are_thinned_and_their_ends_kept():
    table = history([f"v{place}" for place in range(8)], seeds=10, epochs=1000)
    data = drawn(curves.loss_curves(table, variants=sorted(set(table["variant"]))))
    assert data["means"].groupby(["variant", "part"], observed=True).size().max() <= 250
    assert len(data["seeds"]) <= curves.SEED_POINTS
    assert data["seeds"].groupby("run").size().between(30, 34).all()
    assert len(data["hover"]) <= curves.HOVER_POINTS
    assert {frame["epoch"].max() for frame in data.values() if len(frame)} == {1000}


@pytest.mark.parametrize(("unit", "said"), [(77.0, "MSE / target variance"), (1.0, "mean squared error")])
def test_the_loss_of_a_regression_says_what_it_is_counted_in(unit, said):
    table = history().assign(val_accuracy=float("nan"), train_accuracy=float("nan"), val_r2=0.5)
    table = table.assign(train_rmse=unit * table["train_loss_eval"] ** 0.5)
    axis = encoding(curves.loss_curves(table, variants=NAMES), "y")["axis"]
    assert axis["title"] == f"validation loss ({said})"


def test_before_anything_is_measured_the_loss_has_no_unit():
    axis = encoding(curves.loss_curves(history().iloc[:0], variants=NAMES), "y")["axis"]
    assert axis["title"] == "validation loss"


def test_rows_of_other_comparisons_are_not_drawn():
    chart = curves.loss_curves(history(["A", "B"]), variants=["B"])
    assert all(set(frame["variant"]) <= {"B"} for frame in drawn(chart).values())


def test_the_history_given_is_left_alone():
    table = history()
    before = table.copy()
    curves.loss_curves(table, variants=NAMES, log_y=True)
    pd.testing.assert_frame_equal(table, before)


def rewound(history_rows):
    """The history with a row before a rewind at epoch 3 of each run of SGD: better than the one after it."""
    at = history_rows[(history_rows["epoch"] == 3) & (history_rows["variant"] == "SGD")]
    before = at.assign(moment="before rewind", val_loss=at["val_loss"] / 10)
    both = pd.concat([before, history_rows.assign(moment="")])
    return both.sort_values(["run", "step"], kind="stable").reset_index(drop=True)


def test_no_line_leads_across_a_rewind():
    chart = curves.loss_curves(rewound(history(seeds=2)), variants=NAMES, with_train=False)
    seeds, bands, means = (layer.data for layer in chart.layer[:3])
    assert seeds["run"].nunique() == 2 * 2 + 2, "each run of SGD is two lines"
    stretches = means[means["variant"] == "SGD"].groupby("stretch")["epoch"]
    assert [list(stretch) for _, stretch in stretches] == [[0, 1, 2, 3], [3, 4, 5, 6]]
    assert "line broken: weights rewound" in words(chart)
    assert "stretch" in bands
    for layer in chart.layer[1:3]:
        assert layer.to_dict()["encoding"]["detail"]["field"] == "stretch" or layer.to_dict()["encoding"]["detail"][0]["field"] == "stretch"


def test_where_nothing_is_rewound_the_chart_is_what_it_was():
    plain = history(seeds=2)
    marked = plain.assign(moment="")
    assert curves.loss_curves(marked, variants=NAMES).to_dict() == curves.loss_curves(plain, variants=NAMES).to_dict()


def test_a_line_stands_at_the_epoch_at_which_variants_are_compared():
    table = history()
    places = [drawn(curves.loss_curves(table, 2.0, variants=NAMES, x=x)).get("rule") for x in ("epoch", "seconds")]
    assert list(places[0]["epoch"]) == [2.0]
    assert places[1] is None, "variants take different seconds to it"
    assert "rule" not in drawn(curves.loss_curves(table, variants=NAMES))
    assert "epoch of the comparison" in words(curves.loss_curves(table, 2.0, variants=NAMES))
