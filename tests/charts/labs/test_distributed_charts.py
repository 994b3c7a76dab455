"""The pictures of distributed SGD and of data recovery, as Vega draws them."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest
import vl_convert

from core.charts.labs import distributed, privacy
from core.charts.parts import palette
from tests.charts import drawn

FAST, SLOW = "#d55e00", "#0072b2"
NAMES = ["slow", "fast"]
COLOURS = {"slow": SLOW, "fast": FAST}
POINTS = pd.DataFrame(
    [(name, float(second), 2.0 / (1 + rate * second)) for name, rate in (("slow", 0.1), ("fast", 1.0)) for second in range(11)],
    columns=["variant", "seconds", "mean"],
)
POINTS = POINTS.assign(low=POINTS["mean"] * 0.9, high=POINTS["mean"] * 1.1, n=5)
WORK = pd.DataFrame(
    [(0, 0.0, 2.0, "computes"), (0, 2.0, 5.0, "waits"), (0, 5.0, 6.0, "wasted"), (0, 6.0, 10.0, "dead"), (1, 0.0, 10.0, "computes")],
    columns=["worker", "begin", "end", "state"],
)


def svg(chart):
    return vl_convert.vegalite_to_svg(json.dumps(chart.to_dict()))


def test_each_curve_has_its_colour_and_a_dot_where_it_reaches_the_target():
    reached = pd.DataFrame({"variant": ["fast"], "seconds": [3.0]})
    shown = svg(distributed.loss_over_clock(POINTS, reached, variants=NAMES, colours=COLOURS, target=0.5, seconds=10.0))
    assert "target: 0.5" in shown
    assert len(re.findall(rf'fill="{FAST}" stroke-width', shown)) + len(re.findall(rf'<path [^>]*fill="{FAST}"', shown)) >= 2
    assert len(re.findall(rf'stroke="{SLOW}" stroke-width="2.5"', shown)) == 1


def test_a_colour_stays_with_its_rule_whoever_else_is_drawn():
    alone = POINTS[POINTS["variant"] == "fast"]
    none = pd.DataFrame({"variant": [], "seconds": []})
    shown = svg(distributed.loss_over_clock(alone, none, variants=["fast"], colours=COLOURS, target=0.5, seconds=10.0))
    assert f'stroke="{FAST}"' in shown
    assert SLOW not in shown


def test_a_timeline_has_a_bar_a_gradient_a_line_while_waiting_and_a_cross_at_a_death():
    shown = svg(distributed.timeline(WORK, workers=2, colour=FAST, shown=10.0))
    assert len(re.findall(rf'fill="{FAST}"', shown)) == (WORK["state"].isin(["computes", "wasted"])).sum()
    assert len(re.findall(rf'stroke="{palette.MISSING}"', shown)) == 3, "waiting, being dead, and the cross"
    assert "simulated seconds" in shown
    assert "simulated seconds" not in re.sub('aria-[a-z]+="[^"]*"', "", svg(
        distributed.timeline(WORK, workers=2, colour=FAST, shown=10.0, titled=False)))  # fmt: skip


def test_bars_of_staleness_stand_on_0_and_are_as_high_as_their_share():
    shares = pd.DataFrame({"whose": [distributed.OTHERS, distributed.OTHERS], "staleness": [0, 1], "share": [0.25, 0.5]})
    shown = svg(distributed.staleness(shares, colour=FAST, straggler=False, height=200))
    bars = re.findall(rf'd="M([-\d.]+),([-\d.]+)h([-\d.]+)v([-\d.]+)[^"]*"[^>]*fill="{FAST}"', shown)
    heights = sorted(abs(float(bar[3])) for bar in bars)
    assert heights == pytest.approx([100, 200], rel=0.01), shown


def test_every_picture_stands_above_what_is_recovered_of_it_with_its_words():
    rows = [
        (example, kind, row, column, 0.5) for example in range(5) for kind in ("true", "recovered") for row in (0, 1) for column in (0, 1)
    ]
    pixels = pd.DataFrame(rows, columns=["example", "kind", "row", "column", "value"]).assign(label=3)
    said = {example: f"error {example}" for example in range(5)}
    chart = privacy.beside(pixels, said)
    shown = svg(chart)
    assert len(re.findall(r'aria-hidden="true"|<path [^>]*fill="rgb', shown)) >= len(rows)
    assert all(words in shown for words in said.values())
    assert drawn.size(chart)[0] <= 358, "the width of a telephone"


def test_a_roc_curve_keeps_to_its_order_and_guessing_is_the_diagonal():
    curves = pd.DataFrame(
        {"variant": ["fast"] * 3, "false_positives": [0.0, 0.2, 1.0], "true_positives": [0.0, 0.9, 1.0], "place": [0, 1, 2]}
    )
    shown = svg(privacy.roc(curves, variants=["fast"], colours=COLOURS))
    assert 'stroke-dasharray="2,3"' in shown
    assert len(re.findall(rf'stroke="{FAST}" stroke-width="2.5"', shown)) == 1


def test_the_attack_against_overfitting_has_a_dot_a_seed_and_one_a_mean():
    points = pd.DataFrame(
        [(name, seed, epochs, 0.1 * epochs + 0.01 * seed, 0.5 + 0.02 * epochs) for name in NAMES for seed in (0, 1) for epochs in (1, 2)],
        columns=["variant", "seed", "epochs", "gap", "auc"],
    )
    means = points.groupby(["variant", "epochs"], as_index=False)[["gap", "auc"]].mean()
    chart = privacy.auc_over_gap(points, means, means[means["epochs"] == 2], variants=NAMES, colours=COLOURS)
    shown = svg(chart)
    assert shown.count(">2 epochs</text>") == 2
    means = [layer for layer in chart.to_dict()["layer"] if layer["mark"].get("size") == 80]
    assert len(means) == 1
