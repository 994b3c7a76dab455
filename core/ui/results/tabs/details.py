"""The details below the curves, one tab each; only the open tab is drawn."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from core.charts.results import curves, layers, summary
from core.ui.results import parts
from core.ui.results.drawing import WIDTH, along, chart
from core.ui.results.live import Results
from core.ui.results.tabs import boundary, differences, predictions
from core.ui.results.view import View

PATIENCE = 5.0
"""Seconds by which a detail may lag behind the growing curves, because drawing one takes as long as drawing the curves."""

Draw = Callable[[str, Results, View], None]
BOUNDARY = "Boundary"


def tabs(page: str, results: Results, view: View) -> None:
    """Gradients, decision boundaries (for data with two features), activations, predictions, timing, and differences in settings."""
    shown = {name: draw for name, draw in DRAWERS.items() if name != BOUNDARY or boundary.possible(results)}
    parts.tabs(f"{page}.tab", {name: partial(draw, page, results, view) for name, draw in shown.items()})


def _gradients(page: str, results: Results, view: View) -> None:
    grid = st.grid(3, min_column_width=WIDTH, gap="small")
    with grid.cell():
        _heading(
            "Gradient norm",
            "Norm of the last mini-batch's gradient at each evaluation, before clipping. Layers that hardly learn are dark.",
        )
        _heat(page, results, view, "grad_norm")
    with grid.cell():
        _heading(
            "Update size",
            "Norm of the last update divided by the norm of the weights. About 0.001 is usual; near 1, an update replaces the weights.",
        )
        _heat(page, results, view, "update_ratio")
    with grid.cell():
        _heading("Learning rate", "The learning rate that the schedule sets.")
        chart(
            results,
            f"{page}.lr",
            curves.loss_curves,
            results.course,
            stretch=True,
            patience=PATIENCE,
            metric="lr",
            with_seeds=False,
            x=view.x,
            focus=False,
            width=WIDTH,
        )


def _activations(page: str, results: Results, view: View) -> None:
    grid = st.grid(3, min_column_width=WIDTH, gap="small")
    for column, heading, meaning in (
        ("activation_mean", "Mean activation", "Mean output of each layer over the evaluated training data."),
        (
            "activation_std",
            "Spread of activations",
            "How much a unit differs between examples. If it shrinks from layer to layer, the layers lose information about the input.",
        ),
        ("dead_fraction", "Dead units", "Share of hidden units whose output is 0 for every evaluated training example."),
    ):
        with grid.cell():
            _heading(heading, meaning)
            _heat(page, results, view, column)


def _heat(page: str, results: Results, view: View, column: str) -> None:
    frame = lambda: along(results, view.x)  # noqa: E731
    chart(results, f"{page}.heat.{column}", layers.heatmap, frame, patience=PATIENCE, column=column, x=view.x, width=WIDTH)


def _heading(text: str, meaning: str) -> None:
    st.markdown(f"**{text}**")
    st.caption(meaning)


def _timing(page: str, results: Results, view: View) -> None:
    st.caption(
        "Training time of each run: its share of its stack's forward and backward passes, and its own optimizer's time, without "
        "evaluations."
    )
    chart(results, f"{page}.seconds", summary.seconds, results.history, stretch=True, patience=PATIENCE, width=2 * WIDTH)


def _differences(page: str, results: Results, view: View) -> None:
    differences.table(results.comparison, key=f"{page}.differences")


DRAWERS: dict[str, Draw] = {
    "Gradients": _gradients,
    BOUNDARY: boundary.draw,
    "Activations": _activations,
    "Predictions": predictions.draw,
    "Timing": _timing,
    "What differs": _differences,
}
"""Every tab by its name, in order."""
