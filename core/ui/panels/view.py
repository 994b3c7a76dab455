"""How results are looked at: which metric, along what, and what is drawn of it. All in the URL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import streamlit as st
from pandas import DataFrame

from core.analysis.statistics import IN_WORDS, At
from core.charts.titles import OF_TRAINING, Axis, is_regression
from core.ui.live import Results
from core.ui.panels.words import sample

CLASSIFICATION = ("val_loss", "val_accuracy", "val_f1", "train_loss_eval", "train_accuracy", "train_loss")
REGRESSION = ("val_loss", "val_r2", "train_loss_eval", "train_r2", "train_loss")

AXES: dict[str, Axis] = {"updates": "step", "epochs": "epoch", "examples": "samples", "seconds": "seconds"}
AXES_HELP = "Updates: steps of the optimizer. Examples: how many were shown, over all epochs. Seconds: of training, measuring not counted."

LOG_Y, TRAINING, SEEDS, ROBUST = "log y", "training", "single seeds", "usual range"
SHOW_HELP = (
    "log y: logarithmic y axis. training: the same metric on the training data, dashed. single seeds: each run as a faint line. "
    "usual range: the axis covers where most values lie; how many lie beyond is said above the chart."
)


@dataclass(frozen=True)
class View:
    """What the controls say."""

    metric: str = "val_loss"
    at: At = "last"
    x: Axis = "epoch"
    log_y: bool = False
    with_train: bool = True
    with_seeds: bool = True
    focus: bool = True


def controls(page: str, results: Results, shown_first: Sequence[str] = (TRAINING, SEEDS, ROBUST)) -> View:
    """Draws the controls in a row and returns what they say; their keys begin with `page`, and `shown_first` is what is shown at first."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        metric, at = measure(page, results)
        axis = st.segmented_control(
            "Along", list(AXES), default="epochs", required=True, key=f"{page}.x", bind="query-params", help=AXES_HELP
        )
        shown = st.pills(
            "Show",
            (LOG_Y, TRAINING, SEEDS, ROBUST),
            selection_mode="multi",
            default=list(shown_first),
            key=f"{page}.show",
            bind="query-params",
            help=SHOW_HELP,
        )
    return View(metric, at, AXES[axis or "epochs"], LOG_Y in shown, TRAINING in shown, SEEDS in shown, ROBUST in shown)


def measure(page: str, results: Results, begin: str = "val_loss") -> tuple[str, At]:
    """Draws the choice of the metric (`begin` at first, where the runs have it), and of what counts of each run, and returns them."""
    offered = metrics(results)
    named_in_link(f"{page}.metric", offered)
    metric = st.selectbox(
        "Metric",
        offered,
        index=offered.index(begin) if begin in offered else 0,
        format_func=in_words,
        key=f"{page}.metric",
        bind="query-params",
        width=205,
        help="What the verdict, the first chart and the table are about.",
    )
    at = st.segmented_control(
        "Of each run",
        get_args(At),
        default="last",
        required=True,
        key=f"{page}.at",
        bind="query-params",
        help="Compare the runs by their last value, or by the best that each ever reached.",
    )
    return metric, at or "last"  # an empty text in the URL gives None


def named_in_link(key: str, offered: Sequence[str]) -> None:
    """Before a bound widget that shows metrics in words: lets a link name one as the tables do, such as `val_accuracy`.

    Streamlit writes the words into the URL ("Validation accuracy") and reads nothing else from it, so the name is replaced by them there.
    The widget takes it from the URL when the page is run again.
    """
    given = st.query_params.get(key)
    if given is not None and given in offered and key not in st.session_state:
        st.query_params[key] = in_words(given)
        st.rerun()


def metrics(results: Results) -> list[str]:
    """The metrics that the comparison's runs can have, validation first if any run has validation data."""
    tasks: set[str] = {run.data.task for run in results.comparison.runs()}
    if "auto" in tasks:
        tasks = results.once("tasks", lambda: _measured_tasks(results.history))
    validated = any(run.data.validation_fraction > 0 for run in results.comparison.runs())
    names = dict.fromkeys((CLASSIFICATION if "classification" in tasks else ()) + (REGRESSION if "regression" in tasks else ()))
    trained = any(run.training.evaluate_train != "none" for run in results.comparison.runs())
    return [name for name in names if (validated or not name.startswith("val_")) and (trained or name not in OF_TRAINING)]


def _measured_tasks(history: DataFrame) -> set[str]:
    """What the runs turned out to be, for a table whose target decides; both where no score has been measured that would tell."""
    scored = bool(history[["train_accuracy", "val_accuracy"]].notna().to_numpy().any())
    found = {"classification": scored, "regression": is_regression(history)}
    return {task for task, there in found.items() if there} or set(found)


def in_words(metric: str) -> str:
    """`Validation loss`."""
    words = IN_WORDS[metric].replace("R2", "R²")
    return f"{words[0].upper()}{words[1:]}"


def named(results: Results, metric: str) -> str:
    """`Training accuracy (1,000 examples)`: in words, and on how many training examples where that is not all of them."""
    said = sample(results) if metric in OF_TRAINING else ""
    return f"{in_words(metric)} ({said})" if said else in_words(metric)
