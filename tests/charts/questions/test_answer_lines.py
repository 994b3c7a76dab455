"""Lines of answers: each variant has its own, and its band where there is an interval."""

from __future__ import annotations

from pandas import DataFrame

from core.charts import answer_lines
from core.charts.parts import palette
from tests.charts import drawn

KINDS = ("before", "after")


def marks(chart, kind):
    """The colours of the marks of a kind, as Vega drew them."""
    groups = [group for group in drawn.picture(chart).iter("g") if f"mark-{kind} role-mark" in group.get("class", "")]
    return [path.get("fill" if kind == "symbol" else "stroke") for group in groups for path in group.iter("path")]


def test_there_is_a_line_a_variant_and_a_log_axis_leaves_out_what_it_cannot_show():
    points = DataFrame({"variant": [name for name in KINDS for _ in range(3)], "at": [0, 1, 2] * 2, "mean": [0.0, 1, 2, 3, 4, 5]})
    for scale in ("linear", "log"):
        chart = answer_lines.lines(points, variants=KINDS, x="at", x_title="update", y_title="loss (nats)", y_scale=scale)
        assert [colour for colour in marks(chart, "line") if colour] == list(palette.COLOURS[:2])
        assert len(marks(chart, "symbol")) == (6 if scale == "linear" else 5)


def test_a_band_is_cut_at_the_means_and_missing_where_there_is_no_interval():
    points = DataFrame(
        {"variant": "before", "at": [1, 2, 3], "mean": [1.0, 2, 3], "low": [-90.0, 1, None], "high": [90.0, 3, None], "n": 2}
    )
    chart = answer_lines.lines(points, variants=KINDS[:1], x="at", x_title="update", y_title="loss (nats)")
    band = next(iter(chart.to_dict()["datasets"].values()))
    assert chart.layer[0].data["low"].tolist() == [1.0, 1.0], band
    assert chart.layer[0].data["high"].tolist() == [3.0, 3.0]


def test_a_level_is_a_named_dashed_line_at_its_value():
    points = DataFrame({"variant": "before", "at": [1, 2, 3], "mean": [1.0, 10, 100]})
    chart = answer_lines.lines(
        points, variants=KINDS[:1], x="at", x_title="update", y_title="loss (nats)", y_scale="log", level=(10.0, "guessing")
    )
    groups = [group for group in drawn.picture(chart).iter("g") if "mark-rule role-mark" in group.get("class", "")]
    rules = [line for group in groups for line in group.iter("line")]
    assert len(rules) == 1
    assert rules[0].get("stroke-dasharray")
    assert "guessing" in "".join(drawn.picture(chart).itertext())
    without = answer_lines.lines(points, variants=KINDS[:1], x="at", x_title="update", y_title="loss (nats)", y_scale="log")
    assert not [group for group in drawn.picture(without).iter("g") if "mark-rule role-mark" in group.get("class", "")]
