"""Decision regions: nothing of the grid is lost, and a unit is as long upwards as sideways."""

from __future__ import annotations

import numpy as np
import pytest

from core.charts.results import boundary
from tests.charts.frames import NAMES, grid, points


def test_the_regions_cover_the_grid_with_its_classes_and_confidences():
    whole = grid(["A"], side=20)
    found = boundary.regions(whole)
    assert len(found) < len(whole) / 2
    for cell in whole.itertuples():
        inside = found[(found["x"] < cell.x) & (cell.x < found["x2"]) & (found["y"] < cell.y) & (cell.y < found["y2"])]
        assert len(inside) == 1
        assert inside["class"].item() == cell[3]
        assert inside["confidence"].item() == pytest.approx(cell.confidence, abs=0.5 / boundary.LEVELS)


def test_the_regions_do_not_depend_on_the_order_of_the_grid():
    whole = grid(["A"])
    shuffled = whole.sample(frac=1, random_state=0)
    assert boundary.regions(shuffled).equals(boundary.regions(whole))


def test_a_unit_is_as_long_upwards_as_sideways():
    panel = boundary.decision(grid(), points(), variants=NAMES).concat[0]
    (left, right), (bottom, top) = (panel.layer[0].encoding[axis].to_dict()["scale"]["domain"] for axis in "xy")
    assert panel.width / (right - left) == pytest.approx(panel.height / (top - bottom))


def test_panels_are_in_the_order_of_the_comparison_and_a_diverged_network_has_none():
    table = grid(["C", "A", "B"])
    table.loc[table["variant"] == "B", ["class", "confidence"]] = np.nan
    chart = boundary.decision(table, points(), variants=["A", "B", "C", "D"])
    assert [panel.title.text for panel in chart.concat] == ["A", "C"]


def test_predicted_and_true_classes_are_the_same_text():
    chart = boundary.decision(grid(), points(), variants=NAMES)
    assert chart.concat[0].layer[0].encoding.color.to_dict()["scale"]["domain"] == ["0", "1"]
    assert set(chart.concat[0].layer[0].data["class"]) == set(chart.concat[0].layer[1].data["class"]) == {"0", "1"}


def test_training_points_are_filled_and_the_others_open():
    given = points()
    _, filled, hollow = boundary.decision(grid(), given, variants=NAMES).concat[0].layer
    assert (filled.mark.filled, set(filled.data["part"])) == (True, {"train"})
    assert (hollow.mark.filled, set(hollow.data["part"])) == (False, {"validation"})
    assert len(filled.data) + len(hollow.data) == len(given)


def test_points_that_are_not_drawn_are_counted():
    chart = boundary.decision(grid(), points(1000), variants=NAMES)
    assert "334 of 1,000 points drawn" in " ".join(chart.title.text)
