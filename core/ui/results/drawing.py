"""Charts on a page: made once for the results they show, under a key that stays, so that the browser redraws only what has changed."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import streamlit as st
from pandas import DataFrame

from core.analysis import metrics
from core.charts.parts import specs
from core.charts.parts.titles import Axis
from core.ui.results.live import Results
from core.ui.results.words import sample

WIDTH = 300
"""Pixels of a chart that cannot stretch: a third of the workbench on a laptop, and all of it on a telephone."""

Build = Callable[..., Any]


def chart(
    results: Results,
    key: str,
    build: Build,
    *frames: Any,
    about: Hashable = None,
    variants: Sequence[str] | None = None,
    stretch: bool = False,
    patience: float = 0.0,
    **options: Any,
) -> None:
    """Draws `build(*frames, variants=..., **options)`, an altair chart of the results, in the current place.

    Args:
        results: decide, with `key`, `about` and the options, what is drawn: they are made into a chart once.
        key: of the element, and its name among what is made of the results.
        build: a function of `core.charts`.
        frames: its data frames, or functions that give them, which are called only when the chart must be made.
        about: what else decides what is in the frames.
        variants: those to draw; all of the comparison by default.
        stretch: give the chart the width of its place, where it can be so drawn.
        patience: while the comparison is running, seconds for which an older chart is good enough.
        options: its other arguments, hashable.
    """
    options["variants"] = tuple(results.variants if variants is None else variants)
    name = (key, about, build.__name__, tuple(sorted(options.items())))

    def make() -> Any:
        with metrics.of_sample(sample(results)):
            return specs.unchecked(lambda: build(*map(_frame, frames), **options))

    made = results.once(name, make, patience)
    st.vega_lite_chart(made, key=key, width="stretch" if stretch else "content")


def figure(key: str, made: Any, *, stretch: bool = False) -> None:
    """Draws an altair chart that is of no results, such as a lab's, under a key that stays."""
    st.vega_lite_chart(specs.spec(made), key=key, width="stretch" if stretch else "content")


def _frame(frame: Any) -> Any:
    return frame() if callable(frame) else frame


def along(results: Results, x: Axis, frame: DataFrame | None = None) -> DataFrame:
    """The rows of `frame` (the layers, where None) with the x axis beside them, which the store keeps in the history alone."""
    frame = results.layers if frame is None else frame
    if x in frame:
        return frame
    return frame.merge(results.history[["run", "step", x]], on=["run", "step"], how="left")
