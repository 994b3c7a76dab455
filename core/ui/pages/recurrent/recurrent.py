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
"""Variant -> what its data allow without a memory."""


def draw() -> None:
    """Form and view of the open tab; the gradient against the lag is of the networks of the adding problem."""
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
    """Who solves it; and the best variant against the runner-up."""
    if found and part.tab != CLIPPING:
        st.markdown(f"#### {escaped(_said(solved(results, found), found))}")
    overview.verdict(results, view)


def solved(results: Results, found: Baselines) -> DataFrame:
    """Which runs ended below half of their variant's baseline, by validation loss, or by training loss where there are no validation data,
    as logged where that is not measured either.
    """

    def make() -> DataFrame:
        losses = [name for name in ("val_loss", "train_loss_eval") if results.history[name].notna().any()]
        metric = losses[0] if losses else "train_loss"
        return analysis.solved(results.history, {name: baseline.value for name, baseline in found.items()}, metric)

    return results.once("solved", make)


def _said(frame: DataFrame, found: Baselines) -> str:
    """Who is below half of what, a part for each baseline."""
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
    st.subheader("Gradient norm", anchor=False, help="Of the last mini-batch before each measurement, before it is clipped.")
    options: dict[str, Any] = {"metric": "grad_norm", "with_train": False, "with_seeds": view.with_seeds, "log_y": True, "focus": False}
    chart(results, f"{part.page}.gradient", curves.loss_curves, results.course, stretch=True, x=view.x, width=WIDTH, **options)


def _solved(part: Part, results: Results, found: Baselines) -> None:
    """Who has found out what the marks mean, and when."""
    st.subheader("Who solves it", anchor=False)
    if not found:
        st.caption("Nothing is known of what these data allow without a memory.")
        return
    number = st.column_config.NumberColumn
    columns = {
        "variant": st.column_config.TextColumn("Variant", pinned=True),
        "n": number("Seeds"),
        "solved": number("Solved", help="Seeds whose validation loss is at the end below half of what their data allow without a memory."),
        "baseline": number("Without a memory", format="%.3g", help="The loss that the variant's own data allow without a memory."),
        "epoch": number("At epoch", format="%.1f", help="When they first were: the median."),
        "diverged": number("Diverged"),
    }
    frame = solved(results, found)
    if len(set(found.values())) > 1:
        frame = frame.assign(baseline=[found[name].value for name in frame["variant"]])
    shown: dict[str, Any] = {"hide_index": True, "column_config": columns, "placeholder": "–"}
    st.dataframe(frame, key=f"{part.page}.solved", alt="Seeds that solve the problem, by variant", **shown)
    table.csv_button(f"{part.page}.download.solved.csv", "solved.csv", frame)
    st.caption(
        "Where all variants have the same learning rate, it may not suit each of them. The dotted line is an expectation: on the "
        "few hundred validation sequences, always saying the mean has a loss a little beside it."
    )


def _diverged(part: Part, results: Results, found: Baselines) -> None:
    """The share of the seeds whose training fell apart."""
    st.subheader("Diverged", anchor=False, help=words.DIVERGED)
    frame = results.once("diverged", lambda: analysis.diverged_shares(results.history, results.variants))
    chart(results, f"{part.page}.diverged", charts.diverged, frame, stretch=True, width=WIDTH)
    table.csv_button(f"{part.page}.download.diverged.csv", "diverged.csv", frame)


def _cost(part: Part, results: Results, found: Baselines) -> None:
    """What an update takes."""
    st.subheader("What an update costs", anchor=False)
    frame = results.once("speeds", lambda: speeds.speeds(results.history, results.variants)[["variant", "ms", "epoch_s"]], 2.0)
    number = st.column_config.NumberColumn
    columns = {
        "variant": st.column_config.TextColumn("Variant", pinned=True),
        "ms": number("ms an update", format="%.3f", help="Training time of one run, its share of a stack of several; without measuring."),
        "epoch_s": number("s an epoch", format="%.3f"),
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
        "Where the loss is at the end alone, as here, only the last k steps need be kept for the way back. What that saves is memory, "
        "and time as far as a computation makes use of it."
    )
