"""A widget that picks one of a few options holds one of them, whatever the address says."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.ui.form import picking

SCRIPT = """
import streamlit as st
from core.ui.form.picking import segmented_control, select_slider
st.text(repr(segmented_control("Beside", ("0.1", "1"), "1", key="page.beside")))
st.text(repr(select_slider("Along", (1, 2, 5), 2, key="page.along")))
st.text(repr(segmented_control("In the sidebar", (3, 4), 4, key="page.aside", place=st.sidebar, help="Some.")))
"""


def opened(said: str) -> AppTest:
    script = AppTest.from_string(SCRIPT, default_timeout=20)
    for name in ("beside", "along", "aside"):
        script.query_params[f"page.{name}"] = said
    return script.run()


def holds(app: AppTest) -> list[str]:
    assert not app.exception, [shown.value for shown in app.exception]
    return [text.value for text in app.text]


@pytest.mark.parametrize("said", ["", "nan", "None", "9" * 40, "<b>", "1.0"])
def test_nonsense_in_the_address_leaves_the_start(said):
    app = opened(said)
    assert holds(app) == ["'1'", "2", "4"]
    assert [app.button_group(key="page.beside").value, app.button_group(key="page.aside").value] == ["1", 4], "and the widget shows it"


def test_an_option_in_the_address_is_taken():
    assert holds(opened("0.1")) == ["'0.1'", "2", "4"]
    assert holds(opened("5")) == ["'1'", "5", "4"]
    assert holds(opened("3")) == ["'1'", "2", "3"]


@pytest.mark.parametrize("held", [None, "", "2", 2.5, [1]])
def test_what_is_none_of_the_options_counts_as_the_start(held):
    assert picking.one_of((1, 2), held, 1) == 1


def test_an_option_is_kept_as_it_was_offered():
    assert picking.one_of(("a", "b"), "b", "a") == "b"
