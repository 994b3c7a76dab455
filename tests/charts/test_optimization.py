"""The charts of the learning-rate and batch-size pages: drawn from ordinary and from awkward points."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import vl_convert
from pandas import DataFrame

from core.analysis import metrics
from core.charts import batch_size, schedules
from core.charts.parts import palette
from core.charts.results import sensitivity
from tests.charts.frames import NAMES, history
from tests.charts.parts.test_palette import contrast

COLUMNS = ["curve", "place", "variant", "n", "diverged", "worse", "mean", "low", "high"]
ROWS = [
    ("SGD", 0.1, "a", 3, 0, 0, 0.5, 0.4, 0.6),
    ("SGD", 1.0, "b", 3, 1, 2, 1e20, -1e30, 1e30),
    ("SGD", 9.0, "c", 3, 3, 0, np.nan, np.nan, np.nan),
    ("Adam", 0.1, "d", 1, 0, 0, 0.7, np.nan, np.nan),
]
POINTS = {"ordinary": ROWS, "nothing": [], "one": ROWS[:1], "all diverged": ROWS[2:3]}


def drawn(chart):
    svg = vl_convert.vegalite_to_svg(json.dumps(chart.to_dict()))
    assert "NaN" not in svg
    return svg


@pytest.mark.parametrize("log_y", [False, True])
@pytest.mark.parametrize("rows", POINTS.values(), ids=POINTS)
def test_a_sweep_is_drawn(rows, log_y):
    points = DataFrame(rows, columns=COLUMNS)
    seeds = DataFrame({"curve": points["curve"], "place": points["place"], "seed": 0, "value": points["mean"]})
    chart = sensitivity.curves(points, seeds, points[:1], variants=NAMES, loss=metrics.NATS, start=2.3, end=3.0, log_y=log_y)
    assert len(chart.to_dict()["description"]) > 40
    drawn(chart)
    drawn(sensitivity.failures(points, variants=NAMES))


def test_what_lies_beyond_the_axis_and_what_diverged_are_marked_at_its_end():
    points = DataFrame(ROWS, columns=COLUMNS)
    seeds = DataFrame({"curve": ["SGD"], "place": [0.1], "seed": [0], "value": [0.5]})
    layers = sensitivity.curves(points, seeds, points[:1], variants=NAMES, loss=metrics.NATS, start=2.3, end=3.0).to_dict()
    frames = [rows for rows in layers["datasets"].values() if rows and "at" in rows[0]]
    assert sorted((row["place"], row["at"]) for rows in frames for row in rows) == [(1.0, 3.0), (9.0, 3.0)]


def test_a_cell_says_how_many_seeds_failed_and_how():
    svg = drawn(sensitivity.failures(DataFrame(ROWS, columns=COLUMNS), variants=NAMES))
    assert "1× 2↑" in svg
    assert "3×" in svg


def test_a_cell_has_its_own_ground_for_its_text_so_that_both_are_legible_in_either_theme():
    spec = sensitivity.failures(DataFrame(ROWS, columns=COLUMNS), variants=NAMES).to_dict()
    assert spec["layer"][1]["mark"]["color"] == palette.INK
    fills = {row["place"]: row["fill"] for rows in spec["datasets"].values() for row in rows if row["curve"] == "SGD"}
    assert fills[0.1] == "transparent"
    assert fills[1.0] == fills[9.0] == palette.tint("#c21e32", 0.6)
    assert contrast(fills[9.0], palette.INK) >= 4.5


def test_curves_that_did_not_begin_alike_have_a_dotted_line_each():
    points = DataFrame(ROWS, columns=COLUMNS)
    seeds = DataFrame({"curve": points["curve"], "place": points["place"], "seed": 0, "value": points["mean"]})
    shared = sensitivity.curves(points, seeds, points[:1], variants=NAMES, loss=metrics.NATS, start=2.3, starts=(("", 2.3),)).to_dict()
    apart = sensitivity.curves(
        points, seeds, points[:1], variants=NAMES, loss=metrics.NATS, start=2.5, starts=(("SGD", 2.3), ("Adam", 2.5))
    ).to_dict()
    lines = [[rows for rows in spec["datasets"].values() if rows and "start" in rows[0]] for spec in (shared, apart)]
    assert lines == [[[{"start": 2.3}]], [[{"variant": "SGD", "start": 2.3}, {"variant": "Adam", "start": 2.5}]]]


def test_without_rings_no_place_is_marked_as_the_best():
    points = DataFrame(ROWS, columns=COLUMNS)
    seeds = DataFrame({"curve": points["curve"], "place": points["place"], "seed": 0, "value": points["mean"]})
    with_rings, without = (
        sensitivity.curves(points, seeds, points[:1], variants=NAMES, loss=metrics.NATS, start=2.3, end=3.0, rings=rings).to_dict()
        for rings in (True, False)
    )
    assert len(without["layer"]) == len(with_rings["layer"]) - 1
    assert "best" in json.dumps(with_rings["title"]) + with_rings["description"]
    assert "best" not in json.dumps(without["title"]) + without["description"]


def test_the_band_reaches_as_far_as_single_seeds_within_the_axis():
    points = DataFrame(ROWS[:2], columns=COLUMNS)
    seeds = DataFrame({"curve": "SGD", "place": [0.1, 0.1, 1.0], "seed": [0, 1, 0], "value": [0.45, 0.55, 1e21]})
    spec = sensitivity.curves(points, seeds, points[:1], variants=NAMES, loss=metrics.NATS, start=2.3, end=3.0).to_dict()
    band = next(rows for rows in spec["datasets"].values() if rows and set(rows[0]) == {"variant", "place", "low", "high"})
    assert [(row["low"], row["high"]) for row in band] == [(0.45, 0.55)], "the mean of the other place is beyond the axis"


def test_on_a_logarithmic_axis_the_band_of_a_sweep_ends_at_the_lowest_seed_of_its_place():
    points = DataFrame([("SGD", at, "a", 2, 0, 0, 0.5, -0.4, 1.4) for at in (0.1, 1.0)], columns=COLUMNS)
    seeds = DataFrame({"curve": "SGD", "place": [0.1, 0.1, 1.0, 1.0], "seed": [0, 1, 0, 1], "value": [0.45, 0.55, 0.2, 0.8]})
    spec = sensitivity.curves(points, seeds, points[:1], variants=NAMES, loss=metrics.NATS, start=2.3, end=3.0, log_y=True).to_dict()
    band = next(rows for rows in spec["datasets"].values() if rows and set(rows[0]) == {"variant", "place", "low", "high"})
    assert [row["low"] for row in band] == [0.45, 0.2]


@pytest.mark.parametrize("name", ["cosine", "range_test", "plateau"])
def test_a_schedule_is_drawn(name):
    frame = DataFrame({"epoch": [0.0, 1.0, 2.0], "lr": [0.1, 0.05, 0.01], "watches": name == "plateau"})
    svg = drawn(schedules.shape(frame, name=name, chosen=name == "cosine"))
    assert ("the run decides" in svg) == (name == "plateau")


@pytest.mark.parametrize("length", [0, 3])
def test_a_range_test_is_drawn(length):
    curve = DataFrame({"variant": "SGD", "step": [1, 2, 3], "lr": [0.01, 0.1, 1.0], "loss": [2.0, 1.0, 9.0], "n": 3})[:length]
    read = DataFrame({"variant": ["SGD"], "steepest": [0.1], "steepest_loss": [1.0], "lowest": [0.1], "tenth": [0.01]})[:length]
    drawn(schedules.range_test(curve, read, variants=NAMES, loss=metrics.NATS, top=3.0))


def test_a_range_test_that_explodes_stays_as_high_as_its_axis():
    curve = DataFrame({"variant": "SGD", "step": [1, 2, 3], "lr": [0.01, 0.1, 1.0], "loss": [2.0, 1.0, 1e9], "n": 3})
    read = DataFrame({"variant": ["SGD"], "steepest": [0.1], "steepest_loss": [1e9], "lowest": [0.1], "tenth": [0.01]})
    svg = drawn(schedules.range_test(curve, read, variants=NAMES, loss=metrics.NATS, top=3.0, height=300))
    assert 300 < float(re.search(r'height="([\d.]+)"', svg)[1]) < 500


@pytest.mark.parametrize("x", ["step", "epoch", "seconds"])
@pytest.mark.parametrize("table", [history(), history(seeds=1), history().iloc[:0]], ids=["three seeds", "one seed", "nothing"])
def test_the_clocks_are_drawn(table, x):
    drawn(batch_size.along(table, variants=NAMES, x=x, log_y=x == "step", top=3.0))


@pytest.mark.parametrize("slope", [-0.5, np.nan])
def test_the_noise_is_drawn(slope):
    size = np.array([1, 2, 4])
    table = DataFrame(
        {"batch_size": size, "draws": 8, "noise": [2.0, 1.4, 0.0], "ci_low": [1.0, 0.0, 0.0], "ci_high": 3.0, "expected": np.nan}
    )
    drawn(batch_size.noise(table, slope=slope, intercept=0.3, gradient=0.5))
