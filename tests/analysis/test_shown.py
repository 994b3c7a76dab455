"""What pages show of frames, against cases worked by hand and NumPy."""

from __future__ import annotations

import numpy as np
from pandas import DataFrame

from core.analysis import metrics
from core.analysis.shown import fits, stopping


def test_a_fitted_power_law_is_a_straight_line_on_two_logarithmic_axes():
    sizes = np.array([2.0, 8.0, 32.0])
    slope, intercept = np.polyfit(np.log10(sizes), np.log10(3 * sizes**-0.5), 1)
    line = fits.power_law(sizes, float(slope), float(intercept))
    np.testing.assert_allclose(line["noise"], 3 * np.array([2.0, 32.0]) ** -0.5)
    assert fits.power_law(sizes, np.nan, np.nan).empty


def test_what_rules_gave_is_of_the_weights_that_runs_ended_with_and_leaves_out_what_diverged():
    rows = [("A", 0, "a0", 1.0, 0.5), ("A", 0, "a0", 2.0, 0.9), ("A", 1, "a1", 1.0, 0.7), ("B", 0, "b0", 1.0, 0.1)]
    history = DataFrame(rows, columns=["variant", "seed", "run", "epoch", "val_loss"])
    kept = history[~((history["run"] == "a0") & (history["epoch"] == 2.0))]
    runs = DataFrame(
        {"variant": ["A", "A", "B"], "seed": [0, 1, 0], "run": ["a0", "a1", "b0"], "status": ["stopped", "finished", "diverged"]}
    )
    runs = runs.assign(**dict.fromkeys(metrics.TESTS, 2.0))
    table = stopping.ended(history, kept, runs, ["A", "B", "C"])
    assert list(table.index) == ["A", "B", "C"]
    assert list(table["epochs"])[:2] == ["2, 1", "1"]
    assert table["val_loss"]["A"] == np.mean([0.5, 0.7])
    assert np.isnan(table["val_loss"]["B"])
    assert table["test_loss"]["A"] == 2.0
