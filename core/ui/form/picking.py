"""Widgets that hold one of a few options, always: what the address says that is none of them is forgotten.

Streamlit puts the start in the place of most nonsense in the URL. But it takes an empty text (`?page.name=`) for a control in which nothing
is chosen, although something has to be, and gives None.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

T = TypeVar("T")


def segmented_control(label: str, options: Sequence[T], start: T, *, key: str, place: DeltaGenerator | None = None, **more: Any) -> T:
    """Options beside each other, one of which is chosen: `start` at first. `more` goes to Streamlit."""
    _forget_nothing(key)
    draw: Callable[..., Any] = st.segmented_control if place is None else place.segmented_control
    return one_of(options, draw(label, options, default=start, required=True, key=key, bind="query-params", **more), start)


def pills(label: str, options: Sequence[T], start: T, *, key: str, **more: Any) -> T:
    """Options as small buttons, one of which is chosen: `start` at first. `more` goes to Streamlit."""
    _forget_nothing(key)
    return one_of(options, st.pills(label, options, default=start, required=True, key=key, bind="query-params", **more), start)


def select_slider(label: str, options: Sequence[T], start: T, *, key: str, place: DeltaGenerator | None = None, **more: Any) -> T:
    """Options along a slider: `start` at first. `more` goes to Streamlit."""
    _forget_nothing(key)
    draw: Callable[..., Any] = st.select_slider if place is None else place.select_slider
    return one_of(options, draw(label, options, value=start, key=key, bind="query-params", **more), start)


def one_of(options: Sequence[T], value: object, start: T) -> T:
    """The option that a widget holds, or the start where it holds none of them."""
    return next((option for option in options if option == value), start)


def _forget_nothing(key: str) -> None:
    """Takes an empty text out of the URL before the widget is drawn, and draws the page again: the widget then shows its start."""
    if st.query_params.get(key) == "" and key not in st.session_state:
        del st.query_params[key]
        st.rerun()
