"""Charts of cases: a dot with its interval for each case and kind, in the kind's colour."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest
import vl_convert

from core.charts import answers
from core.charts.parts import palette

CASES, KINDS = ["first", "second", "third"], ["one", "other"]
POINTS = pd.DataFrame(
    [(case, kind, 1.0 + place, 0.5 + place, 2.0 + place, 8) for place, case in enumerate(CASES) for kind in KINDS],
    columns=["case", "kind", "mean", "low", "high", "n"],
)
LEGEND = 1
"""Marks of a kind's colour in the legend."""


def drawn(chart):
    return vl_convert.vegalite_to_svg(json.dumps(chart.to_dict()))


def marked(svg, attribute, colour):
    return len(re.findall(rf'{attribute}="{colour}"', svg, re.IGNORECASE))


@pytest.mark.parametrize("log", [False, True])
def test_every_mean_is_a_dot_in_its_kinds_colour_with_an_interval(log):
    svg = drawn(answers.cases(POINTS, cases=CASES, kinds=KINDS, title="loss", zero="equal", at=1.0, log=log))
    for kind in range(len(KINDS)):
        colour = palette.COLOURS[kind]
        assert marked(svg, "fill", colour) == len(CASES) + LEGEND, svg
        assert marked(svg, "stroke", colour) >= len(CASES), svg
    assert "equal" in svg


def test_an_interval_that_reaches_to_0_is_drawn_on_a_logarithmic_axis():
    svg = drawn(answers.cases(POINTS.assign(low=0.0), cases=CASES, kinds=KINDS, title="ratio", log=True))
    assert marked(svg, "fill", palette.COLOURS[0]) == len(CASES) + LEGEND
    assert "NaN" not in svg
    assert "Infinity" not in svg


def test_a_single_kind_needs_no_legend():
    one = POINTS[POINTS["kind"] == "one"]
    assert "one</text>" not in drawn(answers.cases(one, cases=CASES, kinds=["one"], title="loss"))
    assert "one</text>" in drawn(answers.cases(POINTS, cases=CASES, kinds=KINDS, title="loss"))
