"""A legend has as many columns as the width has room for."""

from __future__ import annotations

import json

import pandas as pd
import pytest
import vl_convert

from core.charts import answers
from core.charts.parts import legends
from core.charts.results import curves
from tests.charts import drawn
from tests.charts.frames import NAMES, history

KINDS = ["a kind with a rather long name", "another kind, with a name as long"]
POINTS = pd.DataFrame([("row", kind, 1.0, 0.5, 1.5, 3) for kind in KINDS], columns=["case", "kind", "mean", "low", "high", "n"])


def chart(width):
    made = answers.cases(POINTS, cases=["row"], kinds=KINDS, title="loss", width=800)
    return legends.fitting(made).properties(width=width)  # as the page stretches it


def legend_rows(made):
    """The heights at which the legend's entries stand, and their words."""
    svg = vl_convert.vegalite_to_svg(json.dumps(made.to_dict()))
    entries = [part for part in svg.split("<g ") if "role-legend-label" in part]
    return entries, svg


@pytest.mark.parametrize(("width", "wider"), [(330, False), (900, True)])
def test_entries_stand_beside_each_other_only_where_there_is_room(width, wider):
    _, unfitted_height = drawn.size(answers.cases(POINTS, cases=["row"], kinds=KINDS, title="loss", width=800).properties(width=width))
    _, height = drawn.size(chart(width))
    assert (height > unfitted_height) != wider
    if not wider:
        assert drawn.size(chart(width))[0] <= width + 1, "nothing reaches beyond the chart"


def test_every_entry_keeps_its_words_on_a_telephone():
    _, svg = legend_rows(chart(330))
    assert all(kind in svg for kind in KINDS)


def test_the_curves_of_runs_fit_as_well_and_several_panels_are_left_alone():
    made = curves.loss_curves(history(seeds=2, epochs=3), variants=NAMES, width=800)
    assert "floor(width" in json.dumps(legends.fitting(made).to_dict())
    many = [f"v{place}" for place in range(9)]
    panels = curves.loss_curves(history(many, seeds=1, epochs=2), variants=many)
    assert "floor(width" not in json.dumps(legends.fitting(panels).to_dict())
