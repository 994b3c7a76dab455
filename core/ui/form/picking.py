"""Widgets that always have one of a few options as value: an invalid value in the URL is ignored.

For most invalid values, Streamlit uses the start. But for an empty text in the URL (`?page.name=`), it returns None, as if nothing were
selected, even if a selection is required.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

T = TypeVar("T")


def segmented_control(label: str, options: Sequence[T], start: T, *, key: str, place: DeltaGenerator | None = None, **more: Any) -> T:
    """Draws options beside each other, with `start` selected at first, and returns the selected one. `more` is passed to Streamlit."""
    _forget_nothing(key)
    draw: Callable[..., Any] = st.segmented_control if place is None else place.segmented_control
    return one_of(options, draw(label, options, default=start, required=True, key=key, bind="query-params", **more), start)


def pills(label: str, options: Sequence[T], start: T, *, key: str, **more: Any) -> T:
    """Options as small buttons, one of which is chosen: `start` at first. `more` goes to Streamlit."""
    _forget_nothing(key)
    return one_of(options, st.pills(label, options, default=start, required=True, key=key, bind="query-params", **more), start)


def select_slider(label: str, options: Sequence[T], start: T, *, key: str, place: DeltaGenerator | None = None, **more: Any) -> T:
    """Draws options along a slider, with `start` selected at first, and returns the selected one. `more` is passed to Streamlit."""
    _forget_nothing(key)
    draw: Callable[..., Any] = st.select_slider if place is None else place.select_slider
    return one_of(options, draw(label, options, value=start, key=key, bind="query-params", **more), start)


def one_of(options: Sequence[T], value: object, start: T) -> T:
    """Returns the widget's option, or the start if its value is not one of the options."""
    return next((option for option in options if option == value), start)


def _forget_nothing(key: str) -> None:
    """Removes an empty text from the URL before the widget is drawn, and draws the page again, so that the widget shows its start."""
    if st.query_params.get(key) == "" and key not in st.session_state:
        del st.query_params[key]
        st.rerun()
