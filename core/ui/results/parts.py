"""Parts of a page behind tabs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st


def tabs(key: str, drawers: Mapping[str, Callable[[], None]]) -> None:
    """One tab for each drawer; only the open one is called, and the URL keeps its name under `key`."""
    places = st.tabs(list(drawers), key=key, on_change="rerun", bind="query-params")
    for place, draw in zip(places, drawers.values(), strict=True):
        if place.open:
            with place:
                draw()
