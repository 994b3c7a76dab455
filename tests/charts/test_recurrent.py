"""The charts of the page of recurrent networks."""

from __future__ import annotations

import json

import numpy as np
import pytest
import vl_convert
from pandas import DataFrame

from core.analysis import recurrent as analysis
from core.charts import recurrent
from tests.charts.frames import NAMES, history

LAGS = np.arange(5)
NORMS = DataFrame({"variant": "SGD", "seed": np.repeat([0, 1], 5), "lag": np.tile(LAGS, 2), "norm": np.concatenate([0.5**LAGS, 0.7**LAGS])})
LINE = DataFrame({"lag": LAGS, "mean": 0.6**LAGS})


def drawn(norms, line=LINE):
    return recurrent.gradient_lag(norms, analysis.curves(norms), line, variants=NAMES)


@pytest.mark.parametrize(
    ("norms", "line"),
    [
        (NORMS, LINE),
        (NORMS[:5], LINE),
        (NORMS, LINE[:0]),
        (NORMS[:0], LINE),
        (NORMS.assign(norm=[0.0, 1, 2, 3, np.nan] * 2), LINE),
        (NORMS.assign(norm=np.tile(1e-300 ** LAGS.clip(0, 1), 2)), LINE),
    ],
    ids=["two seeds", "one seed", "no prediction", "nothing", "zeros", "vanished"],
)
def test_the_gradient_against_the_lag_is_drawn(norms, line):
    spec = drawn(norms, line).to_dict()
    svg = vl_convert.vegalite_to_svg(json.dumps(spec))
    assert svg.startswith("<svg")
    assert "NaN" not in svg
    assert len(spec["description"]) > 40
    assert ("dashed" in json.dumps(spec["title"])) == (len(line) > 0)


def test_the_band_reaches_as_far_as_the_seeds_and_the_tooltip_has_all_of_it():
    spec = drawn(NORMS).to_dict()
    frames = [rows for rows in spec["datasets"].values() if rows and "low" in rows[0]]
    band = next(rows for rows in frames if set(rows[0]) == {"variant", "lag", "low", "high"})
    assert min(row["low"] for row in band) == 0.5**4
    exact = next(rows for rows in frames if "mean" in rows[0])
    assert min(row["low"] for row in exact) < 0.5**4


def test_the_rule_stands_at_the_baseline_and_is_named():
    spec = recurrent.against_baseline(history(), variants=NAMES, baselines=[(1 / 6, "always saying the mean")]).to_dict()
    assert [{"baseline": 1 / 6}] in spec["datasets"].values()
    assert "dotted: always saying the mean, 0.167" in " ".join(spec["title"]["text"])
    assert "always saying the mean" in spec["description"]


def test_every_panel_has_the_rule():
    names = [f"lr={place}" for place in range(10)]
    spec = recurrent.against_baseline(history(names, seeds=1, epochs=2), variants=names, baselines=[(0.5, "guessing")]).to_dict()
    assert json.dumps(spec["concat"]).count('"baseline"') >= 2


def test_without_a_baseline_it_is_the_plain_curves():
    assert "dotted" not in json.dumps(recurrent.against_baseline(history(), variants=NAMES, baselines=[]).to_dict())


def test_the_bars_say_how_many_of_how_many_diverged():
    table = history(seeds=4, endings={("SGD", 1): ("diverged", 4)})
    spec = json.dumps(recurrent.diverged(analysis.diverged_shares(table, [*NAMES, "later"]), variants=[*NAMES, "later"]).to_dict())
    assert "1 of 4" in spec
    assert "no data yet" in spec
