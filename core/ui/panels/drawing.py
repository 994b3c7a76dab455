"""Charts on a page: made once for the results they show, under a key that stays, so that the browser redraws only what has changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.charts import specs
from core.ui.live import Results

WIDTH = 340
"""Pixels of a chart that cannot stretch: a third of the workbench on a laptop, and all of it on a telephone."""

Build = Callable[..., Any]


def chart(results: Results, key: str, build: Build, *frames: Any, stretch: bool = False, **options: Any) -> None:
    """Draws `build(*frames, variants=..., **options)`, an altair chart of the results, in the current place.

    Args:
        results: decide, with `key` and the options, what is drawn: they are made into a chart once.
        key: of the element, and its name among what is made of the results.
        build: a function of `core.charts`.
        frames: its data frames, or functions that give them, which are called only when the chart must be made.
        stretch: give the chart the width of its place, where it can be so drawn.
        options: its arguments, hashable.
    """
    name = (key, build.__name__, tuple(sorted((option, _hashable(value)) for option, value in options.items())))
    made = results.once(name, lambda: specs.spec(build(*map(_frame, frames), variants=results.variants, **options)))
    st.vega_lite_chart(made, key=key, width="stretch" if stretch else "content")


def _frame(frame: Any) -> Any:
    return frame() if callable(frame) else frame


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
