"""The pad on which points are drawn: a component of ours in plain JavaScript, behind a chip, and the same points as a text."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.charts.parts import palette
from core.data.sets.drawn import ALPHABET, FEWEST, MOST, SMILE, read
from core.ui.markdown import escaped
from core.ui.pages.playground.player import code
from core.ui.pages.playground.settings import PAGE

_pad = st.components.v2.component("tandem_pad", html=code("pad.html"), css=code("pad.css"), js=code("drawing.js", "pad.js"))


def pad(on_drawn: Callable[[str], None]) -> str:
    """Draws the chip, and returns the points that are to be trained on. `on_drawn` is called with those that the reader hands in."""
    key = f"{PAGE}.pad"
    with st.popover("draw your own", icon=":material/draw:", key=f"{PAGE}-draw"):
        place = st.container()
        text = st.text_input(
            "The same as text",
            SMILE,
            key=f"{PAGE}.points",
            bind="query-params",
            help="Two letters or digits a point, x and y, from A (lowest) over a to 9 (highest). A dot stands between the two classes.",
        )
        points = text or SMILE
        if complaint := _complaint(points):
            st.warning(f"These are no points, so the face is taken: {escaped(complaint)}.")
            points = SMILE
        with place:
            data = {"points": points, "letters": ALPHABET, "fewest": FEWEST, "most": MOST, "classes": list(palette.CLASSES[:2])}
            _pad(key=key, data=data, on_drawn_change=lambda: on_drawn(st.session_state[key].drawn))
    return points


def _complaint(points: str) -> str | None:
    try:
        read(points)
    except ValueError as error:
        return str(error)
    return None
