"""The gradient against the lag: before training, with adjustable spectral radius and forget bias, and after training."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st
from pandas import DataFrame

from core.analysis import recurrent as analysis
from core.charts import recurrent as charts
from core.charts.parts import palette
from core.choices.models.recurrent import Recurrent
from core.runs.computing.executors import on_one_thread
from core.settings import RunSettings
from core.ui import errors
from core.ui.form.picking import segmented_control
from core.ui.results import compression, steering, table
from core.ui.results.drawing import WIDTH, figure
from core.ui.results.live import Results

PAGE = "recurrent.lag"
HEADING = "Recurrent"

START, TRAINED = "before training", "after training"
DATA, ZEROS = "of the data", "zeros"
SEEDS = 5
"""The most seeds that are measured for each variant, beginning with the first."""

ABOUT = (
    "Back in time, the gradient is multiplied at every step by that step's Jacobian: `∂s_T/∂s_(T−k) = J_T ··· J_(T−k+1)`. "
    "**What to look at:** a straight line is a constant factor per step: below 1 the gradient vanishes, above 1 it explodes. "
    "For a linear recurrence with an orthogonal matrix times ρ it is exactly `ρ^k` (dashed). The slope of tanh is at most 1, so the inputs "
    "move the RNN below that line (choose *zeros* to see it on the line). The LSTM updates its memory as `c' = f c + …`, with "
    "`f = σ(forget bias)` at first: 0.73 for 1, 0.95 for 3. The GRU begins with `z = σ(0) = ½`: it replaces half of its state at every "
    "step. "
    "But **gates are learned**: look again *after training*. Sources: Hochreiter & Schmidhuber 1997; [Pascanu et al. "
    "2013](https://arxiv.org/abs/1211.5063)."
)


class LagSettings(NamedTuple):
    """The values of the controls."""

    trained: bool
    radius: float
    forget_bias: float
    zeros: bool


def draw(results: Results) -> None:
    """The tab: controls, picture, slopes."""
    st.title(HEADING, anchor=False)
    st.markdown(ABOUT)
    asked = _controls()
    members = _members(results)
    if not members:
        st.info("None of these variants is a recurrent network. Choose recurrent as the model in the sidebar.")
        return
    with errors.shown("The gradient cannot be measured with these settings"):
        if asked.trained:
            _trained(results, asked, members)
        else:
            _show(results, asked, _measured(results, asked, [(name, _moved(run, asked)) for name, run in members]))


def _controls() -> LagSettings:
    """The controls in a row; those that apply only before training are disabled after training, but stay visible."""
    keys: dict[str, Any] = {"bind": "query-params"}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        trained = segmented_control(
            "Networks",
            (START, TRAINED),
            START,
            key=f"{PAGE}.networks",
            help="The networks of the adding problem in the sidebar: with their initial weights, or as stored after training.",
        )
        off = trained == TRAINED
        radius = st.slider(
            "Spectral radius ρ",
            0.5,
            1.5,
            0.9,
            0.05,
            key=f"{PAGE}.radius",
            disabled=off,
            width=200,
            help="Largest absolute eigenvalue of the recurrent matrix (in LSTM and GRU, of each gate's matrix). It replaces the value in "
            "the sidebar.",
            **keys,
        )
        bias = st.slider(
            "Forget bias",
            -2.0,
            5.0,
            1.0,
            0.5,
            key=f"{PAGE}.forget_bias",
            disabled=off,
            width=170,
            help="Initial bias of the LSTM's forget gate: how open it is. It replaces the value in the sidebar.",
            **keys,
        )
        inputs = segmented_control(
            "Inputs",
            (DATA, ZEROS),
            DATA,
            key=f"{PAGE}.inputs",
            help="What the networks read: training sequences, or only zeros. With zeros and no biases the state of an RNN stays 0, "
            "where tanh is linear.",
        )
    return LagSettings(off, float(radius), float(bias), inputs == ZEROS)


def _members(results: Results) -> list[tuple[str, RunSettings]]:
    """The recurrent networks of the comparison that are drawn: (variant, run)."""
    every = [(name, run) for name, run in results.comparison.members if isinstance(run.model, Recurrent)]
    names = list(dict.fromkeys(name for name, _ in every))[: len(palette.COLOURS)]
    seeds = results.comparison.seed_list[:SEEDS]
    return [(name, run) for name, run in every if name in names and run.seed in seeds]


def _moved(run: RunSettings, asked: LagSettings) -> RunSettings:
    """The run with the initial values of the sliders."""
    model = run.model.model_dump() | {"spectral_radius": asked.radius, "forget_bias": asked.forget_bias}
    return compression.changed(run, model=model)


def _trained(results: Results, asked: LagSettings, members: list[tuple[str, RunSettings]]) -> None:
    stored = {run.key: weights for _, run in members if (weights := results.store.weights(run.key)) is not None}
    if results.missing or results.progress.active:
        steering.standing(results)
    if not stored:
        if not results.progress.active:
            text = "After the adding problem is trained, the gradients of the trained networks are shown here."
            steering.nothing_yet(results, PAGE, text, "These networks have not been trained yet")
        return
    _show(results, asked, _measured(results, asked, [(name, run) for name, run in members if run.key in stored], stored))


def _measured(
    results: Results, asked: LagSettings, members: list[tuple[str, RunSettings]], stored: dict[str, bytes] | None = None
) -> DataFrame:
    """variant, seed, lag, norm of all of them."""
    with st.spinner("Computing gradients"):
        frames = []
        for name, run in members:
            norms = _norms(run, asked.zeros, stored is not None, None if stored is None else stored[run.key])
            frames.append(norms.assign(variant=name, seed=run.seed))
    return pd.concat(frames, ignore_index=True)[["variant", "seed", "lag", "norm"]]


@st.cache_data(show_spinner=False, max_entries=600, hash_funcs={RunSettings: lambda run: run.key})
def _norms(run: RunSettings, zeros: bool, trained: bool, _weights: bytes | None) -> DataFrame:
    from core.labs.networks import gradient_lag  # which imports torch

    norms = on_one_thread(gradient_lag.measure, run, weights=_weights, inputs="zeros" if zeros else "data")
    return DataFrame({"lag": range(len(norms)), "norm": norms})


def _show(results: Results, asked: LagSettings, norms: DataFrame) -> None:
    means, slopes = analysis.curves(norms), analysis.slopes(norms)
    names = [name for name in results.variants if name in set(norms["variant"])]
    line = DataFrame({"lag": [], "mean": []}) if asked.trained else _line(asked.radius, int(norms["lag"].max()))
    figure(f"{PAGE}.curves", charts.gradient_lag(norms, means, line, variants=names, width=WIDTH), stretch=True)
    _slopes(asked, slopes)
    with st.container(horizontal=True, gap="small"):
        table.csv_button(f"{PAGE}.download.lag.csv", "gradient_lag.csv", norms, "One row per variant, seed and lag.")
        table.csv_button(f"{PAGE}.download.slopes.csv", "slopes.csv", slopes, "One row per variant.")
    left_out = len(results.variants) - len(names)
    if left_out:
        st.caption(f"{left_out} of the variants are not drawn: at most {len(palette.COLOURS)} are, and only recurrent ones.")
    table.workbench_link(results)


def _line(radius: float, last: int) -> DataFrame:
    """ρ^k, which is a straight line on the logarithmic axis."""
    lags = range(last + 1)
    return DataFrame({"lag": lags, "mean": [radius**lag for lag in lags]})


def _slopes(asked: LagSettings, slopes: DataFrame) -> None:
    """The fitted lines, and before training the predicted slope."""
    predicted = {} if asked.trained else {"predicted": math.log(asked.radius)}
    number = st.column_config.NumberColumn
    columns = {
        "variant": st.column_config.TextColumn("Variant", pinned=True),
        "slope": number(
            "Slope per step", format="%.4f", help="Slope of ln norm against the lag, by least squares over all lags; mean over seeds."
        ),
        "low": number("95 % from", format="%.4f"),
        "high": number("to", format="%.4f"),
        "predicted": number("ln ρ", format="%.4f", help="The slope of a linear recurrence with an orthogonal matrix times ρ."),
        "factor": number("Factor per step", format="%.3f", help="e to the power of the slope."),
        "straight": number("Straight (R²)", format="%.3f", help="1: the logarithm is a straight line. Empty if it is constant."),
        "gone": number("Below 1 % at lag", format="%.0f", help="The first lag at which less than 1 % is left. Empty: there is none."),
        "n": number("Seeds"),
    }
    frame = slopes.assign(**predicted)[[name for name in columns if name in slopes or name in predicted]]
    st.dataframe(
        frame,
        key=f"{PAGE}.slopes",
        hide_index=True,
        column_config=columns,
        placeholder="–",
        alt="Slopes of the logarithm of the gradient norm",
    )
