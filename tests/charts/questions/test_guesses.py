"""A guess in a picture: words beside the name of what was guessed, in the legend or at its row."""

from __future__ import annotations

import html
import json
import re

import pandas as pd
import vl_convert

from core.charts import answer_lines, answers, guesses
from core.charts.compression import pictures
from core.charts.parts import legends
from tests.charts.questions.test_answers import CASES, KINDS, POINTS

LINE = pd.DataFrame({"variant": ["one", "two"] * 3, "size": [1.0, 1, 10, 10, 100, 100], "mean": [0.2, 0.3, 0.4, 0.5, 0.6, 0.7]})
SAID = "you expected this one"


def lines():
    return answer_lines.lines(LINE, variants=["one", "two"], x="size", x_title="size", y_title="share", x_scale="log")


def rows():
    return answers.cases(POINTS, cases=CASES, kinds=KINDS, title="loss", zero="perfect")


def words(chart):
    """All texts of the drawn chart."""
    svg = vl_convert.vegalite_to_svg(json.dumps(chart.to_dict()))
    return [html.unescape(re.sub("<[^>]*>", "", text)) for text in re.findall(r"<text[^>]*>(.*?)</text>", svg)]


def test_a_line_is_marked_in_the_legend_and_nothing_else_changes():
    for chart, name in ((lines, "two"), (rows, KINDS[0])):
        before, after = words(chart()), words(legends.fitting(guesses.named(chart(), name, SAID)))
        assert [text for text in after if text not in before] == [f"{name} ({SAID})"]
        assert [text for text in before if text not in after] == [name]


def test_a_row_is_marked_below_its_name():
    before, after = words(rows()), words(guesses.named(rows(), CASES[1], SAID))
    assert [text for text in after if text not in before] == [f"{CASES[1]}({SAID})"]


def test_a_name_that_the_picture_has_not_marks_nothing():
    assert words(guesses.named(rows(), "elsewhere", SAID)) == words(rows())


def test_of_several_panels_none_is_marked():
    pixels = pd.DataFrame({"variant": ["a", "b"], "row": 0, "column": 0, "value": 1.0})
    chart = pictures(pixels, variants=["a", "b"], value_title="ink")
    before = chart.to_dict()
    assert guesses.named(chart, "a", SAID).to_dict() == before
