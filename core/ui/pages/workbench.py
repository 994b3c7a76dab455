"""The workbench: everything about one comparison, from running it to taking it away."""

from __future__ import annotations

import streamlit as st

from core.ui.results import overview, steering, table
from core.ui.results.live import Results
from core.ui.results.tabs import details, differences
from core.ui.results.view import controls

PAGE = "compare"

NOTHING_YET = "Every variant is trained with every seed, from the same start. Curves appear here while they train."


def draw(results: Results) -> None:
    """The heading with the buttons, how far it is, and what came of it; before anything came of it, what would be compared.

    From the click on Run the charts are there, empty: the browser has then loaded what draws them when the first points come.
    """
    steering.title(results, "Compare")
    steering.standing(results)
    if results.empty and not results.progress.active:
        steering.nothing_yet(results, PAGE, NOTHING_YET)
        st.subheader("What will be compared", anchor=False)
        differences.table(results.comparison, key=f"{PAGE}.plan")
        return
    first = st.container()
    view = controls(PAGE, results)
    with first:
        overview.verdict(results, view)
    overview.side_by_side(PAGE, results, view)
    details.tabs(PAGE, results, view)
    table.summary(PAGE, results, view)
    table.downloads(PAGE, results, view)
