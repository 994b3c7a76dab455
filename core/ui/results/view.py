"""How results are shown: which metric, along which axis, and with which lines. All choices are in the URL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import streamlit as st

from core.analysis import metrics as table
from core.analysis.metrics import OF_TRAINING, Task
from core.analysis.statistics import At
from core.charts.parts.titles import Axis
from core.ui.form.picking import segmented_control
from core.ui.results.live import Results
from core.ui.results.words import sample

AXES: dict[str, Axis] = {"updates": "step", "epochs": "epoch", "examples": "samples", "seconds": "seconds"}
AXES_HELP = (
    "Updates: number of changes of the weights by the optimizer. Examples: number of examples seen, over all epochs. Seconds: training "
    "time without evaluations."
)

LOG_Y, TRAINING, SEEDS, ROBUST = "log y", "training", "single seeds", "usual range"
SHOW_HELP = (
    "log y: logarithmic y axis. training: the same metric on the training data, dashed. single seeds: each run as a faint line. "
    "usual range: the axis covers most values; the number of values outside is given above the chart."
)


@dataclass(frozen=True)
class View:
    """The values of the controls."""

    metric: str = "val_loss"
    at: At = "last"
    x: Axis = "epoch"
    log_y: bool = False
    with_train: bool = True
    with_seeds: bool = True
    focus: bool = True


def controls(page: str, results: Results, shown_first: Sequence[str] = (TRAINING, SEEDS, ROBUST)) -> View:
    """Draws the controls in a row and returns their values; their keys begin with `page`, and `shown_first` is shown at first."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        metric, at = measure(page, results)
        axis = segmented_control("Along", list(AXES), "epochs", key=f"{page}.x", help=AXES_HELP)
        shown = st.pills(
            "Show",
            (LOG_Y, TRAINING, SEEDS, ROBUST),
            selection_mode="multi",
            default=list(shown_first),
            key=f"{page}.show",
            bind="query-params",
            help=SHOW_HELP,
        )
    return View(metric, at, AXES[axis], LOG_Y in shown, TRAINING in shown, SEEDS in shown, ROBUST in shown)


def measure(page: str, results: Results, begin: str = "val_loss") -> tuple[str, At]:
    """Draws the choices of the metric (at first `begin`, if the runs have it) and of the value that counts for each run; returns both."""
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
        help="The metric of the first chart, the table and the sentence above them; some pages say accuracy there instead of loss.",
    )
    at = segmented_control(
        "Of each run",
        get_args(At),
        "last",
        key=f"{page}.at",
        help="Compares the runs by their last value, or by the best value that each one reached.",
    )
    return metric, at


def named_in_link(key: str, offered: Sequence[str]) -> None:
    """Called before a bound widget that shows metrics in words; lets a link name a metric as the tables do, such as `val_accuracy`.

    Streamlit writes the words into the URL ("Validation accuracy") and reads only those. So the name in the URL is replaced by the words,
    and the widget reads them when the page runs again.
    """
    given = st.query_params.get(key)
    if given is not None and given in offered and key not in st.session_state:
        st.query_params[key] = in_words(given)
        st.rerun()


def metrics(results: Results) -> list[str]:
    """The metrics that the comparison's runs can have, validation first if any run has validation data."""
    told = {run.data.task for run in results.comparison.runs()}
    tasks: set[Task] = {task for task in table.BOTH if task in told}
    if "auto" in told:  # if the target of a table decides the task: both tasks' metrics before the first run is measured
        tasks = results.once("tasks", lambda: table.tasks_of(results.history)) or set(table.BOTH)
    validated = any(run.data.validation_fraction > 0 for run in results.comparison.runs())
    trained = any(run.training.evaluate_train != "none" for run in results.comparison.runs())
    return [name for name in table.of_tasks(tasks, validated=validated) if trained or name not in OF_TRAINING]


def loss_unit(results: Results) -> str:
    """The unit of the results' losses, for titles."""
    return results.once("unit of the loss", lambda: table.loss_unit(results.history))


def in_words(metric: str) -> str:
    """`Validation loss`."""
    return table.heading(metric)


def column(metric: str, loss: str, **more: Any) -> Any:
    """A table column of numbers with the metric's title, format and help.

    `loss` is the unit of losses, from `loss_unit`. `more` is passed to Streamlit and takes precedence.
    """
    row = table.find(metric)
    form = row.form if row else ".4g"
    given = {"label": in_words(metric), "format": "localized" if form == table.COUNT else f"%{form}", "help": table.about(metric, loss)}
    return st.column_config.NumberColumn(**(given | more))


def named(results: Results, metric: str) -> str:
    """`Training accuracy (1,000 examples)`: the metric in words, with the number of training examples if not all are evaluated."""
    said = sample(results) if metric in OF_TRAINING else ""
    return f"{in_words(metric)} ({said})" if said else in_words(metric)
