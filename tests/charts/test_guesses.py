"""A guess in a picture: a hollow diamond and its words, at its place on the axes of what was measured."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest
import vl_convert

from core.charts import answer_lines, answers, guesses
from core.charts.compression import pictures
from tests.charts.test_answers import CASES, KINDS, POINTS

LINE = pd.DataFrame({"variant": "one", "size": [1.0, 10, 100], "mean": [0.2, 0.4, 0.6]})


def lines(**more):
    return answer_lines.lines(LINE, variants=["one"], x="size", x_title="size", y_title="share", x_scale="log", **more)


def rows():
    return answers.cases(POINTS, cases=CASES, kinds=KINDS, title="loss", zero="perfect")


def drawn(chart):
    return vl_convert.vegalite_to_svg(json.dumps(chart.to_dict()))


def words(svg, said):
    """Where the words stand: their anchor, and the pixels of their place."""
    found = re.search(rf'<text [^>]*?text-anchor="(\w+)" transform="translate\(([\d.-]+),([\d.-]+)\)"[^>]*>{said}</text>', svg)
    assert found, svg
    return found[1], float(found[2]), float(found[3])


@pytest.mark.parametrize(("chart", "at"), [(lines(), (100, 0.6)), (rows(), (2.0, "second"))], ids=["lines", "rows"])
def test_a_guess_is_drawn_and_the_axes_keep_their_titles(chart, at):
    before, after = drawn(chart), drawn(guesses.marked(chart, at, "your guess"))
    assert "your guess" in after
    assert "your guess" not in before
    assert "guess_" not in re.sub(r'aria-[a-z]+="[^"]*"', "", after)
    for title in re.findall(r">([^<]*)</text>", before):
        assert f">{title}</text>" in after, title


def test_words_stand_at_the_side_where_there_is_room():
    left = words(drawn(guesses.marked(lines(), (1, 0.3), "your guess")), "your guess")
    right = words(drawn(guesses.marked(lines(), (100, 0.3), "your guess")), "your guess")
    assert left[0] == "start"
    assert right[0] == "end"
    assert left[1] < right[1]


def test_a_higher_guess_stands_higher_also_beyond_what_was_measured():
    heights = [words(drawn(guesses.marked(lines(), (10, y), "your guess")), "your guess")[2] for y in (0.3, 0.5, 1.5)]
    assert heights[0] > heights[1]
    assert heights[2] < 40, "at the upper end of the axis"


def test_a_dotted_line_leads_to_it_from_where_it_begins():
    svg = drawn(guesses.marked(lines(), (100, 0.2), "your guess", since=(10, 0.4)))
    assert svg.count('stroke-dasharray="2,4"') == 1
    assert 'stroke-dasharray="2,4"' not in drawn(guesses.marked(lines(), (100, 0.2), "your guess"))


def test_of_several_panels_none_is_marked():
    pixels = pd.DataFrame({"variant": ["a", "b"], "row": 0, "column": 0, "value": 1.0})
    chart = pictures(pixels, variants=["a", "b"], value_title="ink")
    assert guesses.marked(chart, (0, 0), "your guess") is chart
