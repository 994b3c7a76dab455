"""The page of optimizers: the same ones on a real network."""

from __future__ import annotations

import streamlit as st

from core.charts.results import curves, summary
from core.experiments.optimizers import NETWORK, PAGE, START
from core.ui.results import overview, skeleton, steering
from core.ui.results.drawing import WIDTH, chart
from core.ui.results.live import Results
from core.ui.results.skeleton import Skeleton
from core.ui.results.view import View

__all__ = ["PAGE", "START", "network"]

PATIENCE = 2.0
"""Seconds for which the second and third chart may be behind the first while they grow."""

TIME_HELP = (
    "Forward, backward and the optimizer's own work, without measuring. Runs of one stack share the time of its passes equally, so the "
    "seeds do not show how much it would vary."
)

WORDS = Skeleton(PAGE, NETWORK.look, nothing_heading="The same optimizers train a network")


def network(results: Results) -> None:
    """The comparison of the sidebar: its buttons, and what came of it."""
    left, right = st.columns([2, 3], vertical_alignment="center")
    left.subheader("On a real network", anchor=False)
    with right:
        steering.buttons(results, PAGE)
    steering.standing(results)
    if skeleton.opened(WORDS, results, steer="above"):
        skeleton.body(PAGE, results, _pictures)


def _pictures(results: Results, view: View) -> None:
    grid = st.grid(3, min_column_width=WIDTH, gap="small")
    with grid.cell():
        overview.loss(PAGE, results, view)
    with grid.cell():
        st.subheader(
            "Update size",
            anchor=False,
            help="The last update's norm over the norm of the weights, measured after each epoch. "
            "Around a thousandth is usual; near 1, an update replaces the weights.",
        )
        chart(
            results,
            f"{PAGE}.updates",
            curves.loss_curves,
            results.course,
            stretch=True,
            patience=PATIENCE,
            metric="update_ratio",
            with_seeds=view.with_seeds,
            x=view.x,
            log_y=True,
            focus=False,
            width=WIDTH,
        )
    with grid.cell():
        st.subheader("Time of training", anchor=False, help=TIME_HELP)
        chart(results, f"{PAGE}.seconds", summary.seconds, results.history, stretch=True, patience=PATIENCE, width=WIDTH)
