"""Train mode against eval mode, for the normalizations of the page's comparison; and batch norm's running averages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st
from pandas import DataFrame

from core.charts import normalization as charts
from core.charts.parts.palette import COLOURS
from core.choices.models.base import LayeredChoice
from core.choices.normalizations import BatchNorm
from core.comparison import Comparison
from core.experiments.batch_sizes import sizes
from core.runs.computing.executors import on_one_thread
from core.settings import RunSettings
from core.ui import service
from core.ui.form.picking import segmented_control
from core.ui.markdown import escaped
from core.ui.results import table
from core.ui.results.drawing import WIDTH, figure

if TYPE_CHECKING:
    from core.labs.networks.norm_modes import Modes

MOST_WARM_UP, BATCHES = 100, 60
MOST_COLUMNS, SIDE = 5, 170
RUNNING_SIZES = (2, 16, 128)
TRAINED, INITIAL = "trained", "initial"
WEIGHTS_HELP = "trained: the networks of the first seed at the end of training, if they are stored. initial: before training."


def introduction() -> None:
    """What the two modes are, and what to look at."""
    st.markdown(
        "In train mode batch norm uses the mean and variance of the current batch; in eval mode it uses running averages over past "
        "batches, "
        "since a single example has no batch. **What to look at:** on the dashed line both modes agree. All other norms lie on it "
        "exactly; batch norm does not, and with small batches it is far off, since two examples say little about the whole data set."
    )


def draw(page: str, comparison: Comparison, names: Mapping[str, str]) -> None:
    """Both modes of each normalization's network at one batch size, and how the running averages converge.

    Args:
        page: prefix of the keys.
        comparison: the comparison whose runs of the first seed are shown.
        names: the names of the variants here.
    """
    offered = sizes(comparison)
    if not offered:
        st.info("No variant here has a numeric batch size. Set training.batch_size to a number in the sidebar.")
        return
    size, trained, warm_up = _controls(page, offered)
    runs = {names.get(name, name): run for name, run in at_size(comparison, size).items()}
    if not runs:
        st.info("No variant here has a normalization at this batch size. Choose an mlp or a convnet in the sidebar.")
        return
    stored = {name: trained and service.store().weights(run.key) is not None for name, run in runs.items()}
    found = {name: _modes(run, service.store().url, stored[name], 0 if stored[name] else warm_up) for name, run in runs.items()}
    if trained and not all(stored.values()):
        missing = escaped(", ".join(name for name in runs if not stored[name]))
        st.caption(f"Not trained here yet, so shown with initial weights: {missing}. Run the comparison in the first tab.")
    outputs = pd.concat([part.outputs.assign(variant=name) for name, part in found.items()], ignore_index=True)
    _pictures(page, outputs, list(found))
    _table(page, found, stored)
    table.csv_button(f"{page}.modes_csv", "modes.csv", outputs, "One row per output: both modes.")
    _running(page, runs, stored, trained=trained)


def _pictures(page: str, outputs: DataFrame, names: list[str]) -> None:
    grid = st.grid(min(len(names), MOST_COLUMNS), min_column_width=SIDE, gap="small")
    for number, name in enumerate(names):
        with grid.cell():
            st.markdown(f"**{escaped(name)}**")
            figure(f"{page}.modes.{number}", charts.modes(outputs, variants=names, variant=name, width=SIDE), stretch=True)


def at_size(comparison: Comparison, size: int) -> dict[str, RunSettings]:
    """The first seed's run of each variant with that batch size whose network can have a normalization (also none), at most 8."""
    first = dict(reversed(comparison.members))
    runs = {name: first[name] for name in comparison.names}
    fitting = {name: run for name, run in runs.items() if run.training.batch_size == size and isinstance(run.model, LayeredChoice)}
    return dict(list(fitting.items())[: len(COLOURS)])


