"""Soft targets of single examples: the probabilities of a teacher, which are softer at higher temperatures."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st
from pandas import DataFrame

from core.analysis.statistics import quoted
from core.charts import compression as charts
from core.choices.activations import Relu
from core.choices.distillation import DistillationChoice
from core.choices.models import Mlp
from core.choices.normalizations import NoNormalization
from core.data.loading import Split, load_data
from core.data.sets import DataChoice
from core.data.splitting import split_rows
from core.labs.networks import soft_targets as lab
from core.settings import RunSettings
from core.ui.form import numbers
from core.ui.markdown import escaped
from core.ui.results import compression
from core.ui.results.drawing import WIDTH, chart
from core.ui.results.live import Results

TEMPERATURES = (1.0, 4.0, 10.0)
"""Temperatures shown if the comparison has no others."""
MOST = 6
"""The most temperatures side by side."""


def draw(page: str, results: Results, name: str, run: RunSettings | None, seed: int) -> None:
    """The probabilities that a run's network (the teacher `name`) gives to one example, at several temperatures."""
    st.caption(
        "The teacher's probabilities for one test example. A higher temperature shows which other classes the teacher finds similar; the "
        "student learns from this in addition to the label."
    )
    if run is None:
        st.info("No variant here has a teacher.")
        return
    logits_NC = results.once(("logits", seed), lambda: logits_of(results, run))
    if logits_NC is None:
        st.info(f"{escaped(name)}: its soft targets are shown after its training here has ended.")
        return
    _example(page, results, run.data, logits_NC, seed)


def logits_of(results: Results, run: RunSettings) -> lab.Floats | None:
    """The outputs of a run's network for the test examples (N, C), or for the validation examples if there are no test examples.

    None before the run has ended. A plain ReLU network is computed without torch, which takes seconds to load.
    """
    weights = compression.weights_of(results, run)
    if weights is None:
        return None
    x_ND, _ = _examples(load_data(run.data))
    model = run.model
    if (
        isinstance(model, Mlp)
        and isinstance(model.activation, Relu)
        and isinstance(model.normalization, NoNormalization)
        and not model.skip
    ):
        return lab.mlp_logits(weights, x_ND)
    return compression.outputs_of(run.key, x_ND)


def _examples(split: Split) -> tuple[np.ndarray, np.ndarray]:
    return (split.x_test, split.y_test) if len(split.x_test) else (split.x_val, split.y_val)


def _example(page: str, results: Results, data: DataChoice, logits_NC: lab.Floats, seed: int) -> None:
    split = load_data(data)
    x_ND, y_N = _examples(split)
    if not len(x_ND):
        st.info("There are neither test nor validation examples to look at.")
        return
    order = np.argsort(-lab.entropy(lab.softened(logits_NC, 1.0)), kind="stable")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        rank = numbers.integer(
            "Example",
            1,
            len(order),
            1,
            key=f"{page}.example",
            bind="query-params",
            width=140,
            help="1 is the example with the teacher's least certain prediction.",
        )
        log = st.toggle("Logarithmic", key=f"{page}.log", bind="query-params", help="Logarithmic axis, which shows small probabilities.")
    place = int(order[rank - 1])
    names = list(split.class_names or ())
    picture, bars = st.columns([1, 3], vertical_alignment="center")
    with picture:
        _picture(page, results, data, place, names[int(y_N[place])], (seed, place))
    with bars:
        _bars(page, results, logits_NC[place], names, int(y_N[place]), (seed, place), log=log)


def raw(data: DataChoice, place: int) -> np.ndarray:
    """One of the shown examples before any scaling: (D,)."""
    examples = data.examples()
    rows = split_rows(examples, data.validation_fraction, data.test_fraction, data.split_seed)
    part = rows.test if len(rows.test) else rows.validation
    return examples.x.iloc[part[place]].to_numpy(float)


def _picture(page: str, results: Results, data: DataChoice, place: int, truth: str, about: tuple[int, int]) -> None:
    """The example as a picture, with its channels averaged; for other data only its label.

    The network sees it standardised, each pixel by its own mean and standard deviation, which would hide the digit from the eye.
    """
    shape = load_data(data).shape
    if len(shape) != 3:
        st.markdown(f"Labelled **{escaped(truth)}**")
        return
    rows, columns = np.indices(shape[1:])
    value = results.once(("raw", place), lambda: raw(data, place)).reshape(shape).mean(axis=0)
    pixels = DataFrame({"row": rows.ravel(), "column": columns.ravel(), "value": value.ravel()})
    chart(
        results,
        f"{page}.digit",
        charts.pictures,
        pixels.assign(variant=f"labelled {truth}"),
        about=about,
        variants=[f"labelled {truth}"],
        value_title="ink",
        grey=True,
        legend=False,
        side=130,
    )


def _bars(page: str, results: Results, logits_C: np.ndarray, names: list[str], truth: int, about: tuple[int, int], *, log: bool) -> None:
    asked = {run.distillation.temperature for _, run in results.comparison.members if isinstance(run.distillation, DistillationChoice)}
    temperatures = sorted({1.0, *(asked if len(asked) > 1 or asked - {1.0} else TEMPERATURES)})[:MOST]
    st.caption(escaped(spoken(logits_C, names, temperatures)))
    frames = [
        DataFrame(
            {
                "variant": f"T = {t:g}",
                "label": names,
                "probability": lab.softened(logits_C, t),
                "truth": np.arange(len(names)) == truth,
            }
        )
        for t in temperatures
    ]
    chart(
        results,
        f"{page}.bars",
        charts.chances,
        pd.concat(frames, ignore_index=True),
        about=about,
        variants=[f"T = {t:g}" for t in temperatures],
        stretch=True,
        width=2 * WIDTH,
        log=log,
    )


def spoken(logits_C: np.ndarray, names: list[str], temperatures: list[float]) -> str:
    """The probabilities of the two most likely classes at the lowest and the highest temperature, in words."""
    first, second = np.argsort(-logits_C, kind="stable")[:2]
    low, high = (lab.softened(logits_C, temperature) for temperature in (temperatures[0], temperatures[-1]))
    told = (
        f"At T = {temperatures[0]:g} it gives {low[first]:.1%} to {quoted(names[first])} and {low[second]:.1%} to {quoted(names[second])}"
    )
    if len(temperatures) == 1:
        return f"{told}."
    return f"{told}; at T = {temperatures[-1]:g}, {high[first]:.1%} and {high[second]:.1%}."
