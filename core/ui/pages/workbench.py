"""The workbench: everything about one comparison, from running it to exporting it."""

from __future__ import annotations

import streamlit as st

from core.experiments.home import PAGE
from core.ui.results import overview, skeleton
from core.ui.results.live import Results
from core.ui.results.skeleton import Skeleton
from core.ui.results.tabs import details, differences
from core.ui.results.view import View

__all__ = ["PAGE", "draw"]

WORDS = Skeleton(
    PAGE,
    "Every variant is trained with every seed, from the same start. Curves appear here while they train.",
    heading="Compare",
)


def draw(results: Results) -> None:
    """The heading with the buttons, the progress and the results; before there are results, the settings to be compared."""
    if skeleton.opened(WORDS, results):
        skeleton.body(PAGE, results, _pictures)
    else:
        st.subheader("What will be compared", anchor=False)
        differences.table(results.comparison, key=f"{PAGE}.plan")


def _pictures(results: Results, view: View) -> None:
    overview.side_by_side(PAGE, results, view)
    details.tabs(PAGE, results, view)
