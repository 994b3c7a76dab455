"""Controls that are declared once: the widgets, the address and the links that change something."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from core.ui.form.controls import Chip, Control, Controls

DECLARED = Controls(
    "page",
    "pages/page.py",
    (
        Control("kinds", "Kinds", ("a", "b", "c"), several=True),
        Control("rate", "Rate", ("0.1", "0.2", "0.5", "1")),
        Control("size", "Size", low=1, high=9),
        Control("part", "Part", high=1.0, step=0.25, fitted=lambda control, held: control if "b" in held["kinds"] else None),
    ),
    {"kinds": ("a", "c"), "rate": "0.2", "size": 3, "part": 0.5},
    (Chip("Also b", "?", {"kinds": ("b",)}), Chip("Faster", "?", {"rate": "1"}), Chip("Back", "?")),
    {"page.tab": "One"},
)
HELD = {"kinds": ("a",), "rate": "0.2", "size": 4, "part": 0.5}
SCRIPT = """
import streamlit as st
from tests.ui.form.test_controls import DECLARED
st.text(repr(DECLARED.draw()))
"""


def opened(said):
    script = AppTest.from_string(SCRIPT, default_timeout=20)
    for name, value in said.items():
        script.query_params[name] = value
    app = script.run()
    assert not app.exception
    return app


def test_they_hold_what_the_page_starts_with():
    assert opened({}).text[0].value == repr(dict(DECLARED.start))


def test_a_link_says_what_is_not_as_at_first_and_opens_that():
    query = DECLARED.query(HELD)
    assert query == {"page.open": "1", "page.tab": "One", "page.kinds": ["a"], "page.size": "4"}
    assert opened(query).text[0].value == repr(HELD)


def test_a_control_that_does_not_apply_is_not_drawn_and_holds_its_start():
    assert [slider.label for slider in opened({"page.part": "0.75"}).slider] == ["Size"]
    app = opened({"page.part": "0.75", "page.kinds": ["b"]})
    assert [slider.label for slider in app.slider] == ["Size", "Part"]
    assert "'part': 0.75" in app.text[0].value


def test_a_chip_adds_to_several_sets_one_or_goes_back():
    also, faster, back = DECLARED.chips
    assert DECLARED.changed(HELD, also) == {**HELD, "kinds": ("a", "b")}
    assert DECLARED.changed(HELD, faster) == {**HELD, "rate": "1"}
    assert DECLARED.changed(HELD, back) == dict(DECLARED.start)


def test_a_change_that_is_none_is_not_offered():
    assert [chip.change for chip in DECLARED.offered({**HELD, "rate": "1"})] == ["Also b", "Back"]
    assert [chip.change for chip in DECLARED.offered(DECLARED.start)] == ["Also b", "Faster"]
