"""The page of recurrent networks: the adding problem, the gradient against the lag, clipping, truncation."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import streamlit as st
from pandas import DataFrame

from core.analysis import metrics, speeds
from core.analysis import recurrent as analysis
from core.charts import recurrent as charts
from core.charts.results import curves
from core.ui.form import forms
from core.ui.markdown import escaped
from core.ui.pages.recurrent.parts import ADDING, CLIPPING, LAG, PARTS, TABS, TRUNCATION, Baseline, Part, baselines
from core.ui.results import gradient_lag, live, overview, skeleton, table, words
from core.ui.results.drawing import WIDTH, chart
from core.ui.results.live import Results
from core.ui.results.skeleton import Skeleton
from core.ui.results.view import LOG_Y, ROBUST, SEEDS, View, controls, named

PAGE = "recurrent"
PATH = "pages/recurrent.py"
HEADING = "Recurrent"

Baselines = Mapping[str, Baseline]
"""Variant -> the loss that its data allow without memory."""


def draw() -> None:
    """Form and view of the open tab; the gradient against the lag uses the networks of the adding problem."""
    places = dict(zip(TABS, st.tabs(TABS, key=f"{PAGE}.tab", on_change="rerun", bind="query-params"), strict=True))
    tab = next((name for name, place in places.items() if place.open), ADDING)
    part = PARTS[ADDING if tab == LAG else tab]
    comparison = forms.comparison(part.page, part.start)
    with places[tab]:
        live.show(comparison, gradient_lag.draw if tab == LAG else partial(draw_part, part))


def draw_part(part: Part, results: Results) -> None:
    """A tab that trains."""
    around = Skeleton(
        part.page,
        part.nothing_yet,
        heading=HEADING,
        look=part.about,
        nothing_heading=part.heading,
        path=PATH,
        experiments=part.experiments,
        opens={f"{PAGE}.tab": part.tab},
    )
    found = baselines(results.comparison)
    skeleton.draw(
        around,
        results,
        lambda results, view: _pictures(part, results, view, found),
        controls=partial(controls, shown_first=(LOG_Y, SEEDS, ROBUST)),
        verdict=partial(_verdict, part, found),
    )


def _verdict(part: Part, found: Baselines, results: Results, view: View) -> None:
    """Which variants solve the problem, and the best variant against the second best."""
    if found and part.tab != CLIPPING:
        st.markdown(f"#### {escaped(_said(solved(results, found), found))}")
    overview.verdict(results, view)


def solved(results: Results, found: Baselines) -> DataFrame:
    """The runs that ended below half of their variant's baseline, by validation loss; without validation data by the evaluated training
    loss, or by the logged one if that is not measured either.
    """

    def make() -> DataFrame:
        losses = [name for name in ("val_loss", "train_loss_eval") if results.history[name].notna().any()]
        metric = losses[0] if losses else "train_loss"
        return analysis.solved(results.history, {name: baseline.value for name, baseline in found.items()}, metric)

    return results.once("solved", make)


def _said(frame: DataFrame, found: Baselines) -> str:
    """The variants below half of their baseline, one part for each baseline."""
    told: dict[Baseline, list[str]] = {}
    for row in frame[frame["n"] > 0].to_dict("records"):
        told.setdefault(found[row["variant"]], []).append(f"{row['variant']} {row['solved']} of {row['n']}")
    parts = [f"below half of {baseline.value:.3g} ({baseline.label}): {', '.join(said)} seeds" for baseline, said in told.items()]
    said = "; ".join(parts)
    return said[:1].upper() + said[1:]


def _pictures(part: Part, results: Results, view: View, found: Baselines) -> None:
    grid = st.grid(3, min_column_width=WIDTH, gap="small")
    with grid.cell():
        _loss(part, results, view, found)
    with grid.cell():
        _gradient(part, results, view)
    with grid.cell():
        {ADDING: _solved, CLIPPING: _diverged, TRUNCATION: _cost}[part.tab](part, results, found)


def _loss(part: Part, results: Results, view: View, found: Baselines) -> None:
    st.subheader(named(results, view.metric), anchor=False)
    ruled = tuple(dict.fromkeys(found.values())) if metrics.is_loss(view.metric) else ()
    options: dict[str, Any] = {"with_train": view.with_train, "with_seeds": view.with_seeds, "log_y": view.log_y, "focus": view.focus}
    options |= {"baselines": tuple((baseline.value, baseline.label) for baseline in ruled)}
    options |= {"metric": view.metric, "x": view.x, "width": WIDTH}
    chart(results, f"{part.page}.loss", charts.against_baseline, results.history, results.reached, stretch=True, **options)


def _gradient(part: Part, results: Results, view: View) -> None:
    st.subheader("Gradient norm", anchor=False, help="Norm of the last mini-batch's gradient before each evaluation, before clipping.")
    options: dict[str, Any] = {"metric": "grad_norm", "with_train": False, "with_seeds": view.with_seeds, "log_y": True, "focus": False}
    chart(results, f"{part.page}.gradient", curves.loss_curves, results.course, stretch=True, x=view.x, width=WIDTH, **options)


def _solved(part: Part, results: Results, found: Baselines) -> None:
    """Which variants have learned what the marks mean, and when."""
    st.subheader("Which variants solve it", anchor=False)
    if not found:
        st.caption("For these data, no loss without memory is known.")
        return
    number = st.column_config.NumberColumn
    columns = {
        "variant": st.column_config.TextColumn("Variant", pinned=True),
        "n": number("Seeds"),
        "solved": number("Solved", help="Seeds whose final validation loss is below half of the loss without memory."),
        "baseline": number("Without memory", format="%.3g", help="The loss that the variant's own data allow without memory."),
        "epoch": number("At epoch", format="%.1f", help="First epoch below that value: median over seeds."),
        "diverged": number("Diverged"),
    }
    frame = solved(results, found)
    if len(set(found.values())) > 1:
        frame = frame.assign(baseline=[found[name].value for name in frame["variant"]])
    shown: dict[str, Any] = {"hide_index": True, "column_config": columns, "placeholder": "–"}
    st.dataframe(frame, key=f"{part.page}.solved", alt="Seeds that solve the problem, by variant", **shown)
    table.csv_button(f"{part.page}.download.solved.csv", "solved.csv", frame)
    st.caption(
        "If all variants have the same learning rate, it may not suit each of them. The dotted line is an expected value: on the "
        "few hundred validation sequences, the loss of always predicting the mean differs from it slightly."
    )


def _diverged(part: Part, results: Results, found: Baselines) -> None:
    """The share of diverged seeds."""
    st.subheader("Diverged", anchor=False, help=words.DIVERGED)
    frame = results.once("diverged", lambda: analysis.diverged_shares(results.history, results.variants))
    chart(results, f"{part.page}.diverged", charts.diverged, frame, stretch=True, width=WIDTH)
    table.csv_button(f"{part.page}.download.diverged.csv", "diverged.csv", frame)


def _cost(part: Part, results: Results, found: Baselines) -> None:
    """The time of an update."""
    st.subheader("Cost of an update", anchor=False)
    frame = results.once("speeds", lambda: speeds.speeds(results.history, results.variants)[["variant", "ms", "epoch_s"]], 2.0)
    number = st.column_config.NumberColumn
    columns = {
        "variant": st.column_config.TextColumn("Variant", pinned=True),
        "ms": number(
            "ms per update", format="%.3f", help="Training time of one run, as its share of a stack's time; evaluations are not included."
        ),
        "epoch_s": number("s per epoch", format="%.3f"),
    }
    st.dataframe(
        frame,
        key=f"{part.page}.speeds",
        hide_index=True,
        column_config=columns,
        placeholder="–",
        alt="Cost of an update and an epoch by variant",
    )
    table.csv_button(f"{part.page}.download.speeds.csv", "speeds.csv", frame)
    st.caption(
        "If the loss depends only on the end, as here, only the last k steps must be stored for the backward pass. This saves memory, "
        "and also time if the implementation uses it."
    )
