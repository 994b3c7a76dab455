"""Charts on a page. A chart is made once for the results it shows, under a fixed key, so that the browser redraws only what has changed."""

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
"""Width in pixels of a chart that cannot stretch: a third of the workbench on a laptop, and the whole width of a telephone."""

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
        results: the chart is made once for these results, `key`, `about` and the options.
        key: key of the element, and its name in the cache of the results.
        build: a function of `core.charts`.
        frames: its data frames, or functions that return them, which are called only if the chart must be made.
        about: other values on which the content of the frames depends.
        variants: the variants to draw; all of the comparison by default.
        stretch: give the chart the width of its place, if it can be drawn so.
        patience: while the comparison is running, the seconds for which an older chart may be shown.
        options: other arguments of `build`, hashable.
    """
    options["variants"] = tuple(results.variants if variants is None else variants)
    name = (key, about, build.__name__, tuple(sorted(options.items())))

    def make() -> Any:
        with metrics.of_sample(sample(results)):
            return specs.unchecked(lambda: build(*map(_frame, frames), **options))

    made = results.once(name, make, patience)
    st.vega_lite_chart(made, key=key, width="stretch" if stretch else "content")


def figure(key: str, made: Any, *, stretch: bool = False) -> None:
    """Draws an altair chart that does not depend on results, such as a lab's, under a fixed key."""
    st.vega_lite_chart(specs.spec(made), key=key, width="stretch" if stretch else "content")


def _frame(frame: Any) -> Any:
    return frame() if callable(frame) else frame


def along(results: Results, x: Axis, frame: DataFrame | None = None) -> DataFrame:
    """The rows of `frame` (by default the layers) with the x axis added, which the store keeps only in the history."""
    frame = results.layers if frame is None else frame
    if x in frame:
        return frame
    return frame.merge(results.history[["run", "step", x]], on=["run", "step"], how="left")
