"""How errors are shown."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.ui.markdown import escaped

SCRIPT = """
import streamlit as st
from core.settings import SettingsError
from core.ui import errors
with errors.shown("It could not be done"):
    raise {error}
st.text("the page went on")
"""


def shown(error: str) -> AppTest:
    return AppTest.from_string(SCRIPT.format(error=error)).run()


def test_an_expected_error_is_its_message_as_it_is_written():
    script = shown('SettingsError("optimizer.lr: -1\\nmodel: <b>*x*</b> ![y](http://example.org)")')
    assert script.error[0].proto.title == "It could not be done"
    assert script.error[0].value.replace("\\", "") == "optimizer.lr: -1  \nmodel: <b>*x*</b> ![y](http://example.org)"
    assert "![" not in script.error[0].value
    assert not script.expander
    assert script.text[0].value == "the page went on"


def test_anything_else_is_short_with_the_details_folded():
    script = shown('ZeroDivisionError("so much")')
    assert script.error[0].value.startswith("so much")
    assert "ZeroDivisionError" in script.expander[0].code[0].value
    assert not script.exception
    assert script.text[0].value == "the page went on"


def test_stopping_a_page_inside_is_no_error():
    script = AppTest.from_string(SCRIPT.replace("raise {error}", "st.stop()")).run()
    assert not script.error
    assert not script.text


@pytest.mark.parametrize("sign", ["\r", "\x1b", "\u202e", "\u2066", "\u200b"], ids=ascii)
def test_text_in_markdown_has_no_sign_that_changes_how_its_line_is_read(sign):
    assert sign not in escaped(f"a{sign}b")
    assert escaped("a\nb") == "a\nb"
