"""The page of optimizers: the same optimizers on a real network."""

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
"""Seconds by which the second and third chart may lag behind the first while they grow."""

TIME_HELP = (
    "Forward and backward passes and the optimizer's step, without evaluations. Runs of one stack share the time of its passes equally, "
    "so the "
    "seeds do not show how much the time varies."
)

WORDS = Skeleton(PAGE, NETWORK.look, nothing_heading="The same optimizers train a network")


def network(results: Results) -> None:
    """The comparison of the sidebar: its buttons and its results."""
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
            help="Norm of the last update divided by the norm of the weights, measured after each epoch. "
            "About 0.001 is usual; near 1, an update replaces the weights.",
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
