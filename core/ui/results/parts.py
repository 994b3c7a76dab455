"""Parts of a page behind tabs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st


def tabs(key: str, drawers: Mapping[str, Callable[[], None]]) -> None:
    """A tab for each drawer, of which only the open one is called; which it is, is in the URL under `key`."""
    places = st.tabs(list(drawers), key=key, on_change="rerun", bind="query-params")
    for place, draw in zip(places, drawers.values(), strict=True):
        if place.open:
            with place:
                draw()