def _controls(page: str, offered: list[int]) -> tuple[int, bool, int]:
    """The batch size, whether trained weights are used, and how many batches pass first if the weights are initial."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        size = st.selectbox("Batches of", [f"{size}" for size in offered], key=f"{page}.modes_size", bind="query-params", width=150)
        weights = segmented_control("Weights", (TRAINED, INITIAL), TRAINED, key=f"{page}.modes_weights", help=WEIGHTS_HELP)
        warm_up = st.slider(
            "Batches seen before",
            0,
            MOST_WARM_UP,
            5,
            key=f"{page}.warm_up",
            bind="query-params",
            width=220,
            help="With initial weights: number of batches that first pass in train mode. They change only the running averages.",
        )
    return int(size), weights != INITIAL, int(warm_up)


def _table(page: str, found: Mapping[str, Modes], stored: Mapping[str, bool]) -> None:
    rows = [{"variant": name, "weights": TRAINED if stored[name] else INITIAL, **_scores(part)} for name, part in found.items()]
    number = st.column_config.NumberColumn
    columns: dict[str, Any] = {
        "variant": st.column_config.TextColumn("Normalization", pinned=True),
        "weights": st.column_config.TextColumn("Weights"),
        "largest": number("Largest difference", format="%.3g", help="Largest difference of any output between the two modes."),
        "typical": number(
            "Typical difference",
            format="%.3g",
            help="Root mean square difference, divided by the standard deviation of the outputs in eval mode.",
        ),
        "disagree": number("Other class", format="percent", help="Share of the examples to which the two modes give different classes."),
        "train": number("Right in train mode", format="percent", help="Share of these training examples that are classified correctly."),
        "evaluation": number("Right in eval mode", format="percent", help="Share of the same examples that are classified correctly."),
    }
    frame = DataFrame(rows).dropna(axis="columns", how="all")
    st.dataframe(
        frame,
        key=f"{page}.modes_table",
        hide_index=True,
        column_config=columns,
        placeholder="–",
        alt="Both modes of each normalization's network",
    )
    examples = len(next(iter(found.values())).outputs.drop_duplicates("example"))
    st.caption(f"{examples} training examples, in the same batches in both modes. Dropout, which also differs between the modes, is off.")


def _scores(part: Modes) -> dict[str, float]:
    return {name: getattr(part, name) for name in ("largest", "typical", "disagree", "train", "evaluation")}


def _running(page: str, runs: Mapping[str, RunSettings], stored: Mapping[str, bool], *, trained: bool) -> None:
    """How the running averages of the first hidden layer approach those of the whole training set."""
    name, run = with_batch_norm(runs)
    if run is None:
        return
    st.subheader("How the running averages come about", anchor=False)
    momentum = run.model.normalization.momentum  # type: ignore[union-attr]
    st.markdown(
        f"`running ← (1 − m) · running + m · batch`, m = {momentum:g}, from mean 0 and variance 1. **What to look at:** first the start "
        "is forgotten, by a factor (1 − m) per batch, whatever the batch size. Then only the noise of the batches is left; it is larger "
        "for "
        "smaller batches. The weights are fixed here; in training they move, and the averages lag behind."
    )
    frame = _followed(run, service.store().url, trained and stored.get(name, False), RUNNING_SIZES)
    frame = frame.assign(variant="batches of " + frame["size"].astype(str))
    names = list(dict.fromkeys(frame["variant"]))
    shown = {"mean": "error of the mean (standard deviations)", "variance": "relative error of the variance"}
    grid = st.grid(2, min_column_width=WIDTH, gap="medium")
    for column, title in shown.items():
        with grid.cell():
            made = charts.running(frame, variants=names, column=column, title=title, expected=f"expected_{column}")
            figure(f"{page}.running.{column}", made, stretch=True)
    table.csv_button(f"{page}.running_csv", "running.csv", frame.drop(columns="variant"), "One row per batch.")


def with_batch_norm(runs: Mapping[str, RunSettings]) -> tuple[str, RunSettings | None]:
    """The first run with batch norm; else the first run of all, with its normalization replaced by batch norm, and without a name; None if
    its network does not allow it.
    """
    for name, run in runs.items():
        if isinstance(getattr(run.model, "normalization", None), BatchNorm):
            return name, run
    first = next(iter(runs.values()))
    values = first.model_dump()
    try:
        return "", RunSettings.model_validate(values | {"model": values["model"] | {"normalization": {"kind": "batch"}}})
    except ValueError:
        return "", None


@st.cache_data(show_spinner="Putting the batches through both modes", max_entries=64, hash_funcs={RunSettings: lambda run: run.key})
def _modes(run: RunSettings, url: str, trained: bool, warm_up: int) -> Modes:
    from core.labs.networks import norm_modes  # which imports torch

    return on_one_thread(norm_modes.compare_modes, run, service.store().weights(run.key) if trained else None, warm_up)


@st.cache_data(show_spinner="Following the running averages", max_entries=16, hash_funcs={RunSettings: lambda run: run.key})
def _followed(run: RunSettings, url: str, trained: bool, numbers: tuple[int, ...]) -> DataFrame:
    from core.labs.networks import norm_modes

    return on_one_thread(norm_modes.running_averages, run, numbers, BATCHES, service.store().weights(run.key) if trained else None)
